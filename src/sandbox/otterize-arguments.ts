import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Command, type Invocation, nouns } from './otterize-commands.ts';
import { badLabelOf, labelsOf } from './otterize-go.ts';

/** The program ends here. A swallowed Go panic is one with exit code 0 and no text [RUN]. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

export const fail = (text: string): never => {
  throw new Exit(1, `Error: ${text}\n`);
};
export const panic = (): never => {
  throw new Exit(0, '');
};
/** [RUN] The sentence comes from a logger, in one line. */
export const failAuthentication = (text: string): never => {
  const message = `Authentication failed: ${text}. To refresh your credentials, run 'otterize login'.`;
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  throw new Exit(1, `time="${at}" level=error msg=${JSON.stringify(message)}\n`);
};

const switches = ['quiet', 'no-headers', 'debug', 'help'];
const shared = [
  'config',
  'format',
  'api-address',
  'org-id',
  'client-id',
  'client-secret',
  'token',
  'token-expiry',
];
const telemetry = ['telemetry-enabled', 'telemetry-usage-enabled', 'telemetry-errors-enabled'];
const shorthands: Record<string, string> = { name: 'n', labels: 'l', quiet: 'q', help: 'h' };

export interface CommandLine {
  words: string[];
  given: Map<string, string[]>;
  unknown: string[];
}

/** The arguments as pflag takes them: a flag's value may begin with a dash, a later flag wins, labels add up. */
export function readArguments(argv: readonly string[]): CommandLine {
  const own = Object.values(nouns).flatMap(({ commands }) =>
    Object.values(commands).flatMap(({ flags = {} }) => Object.keys(flags)),
  );
  const options = Object.fromEntries(
    [...switches, ...telemetry, ...shared, ...own].map(name => [
      name,
      {
        type: [...switches, ...telemetry].includes(name) ? ('boolean' as const) : ('string' as const),
        ...(shorthands[name] === undefined ? {} : { short: shorthands[name] }),
      },
    ]),
  );
  const { tokens } = parseArgs({ args: argv, options, strict: false, tokens: true });
  const line: CommandLine = { words: [], given: new Map(), unknown: [] };
  for (const token of tokens) {
    if (token.kind === 'positional') line.words.push(token.value);
    if (token.kind !== 'option') continue;
    const type = options[token.name]?.type;
    if (type === undefined) line.unknown.push(token.rawName);
    else if (type === 'string' && token.value === undefined) fail(`flag needs an argument: ${token.rawName}`);
    else line.given.set(token.name, [...(line.given.get(token.name) ?? []), token.value ?? 'true']);
  }
  return line;
}

/** `~/.otterize/credentials`, which outranks flags and environment [RUN]. */
function readCredentials(home: string): Record<string, string> {
  try {
    mkdirSync(`${home}/.otterize`, { recursive: true, mode: 0o700 });
    accessSync(`${home}/.otterize`, constants.W_OK);
  } catch {
    panic();
  }
  let text: string;
  try {
    text = readFileSync(`${home}/.otterize/credentials`, 'utf8');
  } catch {
    return {};
  }
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    return panic();
  }
}

export type Setting = (name: string) => string | undefined;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every flag is also an environment variable, empty ones ignored [RUN]; the file is asked first for what it may hold. */
export function settingsOf({ given }: CommandLine, environment: Environment): Setting {
  const env = (name: string): string | undefined =>
    environment[`OTTERIZE_${name.toUpperCase().replaceAll('-', '_')}`] || undefined;
  const file = readCredentials(environment['HOME'] ?? '');
  const skipFile = env('client-id') !== undefined && env('client-secret') !== undefined;
  const stored: Record<string, string | undefined> = skipFile
    ? {}
    : {
        token: file['user_token'],
        'token-expiry': file['expiry'],
        'client-id': file['client_id'],
        'client-secret': file['client_secret'],
      };
  return name => {
    const value = stored[name] || (given.get(name)?.at(-1) ?? env(name));
    return name === 'org-id' ? value || file['organization_id'] : value;
  };
}

/** The command that the words name, or its help, which is no error [RUN]. */
export function findCommand(words: readonly string[]): { command: Command; args: string[] } | 'help' {
  const [first = '', second = '', third = ''] = words;
  if (first === '') return 'help';
  const noun = Object.entries(nouns).find(([name, { aliases }]) => [name, ...aliases].includes(first))?.[1];
  if (noun === undefined)
    return fail(`unknown command "${first}" for "otterize"\nRun 'otterize --help' for usage.`);
  const deep = noun.commands[`${second} ${third}`];
  const command = deep ?? noun.commands[second];
  return command === undefined ? 'help' : { command, args: words.slice(deep === undefined ? 2 : 3) };
}

export function checkUsage(command: Command, args: readonly string[], line: CommandLine): void {
  const own = Object.keys(command.flags ?? {});
  const known = [...switches, ...telemetry, ...shared, ...own];
  const [stray] = [
    ...line.unknown,
    ...[...line.given.keys()].filter(name => !known.includes(name)).map(name => `--${name}`),
  ];
  if (stray !== undefined) {
    fail(
      stray.startsWith('--')
        ? `unknown flag: ${stray}`
        : `unknown shorthand flag: '${stray.slice(1)}' in ${stray}`,
    );
  }
  for (const argument of line.given.get('labels') ?? []) {
    if (labelsOf(argument) !== undefined) continue;
    const reason = `${badLabelOf(argument)} must be formatted as key=value`;
    fail(`invalid argument ${JSON.stringify(argument)} for "-l, --labels" flag: ${reason}`);
  }
  const wanted = command.id === undefined ? 0 : 1;
  if (wanted === 0 && args.length > 0) fail(`unknown command "${args[0]}" for "otterize"`);
  if (args.length !== wanted) fail(`accepts ${wanted} arg(s), received ${args.length}`);
  // [RUN] The environment never satisfies a required flag.
  const missing = own.filter(name => command.flags?.[name] === 'required' && !line.given.has(name));
  if (missing.length > 0) fail(`required flag(s) ${missing.map(name => `"${name}"`).join(', ')} not set`);
}

export function invocationOf(args: readonly string[], line: CommandLine, setting: Setting): Invocation {
  return {
    id: args[0] ?? '',
    flag: setting,
    labels: () => {
      const pairs = (line.given.get('labels') ?? []).flatMap(argument => labelsOf(argument) ?? []);
      const fromEnvironment = line.given.has('labels') ? undefined : setting('labels');
      const labels = new Map(
        fromEnvironment === undefined ? pairs : Object.entries(JSON.parse(fromEnvironment)),
      );
      return labels.size === 0
        ? undefined
        : [...labels].map(([key, value]) => ({ key, value: String(value) }));
    },
  };
}
