import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signed } from '../../src/sandbox/slack-requests.ts';
import { Secret } from '../../src/secret.ts';
import { createGuard, type Knock } from '../../src/slack/guard.ts';

const secret = 'a'.repeat(32);
const at = 1_700_000_000;
const body = 'command=%2Fotterize&text=status';

/** A guard at this moment, in milliseconds, and the keys by which it remembers. */
function guardAt(ms = at * 1000, secrets = [secret]) {
  const remembered: string[] = [];
  const guard = createGuard({
    secrets: secrets.map(each => new Secret(each)),
    now: () => ms,
    admit: async (key, { most, withinMs }) => {
      expect([most, withinMs >= 600_000]).toEqual([1, true]);
      remembered.push(key);
      return remembered.filter(each => each === key).length === 1;
    },
  });
  return { guard, remembered };
}

/** A request as Node gives it, with each header once. */
const knock = (headers: Record<string, string>, text = body): Knock => ({
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  body: Buffer.from(text),
});
const good = (seconds = at, by = secret): Knock => knock(signed(by, body, seconds));

const changed = (change: (headers: Record<string, string[]>) => void): Knock => {
  const { headers, body: bytes } = good();
  change(headers as Record<string, string[]>);
  return { headers, body: bytes };
};

const refusal = (reason: string) => ({ accepted: false, status: 401, reason });
const unsigned = refusal('it has no signature, or not exactly one');
const untimed = refusal('it has no timestamp that is a number, or not exactly one');
const forged = refusal('its signature does not fit');

describe('the guard', () => {
  it('accepts the example that Slack publishes', async () => {
    const text =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    const { guard } = guardAt(1_531_420_618_000, ['8f742231b10e8888abcd99yyyzzz85a5']);
    const headers = {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    };
    expect(await guard(knock(headers, text))).toEqual({ accepted: true });
  });

  it('accepts what either secret signed while one replaces the other, and no third', async () => {
    const { guard } = guardAt(undefined, ['b'.repeat(32), secret]);
    expect(await guard(good(at, 'b'.repeat(32)))).toEqual({ accepted: true });
    expect(await guard(good(at, secret))).toEqual({ accepted: true });
    expect(await guard(good(at, 'c'.repeat(32)))).toEqual(forged);
  });

  it.each([-300, 0, 300])('accepts a timestamp that is %i s away', async seconds => {
    // Slack counts whole seconds: what is left of this one does not matter.
    for (const ms of [0, 999])
      expect(await guardAt(at * 1000 + ms).guard(good(at + seconds))).toEqual({ accepted: true });
  });

  it.each([-301, 301, -86_400, 315_360_000])('refuses one that is %i s away', async seconds => {
    const expected = refusal(`its timestamp is ${seconds} s away from this clock`);
    for (const ms of [0, 999])
      expect(await guardAt(at * 1000 + ms).guard(good(at + seconds))).toEqual(expected);
  });

  it.each<[string, (headers: Record<string, string[]>) => void, object]>([
    ['no signature', headers => delete headers['x-slack-signature'], unsigned],
    ['an empty signature', headers => void (headers['x-slack-signature'] = []), unsigned],
    ['the signature twice', headers => void headers['x-slack-signature']?.push('v0=0'), unsigned],
    [
      'two signatures in one header',
      headers => {
        const value = headers['x-slack-signature']?.[0];
        headers['x-slack-signature'] = [`${value}, ${value}`];
      },
      unsigned,
    ],
    [
      'the signature in capitals',
      headers => {
        const value = headers['x-slack-signature']?.[0]?.slice(3).toUpperCase();
        headers['x-slack-signature'] = [`v0=${value}`];
      },
      unsigned,
    ],
    [
      'a version that is not known',
      headers => {
        const value = headers['x-slack-signature']?.[0]?.slice(2);
        headers['x-slack-signature'] = [`v1${value}`];
      },
      unsigned,
    ],
    [
      'something before the signature',
      headers => {
        headers['x-slack-signature'] = [`x${headers['x-slack-signature']?.[0]}`];
      },
      unsigned,
    ],
    ['a signature that is cut off', headers => void (headers['x-slack-signature'] = ['v0=ab']), unsigned],
    ['another signature', headers => void (headers['x-slack-signature'] = [`v0=${'0'.repeat(64)}`]), forged],
    ['no timestamp', headers => delete headers['x-slack-request-timestamp'], untimed],
    ['the timestamp twice', headers => void headers['x-slack-request-timestamp']?.push('1'), untimed],
    ['another timestamp', headers => void (headers['x-slack-request-timestamp'] = [`${at + 1}`]), forged],
    [
      'the timestamp written otherwise',
      headers => void (headers['x-slack-request-timestamp'] = [`0${at}`]),
      forged,
    ],
  ])('refuses a request with %s', async (_what, change, expected) => {
    const { guard, remembered } = guardAt();
    expect(await guard(changed(change))).toEqual(expected);
    expect(remembered).toEqual([]);
  });

  it.each(['', 'NaN', 'Infinity', `${at}.0`, `+${at}`, `${at}x`, `x${at}`, '1.7e9', ' '])(
    'refuses %j as a timestamp, even signed',
    async timestamp => {
      const headers = { ...signed(secret, body, timestamp as unknown as number) };
      expect(await guardAt().guard(knock(headers))).toEqual(untimed);
    },
  );

  it('refuses a body that is another by one bit', async () => {
    const { headers, body: bytes } = good();
    for (let index = 0; index < bytes.length; index += 1) {
      const other = Buffer.from(bytes);
      other[index] = (other[index] ?? 0) ^ 1;
      expect(await guardAt().guard({ headers, body: other })).toEqual(forged);
    }
  });

  it('judges the bytes, not what they look like as text', async () => {
    const one = Buffer.from([0xff]);
    const other = Buffer.from([0xfe]);
    expect(one.toString()).toBe(other.toString());
    const headers = signed(secret, one.toString(), at);
    for (const bytes of [one, other])
      expect(await guardAt().guard({ headers: knock(headers).headers, body: bytes })).toEqual(forged);
  });

  it('lets each request through once, by a key that does not tell the signature', async () => {
    const { guard, remembered } = guardAt();
    const first = good();
    expect(await guard(first)).toEqual({ accepted: true });
    expect(await guard(first)).toEqual(refusal('it was here before'));
    expect(await guard(good(at + 1))).toEqual({ accepted: true });
    const [signature = ''] = first.headers['x-slack-signature'] ?? [];
    expect(remembered[0]).toBe(`request-${createHash('sha256').update(signature).digest('hex')}`);
    expect(remembered[0]).not.toContain(signature.slice(3));
  });

  it('accepts nothing while the memory does not answer', async () => {
    const error = new Error('no answer');
    const guard = createGuard({
      secrets: [new Secret(secret)],
      now: () => at * 1000,
      admit: () => Promise.reject(error),
    });
    expect(await guard(good())).toEqual({
      accepted: false,
      status: 503,
      reason: 'the records cannot tell whether it was here before',
      error,
    });
    expect(await guard(good(at - 301))).toMatchObject({ status: 401 });
  });
});
