import { readFileSync } from 'node:fs';
import { posix, resolve, win32 } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseFleet } from '../../src/config.ts';
import { ConfigError, ServiceError, UserError } from '../../src/errors.ts';
import { umbrellaChart } from '../../src/gitops/umbrella-chart.ts';
import { editYaml, readYaml } from '../../src/gitops/yaml-edit.ts';
import { createLog } from '../../src/log.ts';
import { parseCommand } from '../../src/onboarding/command.ts';
import { resolveTarget } from '../../src/onboarding/fleet.ts';
import { type Fleet, isRepositoryPath } from '../../src/onboarding/fleet-schema.ts';
import { resolvePeople } from '../../src/onboarding/people.ts';
import { describePull } from '../../src/onboarding/pull-request-text.ts';
import { checkAddress, checkId, checkName, labelArguments } from '../../src/otterize/arguments.ts';
import { readArguments } from '../../src/sandbox/otterize-arguments.ts';
import { labelsOf } from '../../src/sandbox/otterize-go.ts';
import { GateClaim, readClaim, StartClaim } from '../../src/slack/claims.ts';
import { foreign, group, link, type Markup, markup, richText, user } from '../../src/slack/markup.ts';
import { messages } from '../../src/slack/messages.ts';
import { sentence } from '../../src/slack/words/answers.ts';
import { request, target } from '../support/builders.ts';
import { factsOf, runOf } from '../support/runs.ts';
import { wordsOf } from '../support/words.ts';
import { createWorld, person } from '../support/world.ts';

const attacks = z
  .array(z.strictObject({ class: z.string(), text: z.string() }))
  .parse(JSON.parse(readFileSync('test/fixtures/attacks.json', 'utf8')));

