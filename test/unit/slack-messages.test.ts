import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Run } from '../../src/onboarding/run.ts';
import { drawMrkdwn } from '../../src/sandbox/page-text.ts';
import { checkBlocks, checkView, elementsOf } from '../../src/sandbox/slack-blocks.ts';
import { GateClaim, readClaim } from '../../src/slack/claims.ts';
import { declineView } from '../../src/slack/decline.ts';
import { markup } from '../../src/slack/markup.ts';
import { type Message, messages } from '../../src/slack/messages.ts';
import { boxesOf, choiceView, reviewView } from '../../src/slack/review.ts';
import * as answers from '../../src/slack/words/answers.ts';
import { approver, requester, secondApprover } from '../support/builders.ts';
import { address, anyRun, at, ended, factsOf, gateOf, hostile, runOf, situations } from '../support/runs.ts';

const everybodyUnknown = Object.fromEntries(
  Array.from({ length: 200 }, (_, index) => [address(index), null]),
);
const everybodyHere = Object.fromEntries(
  Array.from({ length: 200 }, (_, index) => [address(index), `U0${index}`]),
);

const problems = (blocks: unknown, refuseNewBlocks: boolean) =>
  checkBlocks(blocks, { surface: 'message', refuseNewBlocks }).problems ?? [];

/** What Slack acts on in a text that is ours: mentions and links, with what stands behind them. */
const links = (text: string): string[] => [...text.matchAll(/<([^>]*)>/g)].map(match => match[1] ?? '');
const ours = (run: Run) => (target: string) =>
  /^@(U0REQUESTER|U0APPROVER|U0SECOND)$/.test(target) ||
  /^!date\^\d+\^\{date_short_pretty\} at \{time\}\|[\d\-: ]+UTC$/.test(target) ||
  target.startsWith('https://app.otterize.com|') ||
  (run.facts.pullRequest?.url !== undefined &&
    target.startsWith(run.facts.pullRequest.url.replaceAll('&', '&amp;')));

function texts(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'type' in value && value.type === 'mrkdwn' && 'text' in value ? [String(value.text)] : [];
  return [...own, ...Object.values(value).flatMap(texts)];
}

const rootOf = (run: Run): Message => messages(run, {})[0] as Message;
const named = (run: Run, role: string): Message | undefined =>
  messages(run, everybodyUnknown).find(message => message.role === role);

