import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkView } from '../../src/sandbox/slack-blocks.ts';
import { renderText } from '../../src/sandbox/slack-text.ts';
import { formView } from '../../src/slack/form.ts';
import { type HomeContent, homeView } from '../../src/slack/home.ts';
import { anyRun, at, gateOf, runOf, situations } from '../support/runs.ts';

const empty: HomeContent = {
  mayOnboard: true,
  waiting: [],
  mine: [],
  recent: [],
  counts: { known: 3, onboarded: 1, running: 0, failed: 2, newest: undefined },
  now: at,
};

function read(content: HomeContent): string {
  const { value, problems } = checkView(homeView(content));
  expect(problems).toBeUndefined();
  return renderText({ text: '', blocks: value?.blocks ?? [] }, () => undefined);
}

describe('the Home tab', () => {
  it('says what waits, what is theirs, what is recent and how the fleet stands', () => {
    const waiting = runOf({
      gates: [gateOf()],
      thread: { channel: 'C1', ts: '1.1', permalink: 'https://x.slack.com/archives/C1/p1', place: 'channel' },
    });
    const text = read({ ...empty, waiting: [waiting], mine: [waiting], recent: ['newer', waiting] });
    expect(text).toMatch(/Waiting for you\n.*payments-eu prod: invite 2 people, .*Its thread/);
    expect(text).toMatch(/Yours\n.*waiting for an approval/);
    expect(text).toMatch(/Recent\n.*written by a newer Holt.*\n.*payments-eu prod/);
    expect(text).toContain('3 known clusters, 1 onboarded, 0 running, 2 failed');
    expect(text).not.toContain('newest');
  });

  it('has a button for those who may onboard something, and a sentence for the others', () => {
    const { blocks } = homeView(empty);
    expect(JSON.stringify(blocks)).toContain('"action_id":"new"');
    const others = homeView({ ...empty, mayOnboard: false });
    expect(JSON.stringify(others)).not.toContain('action_id');
    expect(read({ ...empty, mayOnboard: false })).toMatch(/You may onboard nothing here/);
  });

  it('says when it counts among the newest alone, and where any cluster can be', () => {
    const counts = { ...empty.counts, known: undefined, newest: 200 };
    expect(read({ ...empty, counts })).toMatch(/Any cluster can be onboarded.*among the newest 200/);
  });

  it.each(Object.entries(situations))('can tell of a run that %s', (_what, run) => {
    expect(read({ ...empty, mine: [run], recent: [run] })).not.toContain('undefined');
  });

  it('stays within the limits, whatever the runs are', () => {
    fc.assert(
      fc.property(fc.array(anyRun, { maxLength: 60 }), runs => {
        const { problems } = checkView(homeView({ ...empty, waiting: runs, mine: runs, recent: runs }));
        expect(problems).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});

const chosen = { cluster: 'payments-eu', stage: 'prod', people: ['U0OTHER'], channel: 'C0PLATFORM' };
const fields = (claim: object) => formView(chosen, claim).blocks.map(({ block_id }) => block_id);

describe('the form', () => {
  it.each([{}, { channel: 'C1' }])('is one that Slack takes, with %j', claim => {
    for (const each of [chosen, { people: [] }])
      expect(checkView(formView(each, claim)).problems).toBeUndefined();
  });

  it('asks for a channel where it knows none', () => {
    expect(fields({})).toEqual(['cluster', 'stage', 'people', 'channel', undefined]);
    expect(fields({ channel: 'C1' })).toEqual(['cluster', 'stage', 'people', undefined]);
  });
});