const attack = fc.constantFrom(...attacks.map(({ text }) => text.slice(0, 400)));
/** An attack, two of them grown together, or anything at all. */
const anything = fc.oneof(
  attack,
  fc
    .tuple(attack, attack, fc.nat(20), fc.nat(20))
    .map(([one, other, from, to]) => one.slice(from) + other.slice(0, to)),
  fc.tuple(attack, fc.string({ unit: 'binary', maxLength: 8 })).map(parts => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
);

/** The answer, or that the text was refused by an error of the kind that is for it; anything else is thrown on. */
function unlessRefused<T>(
  act: () => T,
  ...kinds: readonly (new (
    ...given: never[]
  ) => Error)[]
): T | undefined {
  try {
    return act();
  } catch (error) {
    if (kinds.some(kind => error instanceof kind)) return undefined;
    throw error;
  }
}

/** A text without its line ends, and without what keeps a mark from being one: both are ours. */
const foreignIn = (text: string): string =>
  text.replaceAll('\n', '').replaceAll(/\u200b*([*_~])\u200b*/g, '$1');
// What nobody can see, or what turns around what is seen. The joiners are part of emoji and of some scripts.
const unseen = /[[\p{Cc}\p{Cf}\p{Cs}]--[\u200c\u200d]]/v;
const asciiOnly = /^[\x20-\x7e]*$/;

function command(text: string): void {
  const typed = [
    text,
    `${text} payments-eu prod`,
    `onboard ${text} prod`,
    `onboard payments-eu ${text}`,
    `onboard a b invite ${text}`,
  ];
  for (const words of typed) {
    const read = parseCommand(words);
    if (read.verb === 'usage') mrkdwnIsTame(sentence(read.text).text);
    if (read.verb !== 'onboard') continue;
    const name = /^[a-z][a-z0-9-]{0,39}$/;
    expect(read.stage).toMatch(name);
    // A selection is compared with names of clusters, and shown.
    expect(read.cluster).toMatch(read.several === undefined ? name : /^[a-z0-9*?=,._/-]+$/);
    for (const each of read.invite) {
      if ('user' in each) expect(each.user).toMatch(/^[UW][A-Z0-9]+$/);
      else expect(each.address).toMatch(/^[a-z0-9][a-z0-9._+'-]*@[a-z0-9-]+(\.[a-z0-9-]+)+$/);
    }
  }
}

const anyCluster: Fleet = parseFleet(
  `
requesters: { users: [U0REQUESTER] }
approval: { approvers: { users: [U0APPROVER] } }
names: { vault: "kv-{cluster}" }
gitops: { repository: harbour/clusters }
stages: { prod: }
clusters: any
`,
  'holt.yaml',
);

const isBelow = (path: string): boolean =>
  resolve('/repository', path).startsWith('/repository/') && !path.startsWith('/');

/** Where a path leads for everybody who may read it: Git, Windows, those who decode it or bring letters to one form. */
function pathIsTame(path: string): void {
  const readings = [
    path,
    path.normalize('NFKC'),
    decodeURIComponent(path.replaceAll(/%(?![0-9a-f]{2})/gi, '')),
    path.replaceAll(/\p{C}/gu, ''),
  ];
  for (const reading of readings) {
    expect(isBelow(reading)).toBe(true);
    expect(posix.normalize(reading)).toBe(reading);
    expect(win32.resolve('C:\\root', reading).startsWith('C:\\root\\')).toBe(true);
    for (const part of reading.toLowerCase().split('/'))
      expect(['', '.', '..', '.git', 'git~1']).not.toContain(part);
  }
  expect(path).not.toMatch(/[\p{C}\\:]/u);
}

/** Everything that a name in a command or a template in holt.yaml becomes. */
function names(text: string): void {
  for (const path of [text, `a/${text}`, `${text}/b`, `a${text}b`])
    if (isRepositoryPath(path)) pathIsTame(path);
  const read = parseCommand(`onboard ${text} prod`);
  if (read.verb !== 'onboard') return;
  const resolved = unlessRefused(() => resolveTarget(anyCluster, read.cluster, read.stage), UserError);
  if (resolved === undefined) return;
  const { gitops, names: rendered } = resolved;
  for (const path of [gitops.chartPath, gitops.valuesPath, gitops.externalSecretPath]) pathIsTame(path);
  expect(gitops.branch).toMatch(/^holt\/[a-z0-9-]+$/);
  for (const name of Object.values(rendered)) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9-]*$/);
  const { title, body } = describePull(resolved, {
    files: [gitops.valuesPath],
    afterMerge: [],
    thread: undefined,
  });
  expect(title.split('\n')).toHaveLength(1);
  expect(body).toContain(`| Organization | ${rendered.organization} |\n`);
}

const quietly = { logLevel: 'error' } as const;
const valuePath = ['otterize-kubernetes', 'global', 'x'];
const kept = '# kept\nother: [1, "two"] # and this\notterize-kubernetes:\n  global:\n    x: old\n    y: 1\n';

function yamlValue(text: string): void {
  const edited = unlessRefused(
    () => editYaml(kept, [{ path: valuePath, value: text }], 'values.yaml'),
    UserError,
  );
  if (edited === undefined) return;
  expect(readYaml(edited, valuePath, 'values.yaml')).toBe(text);
  expect(parse(edited, quietly)).toEqual({
    other: [1, 'two'],
    'otterize-kubernetes': { global: { x: text, y: 1 } },
  });
  expect(edited.startsWith('# kept\nother: [1, "two"] # and this\n')).toBe(true);
}

const given = target();

/** Files with an attack in them: refused, or edited so that they say what they said, and what was asked for. */
function yamlFile(text: string): void {
  const { valuesPath, externalSecretPath } = given.gitops;
  for (const before of [text, `a: 1\n${text}\nb: 2\n`, `otterize-kubernetes:\n  global:\n    x: ${text}\n`]) {
    const changes = unlessRefused(
      () => umbrellaChart.edit({ target: given, clientId: 'cli_1' }, { [valuesPath]: before }),
      UserError,
    );
    const after = changes?.[valuesPath];
    if (after !== undefined) {
      const secretName = readYaml(
        after,
        ['otterize-kubernetes', 'global', 'otterizeCloud', 'credentials', 'clientSecretKeyRef', 'secretName'],
        'x',
      );
      expect(secretName).toBe(given.gitops.externalSecret.secretName);
      const strangers = (text: string) =>
        Object.entries((parse(text, quietly) ?? {}) as object).filter(
          ([key]) => key !== 'otterize-kubernetes',
        );
      expect(strangers(after)).toEqual(strangers(before));
    }
    unlessRefused(
      () => umbrellaChart.edit({ target: given, clientId: 'cli_1' }, { [externalSecretPath]: before }),
      UserError,
    );
  }
}

/** Nothing in it pings, links or hides, but what we put there. */
function mrkdwnIsTame(text: string, ...ours: readonly RegExp[]): void {
  const links = [...text.matchAll(/<([^>]*)>/g)].map(([, inside = '']) => inside);
  expect(links.filter(inside => !ours.some(pattern => pattern.test(inside)))).toEqual([]);
  expect(text.replaceAll(/<[^>]*>/g, '')).not.toMatch(/[<>]/);
  expect(foreignIn(text)).not.toMatch(unseen);
}

function mrkdwn(text: string): void {
  const made: Markup[] = [
    markup`a ${text} b`,
    foreign(text),
    foreign(text, 20),
    markup`${link('https://git.example/1', text)}`,
  ];
  const label = /^https:\/\/git\.example\/1\|[^<>|]*$/;
  for (const each of made) {
    mrkdwnIsTame(each.markup, label);
    expect(each.markup).not.toContain('\n');
    const [sectionOf] = richText(each).elements;
    const kinds =
      sectionOf !== undefined && 'elements' in sectionOf ? sectionOf.elements.map(({ type }) => type) : [];
    expect(kinds.filter(kind => kind !== 'text' && kind !== 'link')).toEqual([]);
  }
  mrkdwnIsTame(link(text, 'x').markup, /^https?:\/\/[!-;=?-{}~]+\|x$/);
  mrkdwnIsTame(user(text).markup, /^@\w*$/);
  mrkdwnIsTame(group(text).markup, /^!subteam\^\w*$/);
  readClaim(GateClaim, text);
  readClaim(StartClaim, text);
}

function mrkdwnIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'type' in value && value.type === 'mrkdwn' && 'text' in value ? [String(value.text)] : [];
  return [...own, ...Object.values(value).flatMap(mrkdwnIn)];
}

