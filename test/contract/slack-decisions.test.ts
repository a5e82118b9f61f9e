import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Run } from '../../src/onboarding/run.ts';
import { createRedisStore } from '../../src/store/redis.ts';
import { requester } from '../support/builders.ts';
import { type Front, openFront } from '../support/front.ts';
import { redisAvailable, startRedis, type TestRedis } from '../support/redis.ts';

const approvers = ['U0ANTON', 'U0BERTA', 'U0CILLA', 'U0DORA'] as const;
const other = 'U0OTHER';
const configuration = `
requesters: { users: [${requester}] }
approval: { approvers: { users: [${requester}, ${approvers.join(', ')}] } }
names: { vault: "kv-{cluster}-{stage}" }
gitops: { repository: harbour/clusters }
stages:
  one: { approval: { required: 1 } }
  two: { approval: { required: 2 } }
clusters: { eu: }
`;
const people = [requester, ...approvers, other];
const rounds = 1_000;
const seed = 20_261_125;

type Press = { by: string; action: 'approve' | 'decline' };

/** Whatever their order, these decide: two approve, one declines, and five clicks are repeated, contrary or without a right. */
const [anton, berta, cilla, dora] = approvers;
const certain: Press[] = [
  { by: anton, action: 'approve' },
  { by: berta, action: 'approve' },
  { by: cilla, action: 'decline' },
];
const press = fc.record({
  by: fc.constantFrom(anton, berta, dora, requester, other),
  action: fc.constantFrom('approve' as const, 'decline' as const),
});
const eightClicks = fc
  .array(press, { minLength: 5, maxLength: 5 })
  .chain(more => fc.shuffledSubarray([...certain, ...more], { minLength: 8 }));

/** The modal in which somebody declines. */
const declined = {
  callback_id: 'decline-because',
  blocks: [{ type: 'input', block_id: 'reason' }],
  state: { values: { reason: { reason: { value: 'No.' } } } },
};
const isLate = (text: string): boolean => text.includes('did not answer in time');

/** What is wrong with how a round ended, told from the rules alone. */
function faultsOf({ gates: [gate, ...more], request }: Run, kinds: string[], ticks: number): string[] {
  const { required } = request.target.approval;
  const votes = gate?.votes ?? [];
  const by = votes.map(vote => vote.by);
  const refusals = votes.filter(({ verdict }) => verdict === 'decline').length;
  const approvals = votes.length - refusals;
  const claims = {
    'more than one request': more.length > 0,
    'not decided': gate?.state !== 'approved' && gate?.state !== 'declined',
    'somebody counts twice': new Set(by).size < by.length,
    'somebody without a right counts': by.includes(requester) || by.includes(other),
    'approved by another number': gate?.state === 'approved' && (approvals !== required || refusals > 0),
    'declined by another number': gate?.state === 'declined' && (refusals !== 1 || approvals >= required),
    'decided on after the end': votes.slice(0, -1).some(({ verdict }) => verdict === 'decline'),
    'not one closing line': kinds.filter(kind => kind === gate?.state).length !== 1,
    'a line too much or too few': kinds.length !== votes.length,
    'not woken once': ticks !== 1,
  };
  return Object.entries(claims).flatMap(([claim, holds]) => (holds ? [claim] : []));
}

describe.skipIf(!redisAvailable)('eight people who decide at once, through two bots', () => {
  let redis: TestRedis;
  let front: Front;

  beforeAll(async () => {
    redis = await startRedis();
    // Connections without a time limit: what is tested is what happens at once, however slow the machine.
    const connections = [new Redis(redis.url), new Redis(redis.url)];
    front = await openFront({
      configuration,
      workspace: {
        users: people.map(id => ({ id, name: id.toLowerCase() })),
        channels: [{ id: 'C0PLATFORM', name: 'platform' }],
      },
      stores: connections.map(connection => createRedisStore(connection, { allowVolatile: true })),
    });
  });
  afterAll(async () => {
    await front.close();
    await redis.stop();
  });

  const heard = (by: string): string[] => front.slack.ephemerals(by).map(({ text }) => text);

  /** Presses all at once; answers who was told that the records were too slow, as on a machine that has much to do. */
  async function pressAll(
    clicks: readonly Press[],
    button: { channel: string; ts: string },
    claim: string,
  ): Promise<Press[]> {
    const { slack } = front;
    const before = people.map(user => heard(user).length);
    const told = (): number => people.reduce((sum, user) => sum + heard(user).length, 0);
    const decisions = clicks.map(async ({ by, action }) =>
      action === 'approve'
        ? await slack.click(by, button, action).then(() => undefined)
        : await slack.forgeSubmission(by, { ...declined, private_metadata: claim }),
    );
    const start = told();
    // Whoever declines hears in the modal why it does not count.
    const inModals = (await Promise.all(decisions)).map(response => JSON.stringify(response ?? ''));
    const awaited = start + inModals.filter(said => !said.includes('response_action')).length;
    await vi.waitFor(() => expect(told()).toBe(awaited), { timeout: 60_000, interval: 5 });
    const late = people.filter((user, index) => heard(user).slice(before[index]).some(isLate));
    return clicks.filter(({ by }, index) => late.includes(by) || isLate(inModals[index] ?? ''));
  }

  async function round(clicks: readonly Press[], stage: string): Promise<string[]> {
    const { slack, records, ticks } = front;
    slack.reset();
    const { run, button } = await front.asked({ cluster: 'eu', stage, channel: 'C0PLATFORM', by: requester });
    ticks.length = 0;
    const claim = JSON.stringify({ run: run.id, digest: run.gates[0]?.digest });
    for (let left: readonly Press[] = clicks; left.length > 0; ) left = await pressAll(left, button, claim);

    const history = await records.history(run.id);
    const kinds = history.flatMap(({ kind, by }) => (by !== undefined && kind !== 'requested' ? [kind] : []));
    const after = await records.get(run.id);
    if (after === undefined) throw new Error('the run is gone');
    const faults = faultsOf(after, kinds, ticks.length);
    await records.change(run.id, now => ({ next: { ...now, due: null }, kind: 'over' }));
    return faults;
  }

  it(`come to one decision, one wake and one closing line, ${rounds} times over`, async () => {
    const wrong: Record<string, string[]> = {};
    for (const [index, clicks] of fc.sample(eightClicks, { seed, numRuns: rounds }).entries()) {
      const faults = await round(clicks, index % 2 === 0 ? 'one' : 'two');
      if (faults.length > 0) wrong[`round ${index} of seed ${seed}`] = faults;
    }
    expect(wrong).toEqual({});
    const refusedBy = new Set(
      front.lines.filter(({ message }) => message === 'refused').map(({ bot }) => bot),
    );
    expect(refusedBy).toEqual(new Set([0, 1]));
  }, 600_000);
});
