import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Sandbox } from './sandbox.ts';
import { onboard } from './story.ts';

/** The selection of all clusters that `withClusters` adds. */
const fleetSelection = 'fleet-*';

/** The configuration with so many more clusters, in the folder; answers the file. */
export async function withClusters(config: string, count: number, folder: string): Promise<string> {
  const document = parseDocument(await readFile(config, 'utf8'));
  const width = String(count).length;
  for (let index = 1; index <= count; index += 1)
    document.setIn(['clusters', `fleet-${String(index).padStart(width, '0')}`], null);
  const file = join(folder, 'fleet.yaml');
  await writeFile(file, String(document));
  return file;
}

/** One rollout, told in the terminal as its message in Slack goes on; answers how it ended. */
export async function tellFleet(
  sandbox: Sandbox,
  stage: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<{ run: string; wallMs: number }> {
  const { slack } = sandbox;
  const told = await onboard(sandbox, fleetSelection, stage, {
    signal,
    patienceMs: 3_600_000,
    preview: message => say(`${slack.renderText(message)}\n`),
    progress: ({ text }) => say(text),
  });
  say('');
  for (const [index, message] of told.thread.entries()) {
    const text = slack.renderText(message);
    say(index === 0 ? `${text}\n` : `${text.replaceAll(/^/gm, '    ')}\n`);
  }
  const calls = Object.groupBy(sandbox.calls(), ({ service }) => service);
  const counts = Object.entries(calls).map(([service, its = []]) => `${service} ${its.length}`);
  say(`Calls: ${counts.join(', ')}; ${(told.wallMs / 1000).toFixed(1)} s`);
  return { run: told.run, wallMs: told.wallMs };
}
