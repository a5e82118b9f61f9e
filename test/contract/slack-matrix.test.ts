import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { usages } from '../../src/onboarding/command.ts';
import { isPlan } from '../../src/onboarding/plans.ts';
import type { Change, Run } from '../../src/onboarding/run.ts';
import { rolloutName } from '../../src/onboarding/selection.ts';
import type { Channel } from '../../src/sandbox/slack-state.ts';
import { actionIds, callbackIds } from '../../src/slack/claims.ts';
import type { Entry } from '../../src/slack/desk.ts';
import { boxOf } from '../../src/slack/review.ts';
import { openEmbeddedStore } from '../../src/store/embedded.ts';
import { approver, requester } from '../support/builders.ts';
import { type Front, openFront } from '../support/front.ts';
import { address } from '../support/runs.ts';

// Everything that can be typed, pressed or submitted × everybody × everywhere. What should happen is said here, by a rule of a few
// lines; the product's own policy is not asked.

/** Whom an entry is for. An entry that is missing here does not compile. */
const isFor: Readonly<Record<Entry, 'everybody' | 'requesters' | 'approvers' | 'concerned'>> = {
  help: 'everybody',
  list: 'everybody',
  whoami: 'everybody',
  can: 'everybody',
  usage: 'everybody',
  status: 'everybody',
  unknown: 'everybody',
  discard: 'everybody',
  onboard: 'requesters',
  plan: 'concerned',
  start: 'requesters',
  approve: 'approvers',
  decline: 'approvers',
  'decline-because': 'approvers',
  'approve-those': 'approvers',
  review: 'concerned',
  retry: 'concerned',
  'go-on': 'concerned',
  stop: 'concerned',
  details: 'concerned',
  cluster: 'concerned',
  cancel: 'concerned',
};

/** The app's listeners, and what comes in through each. */
const waysIn: Readonly<Record<string, readonly Entry[]>> = {
  command: [...(Object.keys(usages) as (keyof typeof usages)[]), 'usage', 'unknown'],
  action: [...actionIds, 'unknown'],
  view: [...callbackIds, 'unknown'],
};

/** All but `other` are listed, by id or in a user group, as requesters and as approvers too: that must not be enough. */
const kinds = {
  requester: { id: requester },
  approver: { id: approver },
  other: { id: 'U0OTHER' },
  guest: { id: 'U0GUEST', isRestricted: true },
  'guest of one channel': { id: 'U0SINGLE', isUltraRestricted: true },
  bot: { id: 'U0ROBOT', isBot: true },
  'somebody who left': { id: 'U0LEFT', deleted: true },
  outsider: { id: 'U0OUTSIDER', isStranger: true },
} as const;
type Kind = keyof typeof kinds;

const channels = {
  public: { id: 'C0PUBLIC', name: 'platform' },
  private: { id: 'C0PRIVATE', name: 'closed', isPrivate: true },
  'group direct message': { id: 'C0GROUP', name: 'mpdm-rosa--noor--holt-1', isGroupDirect: true },
  shared: { id: 'C0SHARED', name: 'with-partners', isShared: true },
  archived: { id: 'C0ATTIC', name: 'attic' },
} as const;
type Place = keyof typeof channels | 'direct message';
const places = [...(Object.keys(channels) as (keyof typeof channels)[]), 'direct message'] as const;

function isAllowed(kind: Kind, entry: Entry): boolean {
  if (kind === 'outsider') return false;
  if (isFor[entry] === 'everybody') return true;
  // Both are listed as both; whoever asked may not decide.
  if (kind === 'approver') return true;
  return kind === 'requester' && isFor[entry] !== 'approvers';
}

const clusters = Array.from({ length: 1_500 }, (_, index) => `c${index}`);
const listed = `{ users: [${requester}, ${approver}, U0GUEST, U0ROBOT, U0LEFT, U0OUTSIDER], groups: [S0LEADS] }`;
const configuration = `
requesters: ${listed}
approval: { approvers: ${listed} }
names: { vault: "kv-{cluster}-{stage}" }
gitops: { repository: harbour/clusters }
stages: { prod: }
startsPerMinute: 1000
clusters: { ${clusters.map(cluster => `${cluster}: `).join(', ')} }
`;

