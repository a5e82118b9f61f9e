import * as fc from 'fast-check';
import { type FactName, type Facts, factNames, LeftOutReason } from '../../src/onboarding/facts.ts';
import type { Gate, Run } from '../../src/onboarding/run.ts';
import {
  address,
  approver,
  at,
  factsOf,
  gateOf,
  request,
  requester,
  runOf,
  stepped,
} from '../../src/sandbox/examples.ts';

export { address, at, ended, factsOf, gateOf, runOf, situations } from '../../src/sandbox/examples.ts';

/** What people and services call things, at its worst. */
export const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    '<!channel>',
    '<!here|here>',
    '<@U0VICTIM>',
    '<!subteam^S0ALL>',
    '<https://evil.example|the pull request>',
    'mailto:<script>&lt;!channel&gt;',
    '*bold* _it_ ~no~ `code` ```\nblock```',
    '\u202Egnp.exe\u0000\u0007',
    '👩‍👩‍👧‍👦'.repeat(2000),
    '&'.repeat(5000),
    '|><'.repeat(3000),
    'line\nline\r\n> quote',
  ),
);

/** Some of what people do with a request of that state; an approver leaves somebody out, a refusal says why. */
function votesOf(state: Gate['state'], reason: string, people: number): Gate['votes'] {
  if (state === 'expired') return [];
  if (state === 'declined') return [{ by: approver, verdict: 'decline', at, reason }];
  return people < 2 ? [] : [{ by: approver, verdict: 'approve', at, without: [address(1)] }];
}

/** Any run at all, with hostile names in every place that something foreign can fill. */
export const anyRun: fc.Arbitrary<Run> = fc
  .record({
    text: fc.array(hostile, { minLength: 13, maxLength: 13 }),
    people: fc.integer({ min: 0, max: 200 }),
    left: fc.integer({ min: 0, max: 100 }),
    keep: fc.subarray<FactName>(factNames),
    failing: fc.subarray<FactName>(factNames),
    state: fc.constantFrom<Gate['state'][]>('open', 'approved', 'declined', 'expired', 'void'),
    status: fc.constantFrom<Run['status'][]>('running', 'waiting', 'failed', 'cancelled', 'done'),
    live: fc.boolean(),
    retrying: fc.boolean(),
  })
  .map(({ text, people, left, keep, failing, state, status, live, retrying }) => {
    const say = (index: number): string => text[index % text.length] ?? '';
    const all = factsOf(people);
    const facts: Facts = {
      ...all,
      organization: { ...all.organization, name: say(0) },
      environment: { ...all.environment, name: say(1) },
      invitees: {
        people: all.invitees.people.map((each, index) => ({ ...each, name: say(index) })),
        leftOut: Array.from({ length: left }, (_, index) => ({
          name: say(index),
          reason: LeftOutReason.options[index % LeftOutReason.options.length] ?? 'guest',
        })),
      },
      invites: { ...all.invites, failed: [{ address: say(2), reason: say(3) }], dropped: [say(4)] },
      credentials: { ...all.credentials, vault: say(5) },
      pullRequest: { ...all.pullRequest, url: say(6), files: [say(7)] },
    };
    const error = { code: 'x', text: say(8) };
    return runOf({
      status,
      due: live ? at : null,
      facts: Object.fromEntries(keep.map(name => [name, facts[name]])),
      steps: Object.fromEntries(
        failing.map(name => [name, { ...stepped, error, ...(retrying ? { retryAt: at } : {}) }]),
      ),
      gates: [gateOf({ state, votes: votesOf(state, say(12), people) }, people)],
      retries: [{ by: requester, at, failed: [{ fact: 'environment', text: say(9) }] }],
      request: request({ cluster: say(10), stage: say(11) }),
    });
  });
