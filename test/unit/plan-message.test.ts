import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factNames, LeftOutReason } from '../../src/onboarding/facts.ts';
import type { Finding, Plan } from '../../src/onboarding/plans.ts';
import { Thing } from '../../src/onboarding/thing.ts';
import { checkBlocks, readableLength } from '../../src/sandbox/slack-blocks.ts';
import { planMessage } from '../../src/slack/plan-message.ts';
import { request } from '../support/builders.ts';
import { hostile } from '../support/runs.ts';

const plan = (overrides: Partial<Plan> = {}): Plan => ({
  schema: 1,
  running: false,
  findings: [],
  people: { people: [], leftOut: [] },
  files: [],
  ...overrides,
});

const found = (
  kind: Finding['kind'],
  thing: Thing['kind'],
  name: string,
  fact: Finding['fact'] = 'organization',
): Finding => ({ fact, kind, thing: { kind: thing, name } });

/** All that a person reads, a block to a paragraph. */
function said(of: Plan, wanted = request()): string {
  const { blocks } = planMessage(wanted, of);
  expect(checkBlocks(blocks, { surface: 'message', refuseNewBlocks: true }).problems ?? []).toEqual([]);
  return blocks
    .map(block => {
      if (block.type === 'section') return block.text?.text;
      return block.type === 'context'
        ? block.elements.map(each => 'text' in each && each.text).join(' ')
        : '?';
    })
    .join('\n\n');
}

const footer =
  'Read just now, and nothing was written anywhere. To do it, type the same with onboard in the place of plan.';