let folder: string;
let front: Front;
let serial = 0;
const nextCluster = (): string => clusters[serial++ % clusters.length] ?? '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holt-matrix-'));
  front = await openFront({
    configuration,
    workspace: {
      users: Object.entries(kinds).map(([name, kind]) => ({ ...kind, name })),
      userGroups: [{ id: 'S0LEADS', handle: 'leads', users: ['U0SINGLE', requester] }],
      channels: Object.values(channels),
    },
    stores: [openEmbeddedStore(join(folder, 'holt.sqlite'))],
  });
});
afterAll(async () => {
  await front.close();
  rmSync(folder, { recursive: true });
});

interface Cell {
  kind: Kind;
  entry: Entry;
  way: string;
  channel: Channel;
}

/** What is there to act on, and the act; all that a person could really do, or a forger send. */
async function prepared({
  kind,
  entry,
  way,
  channel,
}: Cell): Promise<{ name: string; act(): Promise<unknown> }> {
  const { slack } = front;
  const { id } = kinds[kind];
  const cluster = nextCluster();
  const seed = { cluster, channel: channel.id, by: requester };
  const target = `${cluster} prod`;
  const name = `${cluster}-prod`;
  if (way === 'command') {
    if (entry === 'cancel') await front.asked(seed);
    if (entry === 'retry') await front.failed(seed);
    const text =
      entry === 'usage'
        ? 'onbord'
        : ['onboard', 'plan', 'status', 'retry', 'cancel'].includes(entry)
          ? `${entry} ${target}`
          : entry === 'can'
            ? `can approve ${target}`
            : entry;
    const command = entry === 'unknown' ? '/other' : '/otterize';
    return { name, act: () => slack.command(id, channel.id, command, text) };
  }
  if (entry === 'start' || entry === 'discard') {
    // A message that this person alone sees, as the question before an unlisted cluster is.
    await slack.command(id, channel.id, '/otterize', 'help');
    const { ts = '' } = slack.ephemerals(id).at(-1) ?? {};
    const value = JSON.stringify({ text: `onboard ${target}` });
    return { name, act: () => slack.forge(id, { channel: channel.id, ts }, { action_id: entry, value }) };
  }
  if (ofRollouts.has(entry)) {
    const clusters = [cluster, nextCluster()].toSorted();
    const selection = clusters.join(',');
    const { run, button, root } = await front.held({ ...seed, cluster: selection, clusters });
    const value = JSON.stringify({ run: run.request.rollout?.members[0]?.run });
    const act = (): Promise<unknown> =>
      entry === 'cluster'
        ? slack.forge(id, root, { action_id: entry, value })
        : slack.click(id, entry === 'details' ? root : button, entry);
    return { name: rolloutName(selection, 'prod'), act };
  }
  const { run, button } = await (entry === 'retry' ? front.failed(seed) : front.asked(seed));
  if (way === 'view') {
    const claim = JSON.stringify({ run: run.id, digest: run.gates[0]?.digest });
    const view = { callback_id: entry, private_metadata: claim, ...filled };
    return { name, act: () => slack.forgeSubmission(id, view) };
  }
  return {
    name,
    act: () =>
      entry === 'unknown'
        ? slack.forge(id, button, { action_id: 'approve-all', value: '{}' })
        : slack.click(id, button, entry),
  };
}

/** What is filled in. */
const boxes = { type: 'checkboxes', selected_options: [{ value: boxOf(address(0)) }] };
const reason = { type: 'plain_text_input', value: 'No.' };
const filled = { state: { values: { reason: { reason }, 'people-1': { 'people-1': boxes } } } };

const ofRollouts: ReadonlySet<Entry> = new Set(['go-on', 'stop', 'details', 'cluster']);

/** What an entry has done, if it did what it is for. */
function effectOf(entry: Entry, run: Run | undefined, views: number, ticks: readonly string[]): boolean {
  const effects: Partial<Record<Entry, boolean>> = {
    onboard: run?.request.by !== undefined,
    start: run?.request.by !== undefined,
    plan: ticks.length === 1 && ticks.every(isPlan),
    cancel: run?.cancel !== undefined,
    retry: run?.retries.length === 1,
    approve: run?.gates[0]?.state === 'approved',
    decline: views === 1,
    'approve-those': run?.gates[0]?.state === 'approved' && run.gates[0].votes[0]?.without?.length === 1,
    'decline-because': run?.gates[0]?.state === 'declined',
    'go-on': run?.retries[0]?.instead === 'go-on',
    stop: run?.retries[0]?.instead === 'stop',
    review: views === 1,
    details: views === 1,
    cluster: views === 1,
  };
  return effects[entry] ?? false;
}

