import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { usages } from '../../src/onboarding/command.ts';
import { isPlan } from '../../src/onboarding/plans.ts';
import type { Change, Run } from '../../src/onboarding/run.ts';
import { rolloutName } from '../../src/onboarding/selection.ts';
import type { Store } from '../../src/onboarding/store.ts';
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
  choose: 'requesters',
  new: 'requesters',
  chosen: 'requesters',
  'onboard-form': 'requesters',
  'onboard-start': 'requesters',
  suggest: 'everybody',
  home: 'everybody',
  'approve-those': 'approvers',
  review: 'concerned',
  retry: 'concerned',
  'go-on': 'concerned',
  stop: 'concerned',
  details: 'concerned',
  cluster: 'concerned',
  cancel: 'concerned',
};

const verbs = [...(Object.keys(usages) as (keyof typeof usages)[]), 'choose', 'usage'] as const;

/** The app's listeners, and what comes in through each. */
const waysIn = {
  command: [...verbs, 'unknown'],
  app_mention: verbs,
  message: verbs,
  action: [...actionIds, 'unknown'],
  view: [...callbackIds, 'unknown'],
  options: ['suggest'],
  app_home_opened: ['home'],
} as const satisfies Record<string, readonly Entry[]>;
type Way = keyof typeof waysIn;

/** What people write, as they write everything else. */
const written: ReadonlySet<Way> = new Set(['app_mention', 'message']);

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

const clusters = Array.from({ length: 2_100 }, (_, index) => `c${index}`);
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
let store: Store;
let front: Front;
let serial = 0;
const nextCluster = (): string => clusters[serial++ % clusters.length] ?? '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holt-matrix-'));
  store = openEmbeddedStore(join(folder, 'holt.sqlite'));
  front = await openFront({
    configuration,
    workspace: {
      users: Object.entries(kinds).map(([name, kind]) => ({ ...kind, name })),
      userGroups: [{ id: 'S0LEADS', handle: 'leads', users: ['U0SINGLE', requester] }],
      channels: Object.values(channels),
    },
    stores: [store],
  });
});
afterAll(async () => {
  await front.close();
  rmSync(folder, { recursive: true });
});

interface Cell {
  kind: Kind;
  entry: Entry;
  way: Way;
  channel: Channel;
}

/** Whether this can be done there at all: nobody can write into an archived channel, a search and a Home tab stand in none. */
function isPossible(way: Way, place: Place, kind: Kind): boolean {
  switch (way) {
    case 'message':
      return place === 'direct message';
    case 'app_mention':
      return place !== 'direct message' && place !== 'archived';
    case 'app_home_opened':
      // Our app has no Home tab for people of other companies.
      return place === 'direct message' && kind !== 'outsider';
    case 'options':
      return place === 'public';
    default:
      return true;
  }
}

