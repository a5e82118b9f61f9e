import { setTimeout as sleep } from 'node:timers/promises';
import { roleOf } from '../../src/sandbox/story.ts';
import { type Ground, pullOf, until } from './ground.ts';

/** Has all clusters onboarded and everything that is asked approved at once; answers how many milliseconds that took. */
export async function onboardAll(ground: Ground): Promise<number> {
  const began = performance.now();
  const over = new AbortController();
  const approving = approveAll(ground, over.signal);
  await command(ground);
  await Promise.race([until(() => (isDone(ground) ? true : undefined), 'all clusters'), approving]);
  const ms = performance.now() - began;
  over.abort();
  await approving;
  return ms;
}

/** Each cluster by a command of its own, by several people. */
async function command({ sandbox, clusters, people }: Ground): Promise<void> {
  const { slack, channel } = sandbox;
  const typed = await Promise.all(
    clusters.map((cluster, index) =>
      slack.command(people[index % people.length] ?? '', channel, '/otterize', `onboard ${cluster} prod`),
    ),
  );
  if (!typed.every(({ acknowledged }) => acknowledged)) throw new Error('a command was not taken');
}

/** The one whose address the configuration has, and the two members of the group who may be invited. */
const invitedEach = 3;

function isDone(ground: Ground): boolean {
  const { clusters, sandbox } = ground;
  return (
    sandbox.otterize.state.invites.length >= clusters.length * invitedEach &&
    clusters.every(cluster => pullOf(ground, cluster) !== undefined)
  );
}

const lookEveryMs = 20;

/** Somebody who agrees to whatever is asked, at once. */
async function approveAll({ sandbox }: Ground, over: AbortSignal): Promise<void> {
  const { slack, approver } = sandbox;
  const clicked = new Set<string>();
  while (!over.aborted) {
    const asked = slack
      .messages()
      .filter(message => roleOf(message).startsWith('approval') && !clicked.has(message.ts))
      .filter(({ blocks = [] }) => JSON.stringify(blocks).includes('"approve"'));
    for (const { channel, ts } of asked) {
      clicked.add(ts);
      await slack.click(approver, { channel, ts }, 'approve');
    }
    await sleep(lookEveryMs);
  }
}