/** Does what the cell says, and answers what is wrong with what came of it. */
async function faultsOf(cell: Cell): Promise<string[]> {
  const { slack, records, lines, ticks } = front;
  const { kind, entry, way, channel } = cell;
  const { id } = kinds[kind];
  const { name, act } = await prepared(cell);
  const before = await records.latest(name);
  const said = (): string => JSON.stringify(slack.ephemerals(id));
  const [views, told] = [slack.count('views.open'), said()];
  lines.length = 0;
  ticks.length = 0;
  channel.archived = cell.channel.id === channels.archived.id;
  const response = await act();
  channel.archived = false;

  const inModal = way === 'view' && JSON.stringify(response ?? {}).includes('response_action');
  const allowed = isAllowed(kind, entry);
  // Whoever asked for a plan has their first answer before it is asked for.
  const asked = (): boolean => !allowed || entry !== 'plan' || ticks.length > 0;
  const seen = (): boolean => inModal || (said() !== told && asked()) || slack.count('views.open') > views;
  const silent = allowed && entry === 'onboard';
  const answered = silent || (await vi.waitUntil(seen, { timeout: 10_000, interval: 2 }).catch(() => false));
  const after = await records.latest(name);
  const refusals = lines.filter(({ message }) => message === 'refused').map(({ fields }) => fields);
  const opened = slack.count('views.open') - views;
  const claims = allowed
    ? {
        'there was no answer': !answered,
        'it was refused': refusals.length > 0,
        'it had no effect': isFor[entry] !== 'everybody' && !effectOf(entry, after, opened, ticks),
        'it changed something': isFor[entry] === 'everybody' && after?.revision !== before?.revision,
      }
    : {
        'there was no answer': !answered,
        'there is not one line of the refusal': refusals.length !== 1,
        'the line does not say who, what, where and why':
          refusals[0]?.['by'] !== id ||
          refusals[0]['entry'] !== entry ||
          refusals[0]['channel'] !== (way === 'view' ? '' : channel.id) ||
          !/^[a-z-]+$/.test(String(refusals[0]['reason'])),
        'it changed something': after?.id !== before?.id || after?.revision !== before?.revision,
        'somebody was woken': ticks.length > 0,
        'a list was shown': opened > 0,
      };
  if (after !== undefined) await records.change(after.id, over(channel.id));
  return Object.entries(claims).flatMap(([claim, holds]) => (holds ? [claim] : []));
}

/** Nobody waits any more for the thread of a run that a cell has started. */
const over =
  (channel: string): Change =>
  run => ({ next: { ...run, thread: { channel, ts: '1.1', place: 'channel' }, due: null }, kind: 'over' });

const cells = Object.entries(waysIn).flatMap(([way, entries]) =>
  entries.flatMap(entry => (Object.keys(kinds) as Kind[]).map(kind => ({ way, entry, kind }))),
);

describe('everything that can be typed, pressed or submitted, by everybody', () => {
  it.each(places)(
    'in a %s channel, does what it should and nothing else',
    async (place: Place) => {
      const wrong: Record<string, string[]> = {};
      for (const cell of cells) {
        const { slack } = front;
        const channel =
          place === 'direct message' ? slack.direct(kinds[cell.kind].id) : slack.channel(channels[place].id);
        const faults = await faultsOf({ ...cell, channel });
        if (faults.length > 0) wrong[`${cell.way} ${cell.entry} by ${cell.kind}`] = faults;
      }
      expect(wrong).toEqual({});
    },
    240_000,
  );

  it('is the full product of all entries, kinds of people and kinds of places', () => {
    expect(new Set(Object.values(waysIn).flat())).toEqual(new Set(Object.keys(isFor)));
    expect(cells.length * places.length).toBe(25 * Object.keys(kinds).length * 6);
  });

  it('comes in through the listeners that the app has, and no others', () => {
    const sources = readdirSync('src/slack').map(file => readFileSync(`src/slack/${file}`, 'utf8'));
    const registered = sources.flatMap(text =>
      [...text.matchAll(/\bapp\s*\.(\w+)\s*[(<]/g)].map(match => match[1] ?? ''),
    );
    const running = new Set(['start', 'stop', 'connected']);
    expect(registered.filter(name => !running.has(name)).toSorted()).toEqual(Object.keys(waysIn).toSorted());
  });
});