/** Every message of a run in which everything that comes from outside says this. */
function everyMessage(text: string): void {
  const facts = factsOf(2);
  const run = runOf({
    request: request({ cluster: text, stage: text }),
    facts: {
      ...facts,
      organization: { ...facts.organization, name: text },
      environment: { ...facts.environment, name: text },
      invitees: {
        people: facts.invitees.people.map(each => ({ ...each, name: text })),
        leftOut: [{ name: text, address: text, reason: 'guest' }],
      },
      invites: { sent: [], failed: [{ address: text, reason: text }], dropped: [text] },
      pullRequest: { ...facts.pullRequest, url: text },
    },
    steps: { credentials: { startedAt: 1, attempts: 1, error: { code: 'x', text } } },
  });
  const said = messages(run, {}).flatMap(message => [
    message.text,
    ...mrkdwnIn([message.blocks, message.plainBlocks]),
  ]);
  const ours = [
    /^@U0(REQUESTER|APPROVER|SECOND)$/,
    /^!date\^\d+\^/,
    /^https:\/\/app\.otterize\.com\|/,
    /^https?:\/\/[!-;=?-{}~]+\|#7$/,
    /^https?:\/\/[!-;=?-{}~]+\|harbour\/clusters#7$/,
  ];
  for (const each of said) mrkdwnIsTame(each, ...ours);
  expect(foreignIn(wordsOf(messages(run, {})))).not.toMatch(unseen);
}

function logLines(text: string): void {
  const lines: string[] = [];
  const log = createLog('debug', {}, { write: line => void lines.push(line) }).child({ run: text });
  log.info({ text, [text]: 1, deep: { text } }, 'said');
  log.error({ error: new UserError('x', text, text) }, 'failed');
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line.endsWith('\n')).toBe(true);
    // One line for whatever cuts text into lines, and nothing that a terminal acts on.
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/u);
    expect(() => JSON.parse(line) as unknown).not.toThrow();
  }
  const [first = '{}', second = '{}'] = lines;
  // JSON has no half characters; the last of two equal names counts.
  if (
    text.isWellFormed() &&
    !['level', 'time', 'msg', 'run', 'text', 'deep', 'error', 'err', '__proto__'].includes(text)
  ) {
    expect(JSON.parse(first)).toMatchObject({ msg: 'said', level: 'info', run: text, text, deep: { text } });
    expect(JSON.parse(second)).toMatchObject({ msg: 'failed', level: 'error', error: { message: text } });
  }
}

const passed = (act: () => string[]): string[] => unlessRefused(act, ServiceError) ?? [];

