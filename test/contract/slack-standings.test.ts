import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLog } from '../../src/log.ts';
import { SlowDown } from '../../src/onboarding/store.ts';
import { createStandings } from '../../src/slack/standings.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { approver, requester } from '../support/builders.ts';
import { openFront } from '../support/front.ts';

const many = Array.from({ length: 45 }, (_, index) => `U0${index}`);

/** Standings over a workspace that can be told what to answer, with everybody who was looked up. */
function openStandings(answer: (user: string) => boolean = () => true) {
  const asked: string[] = [];
  const standings = createStandings({
    accounts: {
      isColleague: async user => {
        asked.push(user);
        return answer(user);
      },
    },
    listed: () => many,
    log: createLog('silent'),
  });
  onTestFinished(() => standings.close());
  return { asked, standings };
}
const eventually = (look: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(look, { timeout: 25_000, interval: 50 });

describe('who is a colleague', () => {
  it('is known of as many as Slack allows at once before anybody is served, and of all in time', async () => {
    const { asked, standings } = openStandings(user => user !== 'U03');
    await standings.load();
    expect(asked).toHaveLength(40);
    expect([standings.of('U00'), standings.of('U03')]).toEqual(['colleague', 'outsider']);
    await eventually(() => expect(new Set(asked)).toEqual(new Set(many)));
    expect(asked).toHaveLength(many.length);
  });

  it('is looked up next of whoever is waiting for it, listed or not', async () => {
    const { asked, standings } = openStandings();
    await standings.load();
    expect(standings.of('U0RETIRED')).toBe('unknown');
    expect(standings.of('U044')).toBe('unknown');
    await eventually(() => expect(standings.of('U044')).toBe('colleague'));
    expect(standings.of('U0RETIRED')).toBe('colleague');
    expect(asked.indexOf('U044')).toBeLessThan(
      asked.indexOf('U043') === -1 ? many.length : asked.indexOf('U043'),
    );
  });

  it('is unknown while Slack does not say, and asked again', async () => {
    const slack = { away: true };
    const { standings } = openStandings(() => {
      if (slack.away) throw new SlowDown(10);
      return true;
    });
    await standings.load();
    expect(standings.of('U07')).toBe('unknown');
    slack.away = false;
    await eventually(() => expect(standings.of('U07')).toBe('colleague'));
  });
});

describe('an approver whom the bot has not looked up yet', () => {
  it('is told to try again, and then decides', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holt-standings-'));
    const front = await openFront({
      configuration: `
requesters: { users: [${requester}] }
approval: { approvers: { users: [${approver}] } }
names: { vault: "kv-{cluster}" }
gitops: { repository: harbour/clusters }
stages: { prod: }
clusters: { eu: }
`,
      workspace: {
        users: [
          { id: requester, name: 'rosa' },
          { id: approver, name: 'noor' },
        ],
        channels: [{ id: 'C0PLATFORM', name: 'platform' }],
      },
      stores: [openEmbeddedStore(join(folder, 'holt.sqlite'))],
      before: slack =>
        slack.faults.push({
          operation: 'users.info',
          kind: 'answer',
          status: 200,
          body: { ok: false, error: 'internal_error' },
        }),
    });
    onTestFinished(async () => {
      await front.close();
      rmSync(folder, { recursive: true });
    });
    const { slack, records, lines } = front;
    const { run, button } = await front.asked({ cluster: 'eu', channel: 'C0PLATFORM', by: requester });
    const told = (): string => slack.ephemerals(approver).at(-1)?.text ?? '';

    await slack.click(approver, button, 'approve');
    await eventually(() => expect(told()).toMatch(/still looking up who you are. Try again/));
    expect((await records.get(run.id))?.gates[0]?.votes).toEqual([]);
    expect(lines.filter(({ message }) => message === 'refused').map(({ fields }) => fields)).toMatchObject([
      { entry: 'approve', by: approver, reason: 'unknown', run: run.id },
    ]);
    slack.faults.length = 0;
    await eventually(async () => {
      await slack.click(approver, button, 'approve');
      expect((await records.get(run.id))?.gates[0]?.state).toBe('approved');
    });
  });
});
