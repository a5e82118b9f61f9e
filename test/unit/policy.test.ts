import { describe, expect, it } from 'vitest';
import {
  type People,
  rightToApprove,
  rightToPlan,
  rightToRequest,
  rightToSteer,
  type Standing,
} from '../../src/onboarding/policy.ts';
import type { Who } from '../../src/onboarding/request.ts';
import { newRun, type Run } from '../../src/onboarding/run.ts';
import { request, requester, target } from '../support/builders.ts';

const nobody: Who = { users: [], groups: [] };
const somebody = 'U0SOMEBODY';

/** What is known: who is in the group S0TEAM, and how everybody stands. */
const people = (standing: Standing = 'colleague'): People => ({
  members: group => new Set(group === 'S0TEAM' ? [somebody] : []),
  standing: () => standing,
});

const run = (requesters: Who, approvers: Who): Run =>
  newRun('run-1', request({ requesters, approval: { ...target().approval, approvers } }), 0);

const toPlan = (requesters: Who, approvers: Who, user: string, known: People): string =>
  rightToPlan({ requesters, approval: { ...target().approval, approvers } }, user, known);

/** Each right, given to those who are listed; the other list is empty. */
const rights: readonly [string, (listed: Who, user: string, known: People) => string][] = [
  ['to ask', (listed, user, known) => rightToRequest({ requesters: listed }, user, known)],
  ['to approve', (listed, user, known) => rightToApprove(run(nobody, listed), user, known)],
  ['to plan, as one who may ask', (listed, user, known) => toPlan(listed, nobody, user, known)],
  ['to plan, as an approver', (listed, user, known) => toPlan(nobody, listed, user, known)],
  ['to steer, as one who may ask', (listed, user, known) => rightToSteer(run(listed, nobody), user, known)],
  ['to steer, as an approver', (listed, user, known) => rightToSteer(run(nobody, listed), user, known)],
];

describe.each(rights)('the right %s', (_what, right) => {
  it.each<[string, Who]>([
    ['by id', { users: ['U0ELSE', somebody], groups: [] }],
    ['through a user group', { users: [], groups: ['S0OTHERS', 'S0TEAM'] }],
    ['by id beside a group of others', { users: [somebody], groups: ['S0OTHERS'] }],
  ])('belongs to a colleague who is listed %s', (_how, listed) => {
    expect(right(listed, somebody, people())).toBe('granted');
  });

  it.each<[string, Who]>([
    ['nobody is listed', nobody],
    ['others are', { users: ['U0ELSE'], groups: ['S0OTHERS'] }],
  ])('belongs to no colleague where %s', (_where, listed) => {
    expect(right(listed, somebody, people())).toBe('unlisted');
  });

  it.each(['outsider', 'unknown'] as const)('does not belong to a listed %s', standing => {
    expect(right({ users: [somebody], groups: [] }, somebody, people(standing))).toBe(standing);
    expect(right(nobody, somebody, people(standing))).toBe('unlisted');
  });
});

describe('whoever asked', () => {
  it('may steer what they asked for while they are a colleague, and decides nothing by it', () => {
    const asked = run(nobody, nobody);
    expect(rightToSteer(asked, requester, people())).toBe('granted');
    expect(rightToSteer(asked, requester, people('outsider'))).toBe('outsider');
    expect(rightToApprove(asked, requester, people())).toBe('unlisted');
  });

  it('does not approve by being among those who may ask, nor asks as an approver', () => {
    const listed: Who = { users: [somebody], groups: ['S0TEAM'] };
    expect(rightToApprove(run(listed, nobody), somebody, people())).toBe('unlisted');
    expect(rightToRequest(run(nobody, listed).request.target, somebody, people())).toBe('unlisted');
  });
});
