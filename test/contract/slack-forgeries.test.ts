import { Agent, request as open } from 'node:http';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signed } from '../../src/sandbox/slack-requests.ts';
import type { Message } from '../../src/sandbox/slack-state.ts';
import { boxOf } from '../../src/slack/review.ts';
import { approver, requester, secondApprover } from '../support/builders.ts';
import { lead, openSlackHouse, other, type SlackHouse, stranger } from '../support/slack-house.ts';
import { failure } from '../support/world.ts';

const requests = 10_000;
const atOnce = 8;
const anna = 'anna.meyer@harbour.example';

let house: SlackHouse;
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  house = await openSlackHouse(undefined, {}, 'http');
});
afterAll(async () => {
  agent.destroy();
  await house.close();
});

/** One press as Slack delivers it, in the parts that count. */
interface Press {
  action: string;
  value: unknown;
  user: string;
  team: string;
  channel: string;
  ts: string;
  ephemeral: boolean;
}

const users = [requester, approver, secondApprover, lead, other, stranger, 'U0NOBODY', ''];
const without = (...those: string[]) => users.filter(each => !those.includes(each));

/** A button as it really stands somewhere, who may press it, and what else carries the value that it carries. */
interface Door {
  press: Omit<Press, 'user'>;
  may: string[];
  alike: string[];
}

const valueIn = (message: Message, action: string): string => {
  const found = JSON.stringify(message.blocks).match(
    `"action_id":"${action}".*?"value":"((?:[^"\\\\]|\\\\.)*)"`,
  );
  if (found === null) throw new Error(`there is no ${action}`);
  return JSON.parse(`"${found[1]}"`) as string;
};

/** A press that is right in all but one thing, and perhaps strange besides. */
function forgeries(doors: readonly Door[]): fc.Arbitrary<object> {
  const values = doors.map(({ press }) => press.value as string);
  const decidable = doors.filter(({ press }) => press.action === 'approve');
  const junk = fc.oneof(
    fc.constantFrom<unknown>(null, 0, '', [], {}, true, '__proto__', 'x'.repeat(5_000)),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  const wrongIn = ({ press, may, alike }: Door): fc.Arbitrary<Press> => {
    const value = press.value as string;
    const anybody = fc.constantFrom(...may);
    const change = (part: Partial<Press>, user = anybody) =>
      user.map(each => ({ ...press, user: each, ...part }));
    const of = (part: fc.Arbitrary<Partial<Press>>) => part.chain(each => change(each));
    const damaged = fc
      .tuple(fc.nat(value.length - 1), fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }))
      .map(([at, put]) => value.slice(0, at) + put + value.slice(at + 1))
      // A claim that still says the same is none that was forged.
      .filter(text => !sameClaim(text, value));
    const place: fc.Arbitrary<Partial<Press>> =
      press.action === 'start'
        ? fc.constant({ ephemeral: false })
        : fc.oneof(
            fc.stringMatching(/^1[0-9]{9}\.[0-9]{6}$/).map(ts => ({ ts })),
            fc
              .constantFrom(...doors.map(door => door.press.ts).filter(ts => ts !== press.ts), '')
              .map(ts => ({ ts })),
            fc
              .constantFrom('C0NOWHERE', '', house.slack.channel('elsewhere').id)
              .map(channel => ({ channel })),
          );
    return fc.oneof(
      change({}, fc.constantFrom(...without(...may))),
      of(place),
      of(fc.constantFrom('T0ELSEWHERE', '').map(team => ({ team }))),
      of(
        fc
          .constantFrom(
            '',
            'approve ',
            'Approve',
            'constructor',
            '__proto__',
            'approve',
            'retry',
            'go-on',
            'stop',
            'details',
            'cluster',
            'start',
            'discard',
          )
          .filter(action => !alike.includes(action) && action !== press.action)
          // Discard belongs into a message that one person alone sees: anywhere else it is forged too.
          .map(action => ({ action, ephemeral: false })),
      ),
      of(
        fc
          .oneof(
            damaged,
            junk,
            fc.constantFrom(...values.filter(each => each !== value), '{}', 'null', undefined),
          )
          .map(each => ({ value: each })),
      ),
    );
  };
  const strange = fc.dictionary(
    fc.constantFrom(
      'trigger_id',
      'message',
      'channel',
      'container',
      'user',
      'view',
      'token',
      'actions',
      'event_ts',
    ),
    junk,
    { maxKeys: 1 },
  );
  return fc
    .tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.oneof(...doors.map(wrongIn)).map(asSlackSends) },
        { weight: 1, arbitrary: fc.oneof(...decidable.map(forgedSubmissions)) },
      ),
      fc.option(strange, { freq: 3 }),
    )
    .map(([sent, more]) => ({ ...sent, ...more }));
}

function sameClaim(text: string, value: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(JSON.parse(value));
  } catch {
    return false;
  }
}

