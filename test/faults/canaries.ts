import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { execa } from 'execa';
import type { RepositoryStandIn } from '../../src/sandbox/github-repository.ts';
import { dumpOf } from '../support/redis-dump.ts';
import { wordsOf } from '../support/words.ts';
import { finderOf, formsOf } from './forms.ts';
import type { Lane } from './lane.ts';

/** Everything that no place but Key Vault and Otterize may hold: what was configured, and what was given out meanwhile. */
export function secretsOf({ sandbox, environment }: Pick<Lane, 'sandbox' | 'environment'>): string[] {
  const configured = Object.entries(environment)
    .filter(([name]) => /_(TOKEN|SECRET|PRIVATE_KEY)$/.test(name))
    .flatMap(([, value]) => (value.startsWith('-----') ? linesOfKey(value) : [value]));
  const password = new URL(environment['REDIS_URL'] ?? 'redis://none').password;
  return [
    ...configured,
    ...(password === '' ? [] : [password]),
    sandbox.slack.signingSecret,
    ...sandbox.otterize.state.clientSecrets,
    ...sandbox.entra.tokens.issued(),
    ...sandbox.github.tokens(),
  ];
}

/** A private key's own lines: its first line is the same in all of them, and each line alone is too much already. */
const linesOfKey = (pem: string): string[] =>
  pem.split('\n').filter(line => line.length >= 32 && !line.startsWith('-----'));

/** All files below a folder with their names; what disappears while it is read was there for a moment only. */
function textOf(folder: string, left: readonly string[] = []): string {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .map(entry => join(entry.parentPath, entry.name))
      .filter(path => !left.some(other => path === other || path.startsWith(`${other}/`)))
      .map(path => `${relative(folder, path)}\n${contentOf(path)}`)
      .join('\n');
  } catch {
    return '';
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Command lines of all processes, as anybody on the machine can read them. */
const commandLines = (): string =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => contentOf(`/proc/${pid}/cmdline`))
    .join('\n');

/** What is there for a moment only: how the processes were called, and what they keep in their temporary folders. */
export function createSampler(temporary: string): { take(): void; seen(): Sinks } {
  const samples = { 'command lines': new Set<string>(), 'temporary folders': new Set<string>() };
  const take = (): void => {
    for (const line of commandLines().split('\n')) samples['command lines'].add(line);
    samples['temporary folders'].add(textOf(temporary));
  };
  const seen = (): Sinks =>
    Object.fromEntries(Object.entries(samples).map(([sink, texts]) => [sink, [...texts].join('\n')]));
  return { take, seen };
}

/** Every object that a repository ever took, reachable or not, and the names of its branches. */
async function gitOf({ git: { folder } }: RepositoryStandIn): Promise<string> {
  const git = async (...words: string[]): Promise<string> =>
    (await execa('git', [`--git-dir=${folder}`, ...words])).stdout;
  return [await git('cat-file', '--batch', '--batch-all-objects'), await git('for-each-ref')].join('\n');
}

/** Every row of an embedded store: in the file itself a long one is in pieces. Nothing may have it open. */
function rowsOf(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
    return wordsOf(tables.map(({ name }) => database.prepare(`select * from "${String(name)}"`).all()));
  } finally {
    database.close();
  }
}

async function historyOf(lane: Lane): Promise<string> {
  const { records, close } = await lane.records();
  try {
    const runs = (await records.recent(1_000)).filter(run => run !== 'newer');
    return wordsOf(await Promise.all(runs.map(({ id }) => records.history(id))));
  } finally {
    await close();
  }
}

/** What a form body says, read as Slack reads it: blocks are JSON within it. */
const valuesOf = (body: string): string => [...new URLSearchParams(body).values()].join('\n');

export type Sinks = Readonly<Record<string, string>>;

/** All places that a secret could have got to, as text. The embedded store is stopped for it. `seen` is what else was sampled. */
export async function sinksOf(lane: Lane, seen: Sinks = {}): Promise<Sinks> {
  const { slack, github, folder } = lane.sandbox;
  const repository = github.repository('harbour/clusters');
  const audit = await historyOf(lane);
  lane.sampler.take();
  return {
    ...seen,
    ...lane.sampler.seen(),
    stdout: lane.stdout(),
    stderr: lane.stderr(),
    Slack: wordsOf(slack.everything()),
    'requests to Slack': slack.received.flatMap(body => [body, valuesOf(body)]).join('\n'),
    Git: await gitOf(repository),
    'pull requests': wordsOf(repository.pulls),
    audit,
    'the data folder': textOf(folder, [lane.home, lane.temporary]),
    HOME: textOf(lane.home),
    ...(lane.redis === undefined
      ? { 'the embedded store': rowsOf(lane.environment['HOLT_DATA'] ?? '') }
      : { Redis: await dumpOf(lane.redis.url), 'the files of Redis': textOf(lane.redis.folder) }),
  };
}

/** The sinks that hold a secret in any of its forms. */
export function leaksIn(sinks: Sinks, secrets: readonly string[]): string[] {
  const finds = finderOf([...new Set(secrets)].flatMap(formsOf));
  return Object.entries(sinks).flatMap(([sink, text]) => (finds(text) ? [sink] : []));
}
