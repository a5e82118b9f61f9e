import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bill, billProblems, instructionsOf, type Lock } from './rules.ts';

// Writes sbom.cdx.json as the image has it: by the commands of the Dockerfile's first stage, in a folder with its files.
const instructions = instructionsOf(readFileSync('Dockerfile', 'utf8'));
const first = (wanted: string): string => instructions.find(({ word }) => word === wanted)?.rest ?? '';
const file = 'sbom.cdx.json';
const folder = mkdtempSync(join(tmpdir(), 'holt-sbom-'));

try {
  for (const name of first('COPY').split(' ').slice(0, -1)) copyFileSync(name, join(folder, name));
  const { status } = spawnSync('sh', ['-c', first('RUN')], { cwd: folder, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`the first stage of the Dockerfile ends with ${status}`);
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const bill = read(file) as Bill;
  const problems = billProblems(bill, read('node_modules/.package-lock.json') as Lock);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  copyFileSync(join(folder, file), file);
  console.log(`${file}: ${bill.components.length} packages`);
} finally {
  rmSync(folder, { recursive: true });
}
