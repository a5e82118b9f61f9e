import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dumpOf } from '../support/redis-dump.ts';
import { wordsOf } from '../support/words.ts';
import type { Lane } from './lane.ts';

/** The ways in which a secret may be written. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.slice(0, 12),
  ];
}

/** Everything that no place but Key Vault and Otterize may hold. */
export function secretsOf({ sandbox }: Pick<Lane, 'sandbox'>): string[] {
  const configured = Object.entries(sandbox.environment)
    .filter(([name]) => /TOKEN$|SECRET$/.test(name))
    .map(([, value]) => value);
  return [...configured, ...sandbox.otterize.state.integrations.map(each => each.credentials.clientSecret)];
}

const textOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');

/** Command lines of all processes, as anybody on the machine can read them. */
export const commandLines = (): string =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    })
    .join('\n');

export type Sinks = Readonly<Record<string, string>>;

/** All places that a secret could have got to, as text. `seen` is what was sampled meanwhile. */
export async function sinksOf(lane: Lane, seen: Sinks = {}): Promise<Sinks> {
  const { slack, github, folder } = lane.sandbox;
  const repository = github.repository('harbour/clusters');
  const branches = [...new Set(['main', ...repository.pulls.map(({ head }) => head)])];
  const files = await Promise.all(branches.map(branch => repository.files(branch)));
  return {
    ...seen,
    'logs and output': lane.output(),
    Slack: wordsOf([
      slack.messages(lane.sandbox.channel),
      slack.ephemerals(lane.sandbox.requester),
      slack.ephemerals(lane.sandbox.approver),
    ]),
    Git: wordsOf(files),
    'pull requests': wordsOf(repository.pulls),
    'the data folder': textOf(folder),
    Redis: lane.redisUrl === undefined ? '' : await dumpOf(lane.redisUrl),
  };
}

/** The sinks that hold a secret in any of its forms. */
export const leaksIn = (sinks: Sinks, secrets: readonly string[]): string[] => {
  const forms = secrets.flatMap(formsOf);
  return Object.entries(sinks).flatMap(([sink, text]) =>
    forms.some(form => text.includes(form)) ? [sink] : [],
  );
};
