import type { StandIn } from '../../src/sandbox/kit.ts';

type Act = Parameters<NonNullable<StandIn['hooks']['around']>>[1];

/**
 * How a fault that happens once ends: the run recovers by itself (`recovered`), or it stops, says why and what to do, and
 * goes on with Retry (`failed`). Either way the world is then as after an undisturbed run.
 */
type End = 'recovered' | 'failed';

export interface Fault {
  service: string;
  name: string;
  /** The operations that it fits; all of the service's when left out. */
  fits?: RegExp;
  end: End;
  /** Operations after which it ends otherwise. */
  except?: RegExp;
  happen(act: Act): Promise<Response>;
}

const answer =
  (status: number, body: object, headers: Record<string, string> = {}) =>
  async (): Promise<Response> =>
    new Response(JSON.stringify(body), {
      status,
      headers: { 'content-type': 'application/json', ...headers },
    });

const cut = async (act: Act): Promise<Response> => act.cut();
const lose = async (act: Act): Promise<Response> => {
  await act.apply();
  return act.cut();
};
const applied =
  (then: () => Promise<Response>) =>
  async (act: Act): Promise<Response> => {
    await act.apply();
    return await then();
  };
const hang = (): Promise<Response> => new Promise(() => undefined);

type Body = (status: number) => object;

/** What a service answers with each of these statuses, before and after doing what it was asked for. */
function statuses(service: string, body: Body, ends: Readonly<Record<number, End>>): Fault[] {
  return Object.entries(ends).map(([status, end]) => ({
    service,
    name: status,
    end,
    happen: answer(Number(status), body(Number(status)), status === '429' ? { 'Retry-After': '1' } : {}),
  }));
}

const broken = (service: string, body: Body): Fault[] => [
  { service, name: 'no answer, nothing done', end: 'recovered', happen: cut },
  { service, name: 'no answer, but done', end: 'recovered', happen: lose },
  { service, name: 'hangs', end: 'recovered', happen: hang },
  { service, name: '500, but done', end: 'recovered', happen: applied(answer(500, body(500))) },
];

const otterizeBody: Body = status => ({ errors: [{ message: `status ${status}` }] });
const azureBody: Body = status => ({ error: { code: `Code${status}`, message: 'refused' } });
const gitHubBody: Body = status => ({ message: `status ${status}`, documentation_url: '' });

const otterize: Fault[] = [
  ...statuses('Otterize', otterizeBody, {
    400: 'failed',
    401: 'failed',
    403: 'failed',
    404: 'failed',
    408: 'recovered',
    409: 'recovered',
    422: 'failed',
    429: 'recovered',
    500: 'recovered',
    502: 'recovered',
    503: 'recovered',
    504: 'recovered',
  }),
  ...broken('Otterize', otterizeBody),
];

const cli: Fault[] = (
  [
    ['killed before', 'recovered'],
    ['killed after', 'recovered'],
    ['hangs before', 'recovered'],
    ['hangs after', 'recovered'],
    ['exit 1 although done', 'failed'],
    ['a notice before JSON', 'failed'],
    ['half of it', 'failed'],
    ['nothing', 'failed'],
    ['an empty id', 'failed'],
    ['damaged text', 'failed'],
    ['ten megabytes', 'failed'],
    ['something else', 'failed'],
  ] as const
).map(([name, end]) => ({ service: 'CLI', name, end, happen: answer(200, { how: name }) }));

const keyVault: Fault[] = [
  ...statuses('Key Vault', azureBody, {
    400: 'failed',
    403: 'failed',
    409: 'recovered',
    429: 'recovered',
    500: 'recovered',
    503: 'recovered',
  }),
  ...broken('Key Vault', azureBody),
];

const entra: Fault[] = [
  ...statuses('Entra', azureBody, {
    400: 'failed',
    403: 'failed',
    429: 'recovered',
    500: 'recovered',
    503: 'recovered',
    504: 'recovered',
  }),
  ...broken('Entra', azureBody),
].map(fault => ({ ...fault, fits: /^(list|get|token)/ }));

const gitHub: Fault[] = [
  ...statuses('GitHub', gitHubBody, {
    401: 'failed',
    403: 'failed',
    404: 'failed',
    409: 'recovered',
    422: 'failed',
    429: 'recovered',
    500: 'recovered',
    502: 'recovered',
    503: 'recovered',
  }),
  {
    service: 'GitHub',
    name: 'secondary limit',
    end: 'recovered',
    happen: answer(403, { message: 'You have exceeded a secondary rate limit.' }, { 'Retry-After': '1' }),
  },
  ...broken('GitHub', gitHubBody),
];

const refusal = (error: string) => answer(200, { ok: false, error });
const slackCodes = [
  'is_archived',
  'not_in_channel',
  'token_revoked',
  'invalid_blocks',
  'ratelimited',
  'internal_error',
  'fatal_error',
  'channel_not_found',
  'message_not_found',
  'msg_too_long',
];

/** Trouble in Slack never fails an onboarding, and repeats none of it. */
const slack: Fault[] = [
  ...slackCodes.map(
    (code): Fault => ({ service: 'Slack', name: code, end: 'recovered', happen: refusal(code) }),
  ),
  {
    service: 'Slack',
    name: '429',
    end: 'recovered',
    happen: answer(429, { ok: false, error: 'ratelimited' }, { 'Retry-After': '1' }),
  },
  ...broken('Slack', () => ({})),
];

export const faults: readonly Fault[] = [...otterize, ...cli, ...keyVault, ...entra, ...gitHub, ...slack];
