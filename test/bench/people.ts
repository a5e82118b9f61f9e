import { setTimeout as sleep } from 'node:timers/promises';
import { roleOf } from '../../src/sandbox/story.ts';
import { type Ground, type GroundOptions, openGround, pullsIn, until } from './ground.ts';

/**
 * From the first command until every pull request is there and everybody is invited, on a ground of its own; in milliseconds.
 * `before` is what has gone on until then.
 */
export async function onboardAnew(
  options: GroundOptions,
  before: (ground: Ground) => Promise<void> = async () => undefined,
): Promise<number> {
  const ground = await openGround(options);
  try {
    await ground.open();
    await before(ground);
    return await onboardAll(ground);
  } finally {
    await ground.close();
  }
}

/** Has the processes sign in to all systems, as those in service have: they read what one onboarding would do. Makes nothing. */
export async function signInEverywhere({ sandbox, clusters, people }: Ground): Promise<void> {
  const { slack, channel } = sandbox;
  const [person = '', first = ''] = [people[0], clusters[0]];
  await slack.command(person, channel, '/otterize', `plan ${first} prod`);
  const told = () => slack.ephemerals(person).map(each => slack.renderText(each));
  await until(() => told().find(text => text.startsWith('What onboarding')), 'a plan');
}

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

/** One command for all of them, and a press on Start as soon as it is shown what would begin. */
async function command({ sandbox: { slack, channel }, clusters, people }: Ground): Promise<void> {
  const [person = ''] = people;
  const what = clusters.length === 1 ? clusters[0] : '--all';
  const { acknowledged, ephemerals } = await slack.command(
    person,
    channel,
    '/otterize',
    `onboard ${what} prod`,
  );
  if (!acknowledged) throw new Error('the command was not taken');
  const [shown] = ephemerals;
  if (clusters.length === 1 || shown === undefined) return;
  const { acknowledged: begun } = await slack.click(
    person,
    { channel: shown.channel, ts: shown.ts },
    'start',
  );
  if (!begun) throw new Error('Start was not taken');
}

/** The one whose address the configuration has, and the two members of the group who may be invited. */
const invitedEach = 3;

function isDone(ground: Ground): boolean {
  const { clusters, sandbox } = ground;
  const invited = sandbox.otterize.state.invites.length;
  return invited >= clusters.length * invitedEach && pullsIn(ground) > 0;
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