/** Bots are not heard when they write: two of them would talk to each other for ever. */
const isUnheard = ({ way, kind }: Pick<Cell, 'way' | 'kind'>): boolean => written.has(way) && kind === 'bot';

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
  if (way === 'options') return { name, act: () => slack.forgeSearch(id, 'cluster', cluster) };
  if (way === 'app_home_opened') return { name, act: () => slack.openHome(id) };
  if (way !== 'action' && way !== 'view') {
    if (entry === 'cancel') await front.asked(seed);
    if (entry === 'retry') await front.failed(seed);
    const text =
      entry === 'usage'
        ? 'onbord'
        : entry === 'choose'
          ? 'onboard'
          : ['onboard', 'plan', 'status', 'retry', 'cancel'].includes(entry)
            ? `${entry} ${target}`
            : entry === 'can'
              ? `can approve ${target}`
              : entry;
    const command = entry === 'unknown' ? '/other' : '/otterize';
    const act = {
      command: () => slack.command(id, channel.id, command, text),
      app_mention: () => slack.say(id, channel.id, `@holt ${text}`),
      message: () => slack.say(id, channel.id, text),
    };
    return { name, act: act[way] };
  }
  if (entry === 'onboard-form' || entry === 'onboard-start') {
    // In the direct messages with the bot the form asks for a channel.
    const claim = channel.kind === 'im' ? {} : { channel: channel.id };
    const form = { callback_id: 'onboard-form', private_metadata: JSON.stringify(claim), ...chosen(cluster) };
    if (entry === 'onboard-form') return { name, act: () => slack.forgeSubmission(id, form) };
    const shown = (await slack.forgeSubmission(requester, form)) as { view: { private_metadata: string } };
    const { private_metadata } = shown.view;
    return { name, act: () => slack.forgeSubmission(id, { callback_id: entry, private_metadata }) };
  }
  if (entry === 'chosen' && isAllowed(kind, entry)) {
    await slack.command(id, channel.id, '/otterize', 'onboard');
    const view = slack.views(id).at(-1)?.id ?? '';
    return { name, act: () => slack.choose(id, view, 'cluster', { cluster }) };
  }
  if (['start', 'discard', 'new', 'chosen'].includes(entry)) {
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

/** What is filled in into the form of an onboarding. */
const chosen = (cluster: string) => ({
  state: {
    values: {
      cluster: { chosen: { type: 'external_select', selected_option: { value: cluster } } },
      stage: { chosen: { type: 'external_select', selected_option: { value: 'prod' } } },
      channel: { chosen: { type: 'conversations_select', selected_conversation: channels.public.id } },
    },
  },
});

/** What is filled in. */
const boxes = { type: 'checkboxes', selected_options: [{ value: boxOf(address(0)) }] };
const reason = { type: 'plain_text_input', value: 'No.' };
const filled = { state: { values: { reason: { reason }, 'people-1': { 'people-1': boxes } } } };

const ofRollouts: ReadonlySet<Entry> = new Set(['go-on', 'stop', 'details', 'cluster']);

/** What came of an act besides what is written of a run. */
interface Came {
  /** How many modals were opened. */
  views: number;
  /** What Slack was told to do with a modal, or the options that were offered. */
  response: string;
  /** All that this person reads. */
  told: string;
  /** What is kept of what they chose in the form. */
  kept: string;
  /** What was woken. */
  ticks: readonly string[];
}

/** What an entry has done, if it did what it is for. */
function effectOf(entry: Entry, run: Run | undefined, { views, response, told, kept, ticks }: Came): boolean {
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
    choose: views === 1 || told.includes('"action_id":"new"'),
    new: views === 1,
    chosen: kept !== '',
    'onboard-form': response.includes('"push"'),
    'onboard-start': run?.request.by !== undefined,
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
  // Nothing that is read changes without a call of the app's, but for what comes with an acknowledgement.
  const read = { calls: -1, text: '' };
  const said = (): string => {
    if (read.calls !== slack.calls.length)
      Object.assign(read, {
        calls: slack.calls.length,
        text: JSON.stringify([
          slack.ephemerals(id),
          slack.messages(channel.id).filter(({ user }) => user === slack.bot.user),
        ]),
      });
    return read.text;
  };
  const shown = (): number => slack.count('views.open') + slack.count('views.publish');
  const kept = async (): Promise<string> => (await store.notes.read(`form-${id}`)) ?? '';
  const [views, opens, told] = [shown(), slack.count('views.open'), said()];
  await store.notes.write(`form-${id}`, '');
  lines.length = 0;
  ticks.length = 0;
  channel.archived = cell.channel.id === channels.archived.id;
  const response = JSON.stringify((await act()) ?? {});
  channel.archived = false;
  read.calls = -1;

  const atOnce =
    (way === 'view' && response.includes('response_action')) ||
    (way === 'options' && response.startsWith('{"options":['));
  const allowed = isAllowed(kind, entry);
  // Whoever asked for a plan has their first answer before it is asked for.
  const asked = (): boolean => !allowed || entry !== 'plan' || ticks.length > 0;
  const seen = (): boolean => atOnce || (said() !== told && asked()) || shown() > views;
  const silent = allowed && (entry === 'onboard' || entry === 'chosen');
  // Whatever comes of it would come before the answer to what is typed next.
  if (isUnheard(cell)) await slack.command(kinds.other.id, channels.public.id, '/otterize', 'list');
  const waits = !silent && !isUnheard(cell);
  const answered = waits
    ? await vi.waitUntil(seen, { timeout: 10_000, interval: 2 }).catch(() => false)
    : seen();
  const after = await records.latest(name);
  const refusals = lines.filter(({ message }) => message === 'refused').map(({ fields }) => fields);
  const came = {
    views: slack.count('views.open') - opens,
    response,
    told: said(),
    kept: await kept(),
    ticks,
  };
  const claims = isUnheard(cell)
    ? {
        'there was an answer': answered,
        'there is a line': lines.length > 0,
        'it changed something': after?.id !== before?.id || after?.revision !== before?.revision,
      }
    : allowed
      ? {
          'there was no answer': waits && !answered,
          'it was refused': refusals.length > 0,
          'it had no effect': isFor[entry] !== 'everybody' && !effectOf(entry, after, came),
          'it changed something': isFor[entry] === 'everybody' && after?.revision !== before?.revision,
          'it is offered to the wrong people':
            entry === 'suggest' && response.includes('"value"') !== isAllowed(kind, 'onboard'),
        }
      : {
          'there was no answer': !answered,
          'there is not one line of the refusal': refusals.length !== 1,
          'the line does not say who, what, where and why':
            refusals[0]?.['by'] !== id ||
            refusals[0]['entry'] !== entry ||
            !placesOf(cell).includes(String(refusals[0]['channel'])) ||
            !/^[a-z-]+$/.test(String(refusals[0]['reason'])),
          'it changed something': after?.id !== before?.id || after?.revision !== before?.revision,
          'somebody was woken': ticks.length > 0,
          'a list was shown': came.views > 0,
          'something was kept': came.kept !== '',
        };
  if (after !== undefined) await records.change(after.id, over(channel.id));
  return Object.entries(claims).flatMap(([claim, holds]) => (holds ? [claim] : []));
}

/** Where a refusal may say that it was: a modal stands nowhere, but knows the channel that it is for. */
function placesOf({ way, channel }: Cell): string[] {
  if (way === 'view') return ['', channel.id, ...(channel.kind === 'im' ? [channels.public.id] : [])];
  return way === 'options' ? [''] : [channel.id];
}

/** Nobody waits any more for the thread of a run that a cell has started. */
const over =
  (channel: string): Change =>
  run => ({ next: { ...run, thread: { channel, ts: '1.1', place: 'channel' }, due: null }, kind: 'over' });

const cells = (Object.keys(waysIn) as Way[]).flatMap(way =>
  waysIn[way].flatMap(entry => (Object.keys(kinds) as Kind[]).map(kind => ({ way, entry, kind }))),
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
        if (!isPossible(cell.way, place, cell.kind)) continue;
        const faults = await faultsOf({ ...cell, channel });
        if (faults.length > 0) wrong[`${cell.way} ${cell.entry} by ${cell.kind}`] = faults;
      }
      expect(wrong).toEqual({});
    },
    240_000,
  );

  it('is the full product of all entries, kinds of people and kinds of places', () => {
    expect(new Set(Object.values(waysIn).flat())).toEqual(new Set(Object.keys(isFor)));
    expect(cells.length).toBe((12 + 11 + 11 + 13 + 5 + 1 + 1) * Object.keys(kinds).length);
  });

  it('comes in through the listeners that the app has, and no others', () => {
    const sources = readdirSync('src/slack', { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts'))
      .map(file => readFileSync(`src/slack/${file}`, 'utf8'));
    const registered = sources.flatMap(text =>
      [...text.matchAll(/\bapp\s*\.(\w+)\s*[(<]\s*'?(\w*)/g)].map(([, way = '', event = '']) =>
        way === 'event' ? event : way,
      ),
    );
    const running = new Set(['start', 'stop', 'connected']);
    expect(registered.filter(name => !running.has(name)).toSorted()).toEqual(Object.keys(waysIn).toSorted());
  });
});
