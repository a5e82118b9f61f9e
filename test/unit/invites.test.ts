import { describe, expect, it } from 'vitest';
import { decide } from '../../src/onboarding/approvals.ts';
import { type Changed, introduce, type Run, retry } from '../../src/onboarding/run.ts';
import { approver, request } from '../support/builders.ts';
import {
  advanced,
  anna,
  ben,
  decided,
  engineHouse as house,
  inviting,
  onboarded,
  useEngineHouse,
} from '../support/engine-house.ts';
import { failure } from '../support/world.ts';

useEngineHouse();

const invited = (): string[] => house.world.mutating().filter(call => call.startsWith('invite'));
const swapped =
  (change: Partial<Run['facts']>) =>
  (run: Run): Changed => ({ next: { ...run, facts: { ...run.facts, ...change } }, kind: 'tampered' });

/** An approval is void and another one is asked for, and after that exactly those are invited. */
async function askedAnew(asked: Run): Promise<void> {
  expect(asked.gates.map(({ state }) => state)).toEqual(['void', 'open']);
  expect(asked.gates[1]?.digest).not.toBe(asked.gates[0]?.digest);
  expect([asked.status, asked.facts.invites]).toEqual(['waiting', undefined]);
  expect((await house.records.history(asked.id)).filter(({ kind }) => kind === 'asked')).toHaveLength(2);
  const done = await decided(asked);
  const sent = done.facts.invites?.sent.map(({ address }) => address);
  expect(sent).toEqual(asked.gates[1]?.addresses);
}