describe('what a thread shows', () => {
  it.each(Object.entries(situations))('of a run that %s is within Slack’s limits', (_what, run) => {
    for (const { text, blocks, plainBlocks } of messages(run, everybodyHere)) {
      expect(problems(blocks, false)).toEqual([]);
      expect(problems(plainBlocks, true)).toEqual([]);
      expect(text).not.toBe('');
      // Slack writes “today at 10:24”.
      for (const said of [text, ...texts(blocks)]) expect(said).not.toContain(' on <!date');
    }
  });

  it('of any run is within Slack’s limits, and pings and links nobody but whom we mean', () => {
    fc.assert(
      fc.property(anyRun, fc.constantFrom({}, everybodyHere, everybodyUnknown), (run, accounts) => {
        for (const { text, blocks, plainBlocks } of messages(run, accounts)) {
          expect(problems(blocks, false)).toEqual([]);
          expect(problems(plainBlocks, true)).toEqual([]);
          expect(Array.from(text).length).toBeLessThanOrEqual(4000);
          for (const said of [text, ...texts(blocks), ...texts(plainBlocks)])
            expect(links(said).filter(target => !ours(run)(target))).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('says in plain words how the run stands, differently in each situation', () => {
    const said = Object.values(situations).map(run => rootOf(run).text.split('. ')[0]);
    expect(said).toEqual([
      'Onboarding payments-eu prod: In progress',
      'Onboarding payments-eu prod: In progress',
      'Onboarding payments-eu prod: Waiting for an approval',
      'Onboarding payments-eu prod: Waiting to try again',
      'Onboarding payments-eu prod: Failed',
      'Onboarding payments-eu prod: In progress, but a step failed',
      'Onboarding payments-eu prod: Stopping',
      'Onboarding payments-eu prod: Cancelled',
      'Onboarding payments-eu prod: Done, without invites',
      'Onboarding payments-eu prod: Done, without invites',
      'Onboarding payments-eu prod: Done',
      'Onboarding payments-eu prod: Done, everything is in place',
    ]);
    for (const run of Object.values(situations))
      expect(rootOf(run).text + JSON.stringify(rootOf(run).blocks)).not.toMatch(
        /:[a-z_]+:|\p{Emoji_Presentation}/u,
      );
  });

  it('ends with the link while the pull request is open', () => {
    for (const what of ['is done', 'was declined', 'was not answered', 'found everything in place']) {
      const run = situations[what];
      if (run === undefined) throw new Error(what);
      expect(messages(run, everybodyUnknown).at(-1)?.text).toContain(
        'https://git.example/harbour/clusters/pull/7',
      );
    }
  });

  it('says in the end who could not be invited and why, who left, and who must be told', () => {
    const facts = factsOf();
    const run = ended('done', {
      facts: {
        ...facts,
        invites: {
          ...facts.invites,
          failed: [{ address: 'eve@harbour.example', reason: 'Otterize refused' }],
          dropped: ['gone@harbour.example'],
        },
      },
    });
    const text = named(run, 'ended')?.text;
    const refused = 'eve@harbour.example (Otterize refused). Once the cause is gone, type the command again.';
    for (const word of [refused, 'gone@harbour.example', address(0)]) expect(text).toContain(word);
  });
});

describe('a request for approval', () => {
  const asking = situations['waits for an approval'] as Run;

  it('mentions those who may approve and names the people, without their addresses', () => {
    const message = named(asking, 'approval-1');
    const said = JSON.stringify([message?.text, message?.blocks]);
    for (const word of [`<@${approver}>`, `<@${secondApprover}>`, 'Anna Meyer', 'Ben Okafor'])
      expect(said).toContain(word);
    expect(said).not.toContain('@harbour.example');
  });

  it('has buttons that are bound to the run and to what is approved', () => {
    const elements = elementsOf((named(asking, 'approval-1')?.blocks ?? []) as never).map(
      ({ element }) => element,
    );
    expect(elements.map(element => element.action_id)).toEqual(['review', 'approve', 'decline']);
    for (const element of elements) {
      const { value = '' } = element as { value?: string };
      expect(readClaim(GateClaim, value)).toEqual({ run: 'run-1', digest: gateOf().digest });
    }
  });

  it.each<[string, Partial<Run>, RegExp]>([
    [
      'approved',
      { gates: [gateOf({ state: 'approved', votes: [{ by: approver, verdict: 'approve', at }] })] },
      /Approved by <@U0APPROVER> <!date/,
    ],
    [
      'declined',
      { gates: [gateOf({ state: 'declined', votes: [{ by: approver, verdict: 'decline', at }] })] },
      /Declined by <@U0APPROVER> <!date/,
    ],
    ['expired', { gates: [gateOf({ state: 'expired' })] }, /Nobody decided by <!date/],
    [
      'replaced',
      { gates: [gateOf({ state: 'void' }), gateOf({ digest: 'e' })] },
      /Replaced: the list of people/,
    ],
    [
      'open while its run is being stopped',
      { gates: [gateOf()], cancel: { by: requester, at } },
      /ended before this was decided/,
    ],
    [
      'over with its run',
      { gates: [gateOf({ state: 'void' })], due: null, status: 'cancelled' },
      /ended before this was decided/,
    ],
  ])('that is %s says so and has no buttons', (_what, change, words) => {
    const message = named(runOf({ ...asking, ...change }), 'approval-1');
    expect(message?.text).toMatch(words);
    expect(JSON.stringify(message?.blocks)).not.toContain('action_id');
  });

  it('lists everybody with addresses and reasons in its view, or says how many more, whatever they are called', () => {
    fc.assert(
      fc.property(anyRun, run => {
        const [gate] = run.gates;
        if (gate === undefined) return;
        for (const view of [reviewView(run, gate), choiceView(run, gate), declineView(run, gate)]) {
          expect(checkView(view).problems ?? []).toEqual([]);
          for (const said of texts(view.blocks))
            expect(links(said).filter(target => !ours(run)(target))).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
    const view = JSON.stringify(reviewView(runOf({ ...asking, facts: factsOf(200) }), gateOf({}, 200)));
    for (const index of [0, 57, 199]) expect(view).toContain(address(index));
  });

  it('that is still open is brought to mind once, and no more when it is decided', () => {
    const open = gateOf({ remindedAt: at });
    expect(named(runOf({ ...asking, gates: [gateOf()] }), 'reminder-1')).toBeUndefined();
    const said = named(runOf({ ...asking, gates: [open] }), 'reminder-1')?.text;
    expect(said).toMatch(/^<@U0APPROVER> <@U0SECOND>: .*still open, until <!date/);
    const votes = [{ by: approver, verdict: 'approve' as const, at }];
    for (const change of [
      { gates: [{ ...open, state: 'approved' as const, votes }] },
      { gates: [open], cancel: { by: requester, at } },
      { gates: [open], due: null },
    ])
      expect(named(runOf({ ...asking, ...change }), 'reminder-1')).toBeUndefined();
  });

  it.each<[string, Partial<Run['gates'][number]>, RegExp]>([
    [
      'approved',
      { state: 'approved', votes: [{ by: approver, verdict: 'approve', at, without: [address(1)] }] },
      /Approved by <@U0APPROVER>.*Left out by <@U0APPROVER>: Ben Okafor/,
    ],
    [
      'declined',
      { state: 'declined', votes: [{ by: approver, verdict: 'decline', at, reason: 'No <!here>' }] },
      /Declined by <@U0APPROVER> .*: “No &lt;!here&gt;”/,
    ],
    ['expired', { state: 'expired' }, /Nobody decided by/],
  ])('that is %s is told to whoever asked', (_what, change, words) => {
    const said = named(runOf({ ...asking, gates: [gateOf(change)] }), 'decided-1')?.text;
    expect(said).toMatch(/^<@U0REQUESTER>/);
    expect(said).toMatch(words);
  });

  it('lets those who decide choose among hundreds, and says who has no box', () => {
    const run = runOf({ ...asking, facts: factsOf(700) });
    const view = choiceView(run, gateOf({}, 700));
    expect(checkView(view).problems ?? []).toEqual([]);
    expect(JSON.stringify(view).length).toBeLessThan(250_000);
    const offered = elementsOf(view.blocks as never).flatMap(({ element }) =>
      element.type === 'checkboxes' ? element.options : [],
    );
    expect(offered).toHaveLength(300);
    expect(JSON.stringify(view)).toContain('400 people');
    const shown = JSON.stringify(view);
    for (let index = 0; index < 700; index += 1) expect(shown).toContain(address(index));
  });

  it('offers no box for whom somebody left out, and says who did', () => {
    const votes = [{ by: approver, verdict: 'approve' as const, at, without: [address(1)] }];
    const view = JSON.stringify(choiceView(asking, gateOf({ votes })));
    expect(boxesOf(gateOf({ votes }))).toEqual([address(0)]);
    expect(view).not.toContain(address(1));
    expect(view).toContain('Left out by <@U0APPROVER>: Ben Okafor');
    const message = named(runOf({ ...asking, gates: [gateOf({ votes })] }), 'approval-1');
    expect(JSON.stringify(message?.blocks)).toContain('Left out by <@U0APPROVER>: Ben Okafor');
  });

  it('offers the same boxes whatever the order in which people are listed', () => {
    const gate = gateOf({}, 700);
    const turned = { ...gate, addresses: gate.addresses.toReversed() };
    expect(boxesOf(turned)).toEqual(boxesOf(gate));
  });
});

describe('a failure', () => {
  it('says what happened and what to do, with Retry until somebody pressed it', () => {
    const failed = situations['has failed'] as Run;
    const message = named(failed, 'failure-1');
    expect(message?.text).toMatch(/failed\. \*Organization\*: It refused\. Ask its owner\. .*Press Retry/);
    expect(JSON.stringify(message?.blocks)).toContain('"retry"');
    expect(JSON.stringify(message?.blocks)).toContain('Reference: run-1');
    const again = runOf({
      ...failed,
      retries: [{ by: requester, at, failed: [{ fact: 'organization', text: 'It refused.' }] }],
      steps: {},
    });
    expect(named(again, 'failure-1')?.text).toMatch(/It refused\. .*Tried again by <@U0REQUESTER>/);
    expect(JSON.stringify(named(again, 'failure-1')?.blocks)).not.toContain('action_id');
  });
});

const drawn = (text: string): string => (drawMrkdwn(text, () => undefined) as string).valueOf();

describe('a name in a message', () => {
  it('looks as it is written, whatever marks it has', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '*', '_', '~', '-', ',', ' ', '.') }), name => {
        const shown = name.replaceAll(/ +/g, ' ').trim();
        expect(drawn(markup`${name} is *${name}* and so ${name}`.markup)).not.toMatch(/<[is]>/);
        expect(drawn(markup`(${name})`.markup)).toBe(`(${shown})`);
      }),
    );
    expect(drawn(markup`*payments-eu* is one of ${'payments-*,search-*'}`.markup)).toBe(
      '<b>payments-eu</b> is one of payments-*,search-*',
    );
    expect(markup`${'anna_meyer@harbour.example'}`.markup).toBe('anna_meyer@harbour.example');
    expect(markup`${'a`b'}`.markup).not.toContain('`');
  });
});

describe('an answer to one person', () => {
  it('repeats what was typed without its powers', () => {
    fc.assert(
      fc.property(hostile, word => {
        const said = [answers.sentence(word), answers.trouble.withReference(word, 'ref')].map(
          ({ text }) => text,
        );
        for (const text of said) {
          expect(links(text)).toEqual([]);
          expect(Array.from(text).length).toBeLessThanOrEqual(3000);
        }
      }),
    );
  });

  it('of any run is within limits and pings nobody', () => {
    fc.assert(
      fc.property(anyRun, run => {
        const said = [
          answers.status.one(run),
          answers.status.recent([run, run]),
          answers.cancelling.done(run),
          answers.cancelling.notAllowed(run),
          answers.onboarding.live(run),
          answers.onboarding.slow(run),
          answers.onboarding.notAllowed(run.request.target),
          answers.confirmation(
            run.request.target,
            { text: 'onboard a b' },
            { isListed: false, changed: true },
          ),
        ];
        for (const { text, blocks } of said) {
          expect(Array.from(text).length).toBeLessThanOrEqual(3000);
          expect(problems(blocks ?? [], true)).toEqual([]);
          expect(links(text).filter(target => !ours(run)(target))).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