/** A submission that is right in all but one thing: of a modal that a person with a right could have before them. */
function forgedSubmissions({ press, may }: Door): fc.Arbitrary<object> {
  const value = press.value as string;
  const anybody = fc.constantFrom(...may);
  const box = { 'people-1': { 'people-1': { selected_options: [{ value: boxOf(anna) }] } } };
  const right = {
    user: may[0] ?? '',
    team: press.team,
    claim: value,
    filled: { reason: { reason: { value: 'No.' } }, ...box },
  };
  const callback = fc.constantFrom<string[]>('decline-because', 'approve-those');
  const of = (change: fc.Arbitrary<Partial<typeof right>>, callbacks = callback) =>
    fc
      .tuple(anybody, change, callbacks)
      .map(([user, part, name]) => asSubmitted({ ...right, user, ...part }, name));
  const junk = fc.oneof(
    fc.constantFrom<unknown>(null, 0, '', [], {}, true),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  return fc.oneof(
    of(fc.constantFrom(...without(...may)).map(user => ({ user }))),
    of(fc.constantFrom('T0ELSEWHERE', '').map(team => ({ team }))),
    of(
      fc
        .tuple(fc.nat(value.length - 1), fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }))
        .map(([at, put]) => value.slice(0, at) + put + value.slice(at + 1))
        .filter(text => !sameClaim(text, value))
        .map(claim => ({ claim })),
    ),
    of(fc.constantFrom('', '{}', 'null', '[]').map(claim => ({ claim }))),
    of(
      fc.constant({}),
      fc.constantFrom<string[]>('', 'decline', 'review', 'approve', '__proto__', 'constructor'),
    ),
    of(
      fc
        .oneof(junk, fc.array(junk, { maxLength: 3 }))
        .map(each => ({ reason: { reason: { value: each } }, ...boxesOf(each) }) as never)
        .filter(({ reason }: typeof right.filled) => typeof reason.reason.value !== 'string')
        .map(filled => ({ filled })),
    ),
    // A box that the list does not have, beside one that it has.
    of(
      fc.string({ unit: 'binary', maxLength: 24 }).map(other => ({
        filled: {
          reason: { reason: { value: '' } },
          ...boxesOf([{ value: boxOf(anna) }, { value: `${other}?` }]),
        } as never,
      })),
    ),
  );
}

const boxesOf = (selected_options: unknown) => ({ 'people-1': { 'people-1': { selected_options } } });

const asSubmitted = (
  { user, team, claim, filled }: { user: string; team: string; claim: string; filled: object },
  callback: string,
) => ({
  type: 'view_submission',
  user: { id: user, team_id: team },
  team: { id: team },
  trigger_id: `${++serial}.1`,
  view: {
    id: 'V1',
    type: 'modal',
    callback_id: callback,
    private_metadata: claim,
    blocks: [{ type: 'input', block_id: 'reason' }],
    state: { values: filled },
  },
});

let serial = 0;
const asSlackSends = ({ action, value, user, team, channel, ts, ephemeral }: Press) => ({
  type: 'block_actions',
  user: { id: user, team_id: team },
  team: { id: team },
  trigger_id: `${++serial}.1`,
  container: { type: 'message', message_ts: ts, channel_id: channel, is_ephemeral: ephemeral },
  channel: { id: channel },
  message: { ts },
  actions: [{ type: 'button', action_id: action, block_id: 'b', value, action_ts: '1.1' }],
});

const send = (payload: object): Promise<number> => {
  const body = new URLSearchParams({ payload: JSON.stringify(payload), at: String(++serial) }).toString();
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...signed(house.slack.signingSecret, body, Math.floor(Date.now() / 1000)),
  };
  return new Promise((resolve, reject) => {
    const [url = ''] = house.slack.settings.requestUrls;
    const request = open(url, { method: 'POST', headers, agent }, response => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject).end(body);
  });
};

/** An approval that is awaited, a failure that can be tried again, and the button below names that nobody listed. */
async function openDoors(): Promise<Door[]> {
  const { slack, world } = house;
  await house.type('onboard payments-eu strict');
  const approval = await house.message('approval-1', /payments-eu strict/);
  const error = failure({ retryable: false, applied: 'no' });
  world.faults.set('create environment', { error });
  await house.type('onboard payments-us dev');
  const failed = await house.message('failure-1', /Retry/);
  const at = ({ channel, ts }: Message) => ({ team: slack.team.id, channel, ts, ephemeral: false });
  const gate = ['approve', 'decline', 'review'].map(action => ({
    press: { action, value: valueIn(approval, action), ...at(approval) },
    may: [approver, secondApprover, lead, ...(action === 'review' ? [requester] : [])],
    alike: ['approve', 'decline', 'review'],
  }));
  const retry = {
    press: { action: 'retry', value: valueIn(failed, 'retry'), ...at(failed) },
    may: [requester, approver, secondApprover, lead],
    alike: [],
  };
  const start = {
    press: { ...retry.press, action: 'start', value: '{"text":"onboard payments-eu dev"}', ephemeral: true },
    may: [requester, lead],
    alike: ['discard'],
  };
  return [...gate, retry, start];
}

it(`nothing comes of ${requests} presses and submissions that are signed and wrong in one thing, and each is answered`, async () => {
  const doors = await openDoors();
  const before = await house.records.recent(10);
  const calls = house.world.mutating().length;
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.array(forgeries(doors), { minLength: atOnce, maxLength: atOnce }), async presses => {
      for (const status of await Promise.all(presses.map(send))) statuses.add(status);
      expect(await house.records.recent(10)).toEqual(before);
    }),
    // What one press has done cannot be undone, so there is nothing to shrink.
    { numRuns: requests / atOnce, endOnFailure: true },
  );
  // Returns once every press has been worked off.
  await house.bot.stop();
  expect(await house.records.recent(10)).toEqual(before);
  // 500: what Bolt itself cannot read, caught and answered.
  expect([...statuses].filter(status => ![200, 404, 500].includes(status))).toEqual([]);
  expect(house.world.mutating()).toHaveLength(calls);
  expect(house.slack.count('views.open')).toBe(0);
}, 3_600_000);