describe('invites', () => {
  it('wait for the approval while the pull request does not', async () => {
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    expect(run.status).toBe('waiting');
    expect(run.facts.pullRequest?.state).toBe('open');
    expect(invited()).toEqual([]);
    const done = await decided(run);
    expect(done.status).toBe('done');
    expect(done.facts.invites?.sent).toMatchObject([
      { address: 'anna.meyer@harbour.example', status: 'PENDING' },
    ]);
  });

  it('are not made after a refusal or an expiry', async () => {
    const declined = await decided(await onboarded(inviting('anna.meyer@harbour.example')), 'decline');
    expect([declined.status, declined.facts.approval?.verdict]).toEqual(['done', 'declined']);
    const run = await onboarded(inviting('anna.meyer@harbour.example'));
    house.clock += 86_400_000;
    const expired = await advanced(run.id);
    expect([expired.status, expired.facts.approval?.verdict]).toEqual(['done', 'expired']);
    expect(invited()).toEqual([]);
  });

  it('are asked for a second time before the request is over, once', async () => {
    const hour = 3_600_000;
    const approval = { ...request().target.approval, remindBeforeMs: hour };
    const run = await onboarded(request({ invite: { people: [anna.mail ?? ''], groups: [] }, approval }));
    const { deadline = 0 } = run.gates[0] ?? {};
    expect(run.due).toBe(deadline - hour);
    house.clock = deadline - hour;
    const reminded = await advanced(run.id);
    expect(reminded.gates[0]).toMatchObject({ state: 'open', remindedAt: house.clock });
    expect(reminded.due).toBe(deadline);
    house.clock += 1_000;
    await advanced(run.id);
    house.clock = deadline;
    const over = await advanced(run.id);
    expect(over.gates[0]?.state).toBe('expired');
    const kinds = (await house.records.history(run.id)).map(({ kind }) => kind);
    expect(kinds.filter(kind => kind === 'reminded')).toHaveLength(1);
  });

  it('go to those alone whom no approver left out, whatever becomes of the rest', async () => {
    const run = await onboarded(inviting(anna.mail ?? '', ben.mail ?? ''));
    const digest = run.gates.at(-1)?.digest ?? '';
    const vote = { digest, by: approver, verdict: 'approve' as const, right: 'granted' as const };
    await house.records.change(run.id, decide({ ...vote, without: [ben.mail ?? ''] }));
    const done = await advanced(run.id);
    expect(done.status).toBe('done');
    expect(invited()).toEqual([`invite ${anna.mail}`]);
    expect(done.facts.approval).toMatchObject({ verdict: 'approved', without: [ben.mail] });
    expect(done.facts.invites).toMatchObject({ sent: [{ address: anna.mail }], dropped: [] });
  });

  describe('that were approved', () => {
    const group = request({ invite: { people: [], groups: ['g1'] } });
    /** Each thing that an approval covers, changed after it was given. */
    const changes: Readonly<Record<string, (run: Run) => unknown>> = {
      'the organization is another one': run =>
        house.records.change(run.id, swapped({ organization: { id: 'org_other', name: 'x', made: true } })),
      'the environment is another one': run =>
        house.records.change(run.id, swapped({ environment: { id: 'env_other', name: 'prod', made: true } })),
      'somebody joins the group': () => house.world.state.groups.set('g1', [anna, ben]),
      'somebody takes the place of another': () => house.world.state.groups.set('g1', [ben]),
      'somebody’s address becomes another': () =>
        house.world.state.groups.set('g1', [{ ...anna, mail: 'anna.brandt@harbour.example' }]),
      'somebody’s account was disabled and another one’s enabled': () =>
        house.world.state.groups.set('g1', [{ ...anna, enabled: false }, ben]),
    };
    async function askedAndApproved(): Promise<Run> {
      house.world.state.groups.set('g1', [anna]);
      const run = await onboarded(group);
      const digest = run.gates.at(-1)?.digest ?? '';
      const vote = decide({ digest, by: approver, verdict: 'approve', right: 'granted' });
      return (await house.records.change(run.id, vote)).run;
    }
    it.each(Object.entries(changes))(
      'are asked for anew when %s before a worker looks',
      async (_what, change) => {
        const run = await askedAndApproved();
        await change(run);
        const asked = await advanced(run.id);
        expect(invited()).toEqual([]);
        await askedAnew(asked);
      },
    );

    it.each(Object.entries(changes))(
      'are asked for anew when %s while they cannot be sent',
      async (_what, change) => {
        const run = await askedAndApproved();
        // The approval is a fact by now, and the worker was kept from the first invite.
        house.world.faults.set('list invites', { error: failure() });
        const kept = await advanced(run.id);
        expect([kept.facts.approval?.verdict, kept.facts.invites]).toEqual(['approved', undefined]);
        house.clock += 60_000;
        await change(run);
        const asked = await advanced(run.id);
        expect(invited()).toEqual([]);
        await askedAnew(asked);
      },
    );
  });

  it('drop who left the group since', async () => {
    house.world.state.groups.set('g1', [anna, ben]);
    const run = await onboarded(request({ invite: { people: [], groups: ['g1'] } }));
    house.world.state.groups.set('g1', [anna]);
    const done = await decided(run);
    expect(done.facts.invites?.sent.map(({ address }) => address)).toEqual(['anna.meyer@harbour.example']);
    expect(done.facts.invites?.dropped).toEqual(['ben.okafor@harbour.example']);
  });

  it('go to everybody else when one address is refused', async () => {
    const run = await onboarded(inviting('anna.meyer@harbour.example', 'ben.okafor@harbour.example'));
    house.world.faults.set('invite anna.meyer@harbour.example', {
      error: failure({ retryable: false, applied: 'no', status: 422, reason: 'the address is not accepted' }),
    });
    const done = await decided(run);
    expect(done.status).toBe('done');
    expect(done.facts.invites?.sent.map(({ address }) => address)).toEqual(['ben.okafor@harbour.example']);
    expect(done.facts.invites?.failed).toMatchObject([{ address: 'anna.meyer@harbour.example' }]);
  });

  it.each([
    ['what is wrong with no address', { status: 401, applied: 'no' }],
    ['an answer that leaves open whether it was made', { applied: 'unknown' }],
  ] as const)('stop at %s, and go on with Retry', async (_, overrides) => {
    const run = await onboarded(inviting('anna.meyer@harbour.example', 'ben.okafor@harbour.example'));
    const error = failure({ ...overrides, retryable: false });
    house.world.faults.set('invite anna.meyer@harbour.example', {
      error,
      after: overrides.applied === 'unknown',
    });
    const failed = await decided(run);
    expect([failed.status, failed.facts.invites]).toEqual(['failed', undefined]);
    await house.records.change(run.id, retry(approver));
    await advanced(run.id);
    house.clock += 92_000;
    const done = await advanced(run.id);
    expect([done.status, done.facts.invites?.failed]).toEqual(['done', []]);
    expect([...house.world.state.invites.values()].flat()).toHaveLength(2);
  });

  it('skip who is invited or a member already, and ask nobody when nobody remains', async () => {
    const first = await decided(await onboarded(inviting('anna.meyer@harbour.example')));
    house.world.state.members.set(first.facts.organization?.id ?? '', ['ben.okafor@harbour.example']);
    const again = await onboarded(inviting('anna.meyer@harbour.example', 'ben.okafor@harbour.example'));
    expect(again.facts.approval?.verdict).toBe('not-needed');
    expect(again.facts.invitees?.leftOut.map(({ reason }) => reason)).toEqual(['invited', 'member']);
  });

  it('wait for the address of a person whom the command named', async () => {
    const run = await onboarded({ ...request(), named: [{ user: 'U0ANNA' }] });
    expect([run.status, run.facts.invitees]).toEqual(['waiting', undefined]);
    await house.records.change(run.id, introduce({ U0ANNA: 'anna.meyer@harbour.example' }));
    const asked = await advanced(run.id);
    expect(asked.facts.invitees?.people).toMatchObject([{ name: 'Anna Meyer' }]);
  });
});
