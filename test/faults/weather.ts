import type { Call, StandIn } from '../../src/sandbox/kit.ts';
import type { Ended } from '../../src/sandbox/otterize-program.ts';
import { chance, nameOf } from './points.ts';
import { answerOf, endedOf } from './program.ts';

type Around = NonNullable<StandIn['hooks']['around']>;
type Act = Parameters<Around>[1];
/** What happens to a call in place of its being served. */
export type Trouble = (call: Call, act: Act) => Promise<Response>;

/** The errors that each service answers with when it has done nothing; of Slack's, those that do not lie. */
const refusals: Readonly<Record<string, readonly number[]>> = {
  Otterize: [400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504],
  'Key Vault': [400, 403, 409, 429, 500, 503],
  Entra: [400, 403, 429, 500, 503, 504],
  GitHub: [401, 403, 404, 409, 422, 429, 500, 502, 503],
  Slack: [429, 500, 503],
};

/** In the form that each service's client knows. */
const bodies: Readonly<Record<string, object>> = {
  Otterize: { errors: [{ message: 'trouble' }] },
  GitHub: { message: 'trouble', documentation_url: '' },
  Slack: { ok: false, error: 'fatal_error' },
};
const azure = { error: { code: 'Trouble', message: 'trouble' } };

/** Half of those that ask for a pause do not say for how long. */
const answer = ({ service }: Call, status: number, says: boolean): Response =>
  new Response(JSON.stringify(bodies[service] ?? azure), {
    status,
    headers: { 'content-type': 'application/json', ...(says && status === 429 && { 'Retry-After': '1' }) },
  });

const refused =
  (status: number, says: boolean): Trouble =>
  async call =>
    answer(call, status, says);
const cut: Trouble = async (_call, act) => act.cut();
const lost: Trouble = async (_call, act) => {
  await act.apply();
  return act.cut();
};
const brokenAfterwards: Trouble = async (call, act) => {
  await act.apply();
  return answer(call, 500, false);
};
const hanging: Trouble = () => new Promise(() => undefined);

/** A program that ends without a word is killed; this one ends as it should and says something else. */
const killed: Trouble = async () => new Response('');
const killedAfterwards: Trouble = async (_call, act) => {
  await act.apply();
  return new Response('');
};
const saying =
  (change: (ended: Ended) => Partial<Ended>): Trouble =>
  async (_call, act) => {
    const ended = await endedOf(await act.apply());
    return answerOf({ ...ended, ...change(ended) });
  };
const ofTheProgram: readonly Trouble[] = [
  killed,
  killedAfterwards,
  hanging,
  saying(() => ({ code: 1 })),
  saying(({ stdout }) => ({ stdout: `A new version is available.\n${stdout}` })),
  saying(({ stdout }) => ({ stdout: stdout.slice(0, stdout.length / 2) })),
  saying(() => ({ stdout: '' })),
];

const troubles: Readonly<Record<string, readonly Trouble[]>> = {
  CLI: ofTheProgram,
  ...Object.fromEntries(
    Object.entries(refusals).map(([service, statuses]) => [
      service,
      [
        ...statuses.map(status => refused(status, true)),
        // From GitHub a refusal without a time means a minute for everybody: the weather would be nothing else.
        ...(service === 'GitHub' ? [] : [refused(429, false)]),
        cut,
        lost,
        hanging,
        brokenAfterwards,
      ],
    ]),
  ),
};
const usual = ({ service }: Call): readonly Trouble[] => troubles[service] ?? [];

export interface WeatherOptions {
  seed: number;
  /** How likely a call is to be hit. */
  rate: number;
  /** What can happen to a call; what its service may do when left out. */
  troublesOf?: ((call: Call) => readonly Trouble[]) | undefined;
}

export interface Weather {
  around: Around;
  /** How many calls came, and how many of them were hit. */
  readonly calls: number;
  readonly hits: number;
}

/** Lets trouble happen to each call with the given likelihood; to which call and what is drawn from the seed. */
export function createWeather({ seed, rate, troublesOf }: WeatherOptions): Weather {
  const seen = new Map<string, number>();
  const count = { calls: 0, hits: 0 };

  return {
    get calls() {
      return count.calls;
    },
    get hits() {
      return count.hits;
    },
    async around(call, act) {
      const key = `${call.service} ${nameOf(call)}`;
      const nth = (seen.get(key) ?? 0) + 1;
      seen.set(key, nth);
      const possible = (troublesOf ?? usual)(call);
      if (possible.length === 0) return await act.apply();
      count.calls += 1;
      if (chance(1_000, seed, key, nth) >= rate * 1_000) return await act.apply();
      count.hits += 1;
      const trouble = possible[chance(possible.length, seed, key, nth, 'which')] ?? cut;
      return await trouble(call, act);
    },
  };
}