describe('what a plan says', () => {
  it('of a fresh world: what would be made, for whom, and the files', () => {
    const fresh = plan({
      findings: [
        found('missing', 'organization', 'payments-eu-prod'),
        found('missing', 'organization-name', 'payments-eu-prod'),
        found('missing', 'environment', 'prod'),
        found('missing', 'secret', 'client-id'),
        found('missing', 'commit', 'holt/payments-eu-prod'),
      ],
      people: {
        people: [{ name: 'Anna', address: 'anna@harbour.example', id: '1' }],
        leftOut: [
          { name: 'Gus', address: 'gus@harbour.example', reason: 'guest' },
          { name: '<@U0OTTO>', reason: 'no-mail' },
        ],
      },
      pullRequest: { state: 'open', number: 0, url: '', changed: true, files: ['a.yaml'] },
      files: [
        { path: 'a.yaml', isNew: true, lines: ['+a: <1>', '+b: ```'], more: 0 },
        { path: 'b.yaml', isNew: false, lines: ['@@ -1,0 +1,1 @@', '+c: 1'], more: 3 },
        { path: 'c.yaml', isNew: false, lines: [], more: 12 },
      ],
    });
    expect(said(fresh, request({}, { named: [{ user: 'U0OTTO', address: null }] }))).toBe(
      [
        '*What onboarding payments-eu prod would do*',
        [
          '*Would be made*',
          '• the organization *payments-eu-prod*',
          '• the environment *prod*',
          '• the secret *client-id* in kv-payments-eu-prod',
          '• the commit on the branch holt/payments-eu-prod of harbour/clusters',
        ].join('\n'),
        [
          '*People*',
          '1 person would be invited, once it is approved:',
          '• Anna: anna@harbour.example',
          '2 left out:',
          '• Gus: gus@harbour.example (guest)',
          '• <@U0OTTO> (no mail address)',
        ].join('\n'),
        "*a.yaml* (new)\n```\n+a: &lt;1&gt;\n+b: '''\n```",
        '*b.yaml*\n```\n@@ -1,0 +1,1 @@\n+c: 1\n```\n… and 3 lines more',
        '*c.yaml*\n… and 12 lines more',
        footer,
      ].join('\n\n'),
    );
  });

  it('of a finished world: that nothing would be changed', () => {
    const finished = plan({
      findings: [found('there', 'organization', 'payments-eu-prod')],
      pullRequest: { state: 'merged', number: 3, url: 'https://git.example/3', changed: false, files: [] },
    });
    expect(said(finished)).toBe(
      [
        '*What onboarding payments-eu prod would do*\nEverything is in place. Nothing would be changed.',
        '*Is there already*\n• the organization *payments-eu-prod*',
        '*People*\nNobody would be invited.',
        'The pull request <https://git.example/3|#3> is merged.',
        footer,
      ].join('\n\n'),
    );
    expect(
      said({ ...finished, pullRequest: { state: 'nothing-to-change', changed: false, files: [] } }),
    ).toContain('The repository has it all, so there would be no pull request.');
    expect(said({ ...finished, findings: [found('missing', 'environment', 'prod')] })).not.toContain(
      'Everything is in place',
    );
  });

  it('of obstacles: each once, beside what it is about', () => {
    const silent = 'Otterize could not be read: it did not answer in time.';
    const obstacles = plan({
      running: true,
      findings: [
        { fact: 'preflight', kind: 'unread', text: silent },
        { fact: 'preflight', kind: 'conflict', text: 'The token is about to expire.' },
        { fact: 'preflight', kind: 'conflict', text: 'The token is about to expire.' },
        { ...found('unread', 'organization', 'payments-eu-prod'), text: silent },
        { ...found('unsure', 'organization-name', 'payments-eu-prod') },
        { ...found('unsure', 'environment', 'prod', 'environment') },
        { fact: 'approval', kind: 'unsure' },
        { fact: 'pullRequest', kind: 'unsure' },
      ],
    });
    expect(said(obstacles)).toBe(
      [
        '*What onboarding payments-eu prod would do*\nAn onboarding of it is running just now, so this may be over in a moment.',
        '*In the way*\n• Preparation: The token is about to expire.',
        `*Could not be read*\n• the organization *payments-eu-prod*: ${silent}`,
        '*Cannot be told yet*\n• the environment *prod*\n• Pull request',
        '*People*\nNobody would be invited.\nWho is in the organization already could not be read.',
        footer,
      ].join('\n\n'),
    );
  });

  it('of an organization that was left without its name: that it would get it', () => {
    const unnamed = plan({
      findings: [
        found('there', 'organization', 'payments-eu-prod'),
        found('missing', 'organization-name', 'payments-eu-prod'),
      ],
    });
    expect(said(unnamed)).toContain(
      '• the name *payments-eu-prod*, for an organization that was made for it',
    );
  });

  it('of anything at all is within Slack’s limits, says what was cut, and pings nobody', () => {
    const finding = fc.record({
      fact: fc.constantFrom(...factNames),
      thing: fc.record({ kind: fc.constantFrom(...Thing.shape.kind.options), name: hostile }),
      kind: fc.constantFrom<Finding['kind'][]>('there', 'missing', 'conflict', 'unread', 'unsure'),
      text: hostile,
    });
    const file = fc.record({
      path: hostile,
      isNew: fc.boolean(),
      lines: fc.array(hostile, { minLength: 1, maxLength: 60 }),
      more: fc.nat(50),
    });
    const person = fc.record({ name: hostile, address: hostile, id: fc.constant('1') });
    const leftOut = fc.record({ name: hostile, reason: fc.constantFrom(...LeftOutReason.options) });
    const any = fc.record({
      findings: fc.array(finding, { maxLength: 40 }),
      people: fc.record({
        people: fc.array(person, { maxLength: 60 }),
        leftOut: fc.array(leftOut, { maxLength: 60 }),
      }),
      files: fc.array(file, { maxLength: 20 }),
      running: fc.boolean(),
    });
    fc.assert(
      fc.property(any, of => {
        const text = said(plan(of));
        const { blocks } = planMessage(request(), plan(of));
        const { value = [] } = checkBlocks(blocks, { surface: 'message', refuseNewBlocks: true });
        expect(readableLength(value)).toBeLessThanOrEqual(13_200);
        expect(text.match(/<[!@#][^>]*>/g) ?? []).toEqual([]);
        // Every block of code is closed, and nothing is cut inside one.
        expect((text.match(/```/g) ?? []).length % 2).toBe(0);
        const shown = blocks.filter(block => JSON.stringify(block).includes('```')).length;
        expect(/… and \d+ files? more/.test(text)).toBe(shown < of.files.length);
      }),
      { numRuns: 100 },
    );
  });
});
