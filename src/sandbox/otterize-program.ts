/**
 * The `otterize` command line, version 2.0.3, for machines without it: the words, flags, output, exit codes and faults of
 * the part that onboarding needs. It knows nothing of the stand-in cloud; any server with the same REST routes will do.
 */
import {
  checkUsage,
  type Environment,
  Exit,
  fail,
  failAuthentication,
  findCommand,
  invocationOf,
  panic,
  readArguments,
  type Setting,
  settingsOf,
} from './otterize-arguments.ts';
import { type Command, type Invocation, nouns } from './otterize-commands.ts';
import { printf, readInto, toJson } from './otterize-go.ts';

const addressOf = (setting: Setting): string => setting('api-address') ?? 'https://app.otterize.com/api';

/** [RUN] The order in which credentials are chosen; client credentials count only with an explicit address. */
async function tokenOf(setting: Setting, deadline: AbortSignal): Promise<string> {
  const [id, secret] = [setting('client-id'), setting('client-secret')];
  if (id !== undefined && secret !== undefined && setting('api-address') !== undefined) {
    const form = { client_id: id, client_secret: secret, grant_type: 'client_credentials' };
    const url = `${addressOf(setting)}/auth/tokens/token`;
    const options = { method: 'POST', body: new URLSearchParams(form), signal: deadline };
    const response = await fetch(url, options).catch(panic);
    return response.ok ? ((await response.json()) as { access_token: string }).access_token : panic();
  }
  const token = setting('token') ?? failAuthentication('no API credentials were provided');
  const expiry = setting('token-expiry');
  if (expiry !== undefined && Date.parse(expiry) < Date.now()) {
    failAuthentication('your Otterize session token is expired');
  }
  return token;
}

interface Failure extends Error {
  cause?: { code?: string; address?: string; port?: number; hostname?: string };
}

/** What Go's client says of a call that brought no answer. */
function networkError(method: string, url: string, error: Failure): never {
  const { code, address, port, hostname } = error.cause ?? {};
  const reasons: Record<string, string> = {
    ECONNREFUSED: `dial tcp ${address}:${port}: connect: connection refused`,
    ENOTFOUND: `dial tcp: lookup ${hostname}: no such host`,
    ECONNRESET: 'read: connection reset by peer',
    DEPTH_ZERO_SELF_SIGNED_CERT:
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  };
  const reason = error.name === 'TimeoutError' ? 'context deadline exceeded' : (reasons[code ?? ''] ?? 'EOF');
  return fail(`${method.charAt(0)}${method.slice(1).toLowerCase()} ${JSON.stringify(url)}: ${reason}`);
}

async function failStatus(response: Response): Promise<never> {
  const body = (await response.json().catch(() => ({}))) as { errors?: { message?: string }[] };
  const message = `${body.errors?.[0]?.message ?? response.statusText} (HTTP error ${response.status})`;
  return response.status === 401 ? failAuthentication(message) : fail(message);
}

async function call(command: Command, invocation: Invocation, setting: Setting): Promise<unknown> {
  // [RUN] The organization is looked for before the credentials, whichever the command.
  const organization = setting('org-id') ?? fail('no organization exists in config or as parameter');
  const deadline = AbortSignal.timeout(60_000);
  const token = await tokenOf(setting, deadline);
  const { method, path, query = {}, body } = command.request(invocation);
  const url = new URL(`${addressOf(setting)}/rest/v1beta${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const headers = {
    authorization: `Bearer ${token}`,
    'x-otterize-organization': organization,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const options = { method, headers, signal: deadline, ...(body && { body: JSON.stringify(body) }) };
  const response = await fetch(url, options).catch((error: Failure) => networkError(method, url.href, error));
  if (!response.ok) await failStatus(response);
  // [RUN] Any other success, or any other content type, leaves the answer zero-valued.
  const understood = response.status === 200 && (response.headers.get('content-type') ?? '').includes('json');
  if (!understood) return undefined;
  return await response.json().catch(() => fail('unexpected end of JSON input'));
}

const checkEmail = (email: string | undefined): void => {
  if (email === undefined || /^[^\s@]+@[^\s@]+\.[^\s@]+$/u.test(email)) return;
  fail('json: error calling MarshalJSON for type types.Email: email: failed to pass regex validation');
};

/** [RUN] Always an array, also around one object; text is for people and never parsed. */
function printed(command: Command, answer: unknown, setting: Setting): string {
  const { form, list } = command;
  if (form === undefined) return '';
  if (list !== undefined && answer !== undefined && answer !== null && !Array.isArray(answer)) {
    fail('json: cannot unmarshal object into Go value of type []cloudapi');
  }
  const items = list === undefined ? [readInto(form, answer)] : readInto([form], answer);
  if (setting('format') === 'json') return printf(`${toJson(items)}\n`);
  const rows = (items ?? []) as { id: string; name?: string; email?: string }[];
  const lines = rows.map(({ id, name, email }) => `${id}  ${name ?? email ?? ''}`);
  return lines.length === 0 ? 'Nothing found\n' : printf(`${['ID  NAME', ...lines].join('\n')}\n`);
}

/** [RUN] The program waits for its telemetry, up to ten seconds. */
async function sendTelemetry(setting: Setting, words: readonly string[]): Promise<void> {
  if ([setting('telemetry-enabled'), setting('telemetry-usage-enabled')].includes('false')) return;
  const command = { noun: words[0], verb: words[1], modifiers: words.slice(2) };
  const variables = { telemetry: { identifier: { version: 'v2.0.3' }, command } };
  await fetch(`${addressOf(setting)}/telemetry/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ operationName: 'SendCLITelemetry', variables }),
    signal: AbortSignal.timeout(10_000),
  }).catch(() => undefined);
}

/** What the program printed and how it ended. */
export interface Ended {
  stdout: string;
  stderr: string;
  code: number;
}

async function run(
  argv: readonly string[],
  env: Environment,
  print: (text: string) => void,
): Promise<string> {
  // [RUN] Without HOME the program crashes aloud, the only exit code but 0 and 1.
  if (env['HOME'] === undefined) throw new Exit(2, 'panic: $HOME is not defined\n');
  const line = readArguments(argv);
  const setting = settingsOf(line, env);
  if (['version', 'api-version'].includes(line.words[0] ?? '')) return 'Version: v2.0.3\n';
  const found = findCommand(line.words);
  if (found === 'help' || line.given.has('help'))
    return `Usage:\n  otterize [command]\n\nAvailable Commands:\n  ${Object.keys(nouns).join('\n  ')}\n`;
  checkUsage(found.command, found.args, line);
  const sent = sendTelemetry(setting, line.words);
  try {
    const invocation = invocationOf(found.args, line, setting);
    if (found.command.flags?.['email'] !== undefined) checkEmail(setting('email'));
    const answer = await call(found.command, invocation, setting);
    const says = found.command.says?.(invocation, answer);
    if (says !== undefined && setting('quiet') !== 'true') print(`${says}\n`);
    return printed(found.command, answer, setting);
  } finally {
    await sent;
  }
}

/** Runs the program once with these words and nothing of this process's environment. */
export async function runProgram(argv: readonly string[], env: Environment): Promise<Ended> {
  const said: string[] = [];
  try {
    const stdout = await run(argv, env, text => said.push(text));
    return { stdout, stderr: said.join(''), code: 0 };
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    return { stdout: '', stderr: [...said, error.message].join(''), code: error.code };
  }
}
