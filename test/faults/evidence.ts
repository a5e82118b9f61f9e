import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lane } from './lane.ts';

/** Keeps what a failure can be studied by: logs, calls, messages and records. Answers the folder. */
export async function keepEvidence(
  { sandbox, stdout, stderr, records }: Lane,
  seed: number,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `holt-soak-${seed}-`));
  const { slack, channel, otterize, calls } = sandbox;
  const opened = await records();
  const runs = (await opened.records.recent(10_000)).filter(run => run !== 'newer');
  const histories = await Promise.all(
    runs.map(async run => ({ run, history: await opened.records.history(run.id) })),
  );
  await opened.close();
  const texts = {
    'processes.log': stdout(),
    'processes.err': stderr(),
    'calls.json': linesOf(calls()),
    'messages.json': linesOf(slack.messages(channel)),
    'runs.json': linesOf(histories),
    'organizations.json': linesOf(otterize.state.organizations),
  };
  await Promise.all(Object.entries(texts).map(([name, text]) => writeFile(join(folder, name), text)));
  return folder;
}

const linesOf = (all: readonly unknown[]): string => all.map(each => JSON.stringify(each)).join('\n');
