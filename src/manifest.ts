import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { exitOnFailedStart } from './config.ts';
import { manifestForHttp } from './slack/manifest.ts';

const { values } = parseArgs({ options: { url: { type: 'string', default: '' } } });
try {
  process.stdout.write(manifestForHttp(await readFile('manifest.yml', 'utf8'), values.url));
} catch (error) {
  exitOnFailedStart(error);
}
