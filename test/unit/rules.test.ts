import { describe, expect, it } from 'vitest';
import { parseFleet } from '../../src/config.ts';
import { resolveTarget, rightsAt } from '../../src/onboarding/fleet.ts';
import { type People, rightToRequest } from '../../src/onboarding/policy.ts';
import {
  grantedAt,
  mayApproveSomething,
  mayOnboardSomething,
  rightToOnboardSomething,
  ruleFor,
} from '../../src/onboarding/rules.ts';

const fleet = parseFleet(
  `
requesters: { users: [U1], groups: [S1] }
approval: { approvers: { users: [U2], groups: [S2] } }
names: { vault: "kv-{cluster}-{stage}" }
gitops: { repository: harbour/clusters }
stages: { dev: , prod: { requesters: { users: [U3] } } }
clusters: { payments-eu: , billing-eu: { requesters: { users: [U4] } } }
`,
  'holt.yaml',
);

const members: Readonly<Record<string, string[]>> = { S1: ['UA', 'UG'], S2: ['UA'] };
const people: People = {
  members: group => new Set(members[group]),
  standing: user => (user === 'UG' ? 'outsider' : user === 'UN' ? 'unknown' : 'colleague'),
};
const rule = (question: Parameters<typeof ruleFor>[1], user: string, stage = 'dev') =>
  ruleFor(resolveTarget(fleet, 'payments-eu', stage), question, user, people);

const granted = (user: string) => grantedAt(fleet, target => rightToRequest(target, user, people));

describe('the rule that gives a right', () => {
  it.each([
    ['onboard', 'U1', { list: 'requesters' }],
    ['onboard', 'UA', { list: 'requesters', group: 'S1' }],
    ['onboard', 'U2', undefined],
    ['approve', 'U2', { list: 'approval.approvers' }],
    ['approve', 'UA', { list: 'approval.approvers', group: 'S2' }],
    ['approve', 'U1', undefined],
    ['plan', 'U1', { list: 'requesters' }],
    ['plan', 'U2', { list: 'approval.approvers' }],
    ['plan', 'U9', undefined],
    ['retry', 'U1', { list: 'requesters' }],
    ['cancel', 'U2', { list: 'approval.approvers' }],
    ['cancel', 'U9', undefined],
    ['status', 'U9', 'everybody'],
    ['list', 'U9', 'everybody'],
  ] as const)('to %s of %s is %j', (question, user, expected) => {
    expect(rule(question, user)).toEqual(expected);
  });

  it('comes from the same lists, whether one cluster is asked about or all of them', () => {
    for (const cluster of ['payments-eu', 'billing-eu'])
      for (const stage of ['dev', 'prod']) {
        const { requesters, approval } = resolveTarget(fleet, cluster, stage);
        expect(rightsAt(fleet, cluster, stage)).toEqual({
          requesters,
          approval: { approvers: approval.approvers },
        });
      }
  });

  it('is that of the stage', () => {
    expect(rule('onboard', 'U1', 'prod')).toBeUndefined();
    expect(rule('onboard', 'U3', 'prod')).toEqual({ list: 'requesters' });
  });

  it('is counted for each stage over the clusters, for those who have rights at all', () => {
    expect(granted('U1')).toEqual([
      { stage: 'dev', clusters: 1, all: 2 },
      { stage: 'prod', clusters: 0, all: 2 },
    ]);
    expect(granted('UG').map(({ clusters }) => clusters)).toEqual([0, 0]);
    expect(['U1', 'U4', 'UA', 'UG', 'U2'].map(user => mayOnboardSomething(fleet, user, people))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['U1', 'granted'],
    ['U4', 'granted'],
    ['UG', 'outsider'],
    ['U9', 'unlisted'],
  ])('to onboard anything at all is the best that somebody has: %s %s', (user, right) => {
    expect(rightToOnboardSomething(fleet, user, people)).toBe(right);
  });

  it.each([
    ['UA', true],
    ['U1', false],
    ['UG', false],
  ])('to approve anything at all: %s %s', (user, may) => {
    expect(mayApproveSomething(fleet, user, people)).toBe(may);
  });

  it('holds where every name may be onboarded as well', () => {
    const open = { ...fleet, clusters: 'any' as const };
    expect(['U1', 'U9'].map(user => mayOnboardSomething(open, user, people))).toEqual([true, false]);
  });
});