/** What the program makes of each argument that passes the check: this flag, this value, nothing else. */
function cliArguments(text: string): void {
  const argv = [
    ...passed(() => [`--name=${checkName('x', text)}`]),
    ...passed(() => [`--email=${checkAddress('x', text)}`]),
    ...passed(() => [`--org-id=${checkId('x', text)}`]),
    ...passed(() => labelArguments('x', { key: text })),
    ...passed(() => labelArguments('x', { [text]: 'value' })),
  ];
  for (const argument of argv) expect(argument).not.toMatch(/[%\p{Cc}]|^[^-]/u);
  const { words, given: flags, unknown } = readArguments(['environments', 'create', ...argv]);
  expect([words, unknown]).toEqual([['environments', 'create'], []]);
  for (const [flag, values] of flags) {
    if (flag === 'labels') for (const value of values) expect(labelsOf(value)).toHaveLength(1);
    else expect([flag, values]).toEqual([flag, [text]]);
  }
}

/** Who would be invited when the directory says this. */
async function people(text: string): Promise<void> {
  const world = createWorld();
  const [mail, userPrincipalName, proxyAddresses] = [text, text, [`SMTP:${text}`]];
  world.state.groups.set('g1', [
    person('Eve', { id: '1', mail, name: text }),
    person('Eve', { id: '2', mail: undefined, userPrincipalName }),
    person('Eve', { id: '3', mail: undefined, proxyAddresses }),
  ]);
  const found = await resolvePeople(request({ invite: { people: [], groups: ['g1'] } }), 'org_1', world.read);
  for (const { address } of found.people) {
    expect(address.split('@')[1]).toBe('harbour.example');
    // The one that the directory says beside it, or this one as it is written.
    const written = asciiOnly.test(text.trim()) ? text.trim().toLowerCase() : '';
    expect(['eve@harbour.example', written]).toContain(address);
  }
}

/** How many generated texts each surface gets: 100,000 in all. */
const surfaces: Readonly<Record<string, [(text: string) => void, runs: number]>> = {
  'a command': [command, 14_000],
  'names and paths': [names, 20_000],
  'a value in YAML': [yamlValue, 1_500],
  'a file in YAML': [yamlFile, 300],
  'words in Slack': [mrkdwn, 16_000],
  'every message of a run': [everyMessage, 200],
  'a line of the log': [logLines, 10_000],
  'arguments of the CLI': [cliArguments, 38_000],
};

describe('what comes from outside', () => {
  it('is tried with so many known attacks of each class, and as many texts as were promised', () => {
    expect(attacks.length).toBeGreaterThanOrEqual(200);
    expect(new Set(attacks.map(({ text }) => text)).size).toBeGreaterThanOrEqual(200);
    expect(Object.values(surfaces).reduce((sum, [, runs]) => sum + runs, 0)).toBe(100_000);
  });

  it.each(Object.entries(surfaces))(
    'stays in its place in %s, whatever it is',
    (_surface, [surface, numRuns]) => {
      const { counterexample, errorInstance } = fc.check(fc.property(anything, surface), {
        numRuns,
        seed: 20_261_125,
      });
      expect({ counterexample, errorInstance }).toEqual({ counterexample: null, errorInstance: null });
    },
    120_000,
  );

  const classes = Object.entries(Object.groupBy(attacks, each => each.class));
  it.each(classes)(
    'stays in its place on every surface when it is an attack by %s',
    async (_class, rows = []) => {
      for (const { text } of rows) {
        for (const [surface] of Object.values(surfaces)) surface(text);
        await people(text);
        const configured = (place: string): unknown =>
          unlessRefused(
            () =>
              parseFleet(
                place.replace('TEXT', () => JSON.stringify(text)),
                'holt.yaml',
              ),
            ConfigError,
          );
        const base =
          'requesters: { users: [U1] }\napproval: { approvers: { users: [U2] } }\nstages: { prod: }\n';
        const fleet = configured(
          `${base}clusters: { c: }\nnames: { vault: kv }\ngitops: { repository: a/b, valuesPath: TEXT }\n`,
        );
        if (fleet !== undefined) pathIsTame(resolveTarget(fleet as Fleet, 'c', 'prod').gitops.valuesPath);
        configured(`${base}clusters: { TEXT: }\nnames: { vault: kv }\ngitops: { repository: a/b }\n`);
        configured(
          `${base}clusters: { c: }\nnames: { vault: TEXT }\ngitops: { repository: TEXT, base: TEXT }\n`,
        );
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
    60_000,
  );
});
