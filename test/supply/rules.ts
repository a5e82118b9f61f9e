// What must be so of everything that Holt is made of. Each rule answers with what is wrong, one sentence each.

export interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  overrides?: Record<string, string>;
  /** Whether a package's install script may run, by its name. */
  allowScripts: Record<string, boolean>;
}

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  dev?: boolean;
  hasInstallScript?: boolean;
}

export interface Lock {
  lockfileVersion: number;
  packages: Record<string, Locked>;
}

const exact = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** The versions that package.json asks for are exact. */
export const versionProblems = ({ dependencies, devDependencies, overrides = {} }: Manifest): string[] =>
  [dependencies, devDependencies, overrides].flatMap(group =>
    Object.entries(group).flatMap(([name, version]) =>
      exact.test(version) ? [] : [`package.json asks for ${name} ${version}: write the exact version.`],
    ),
  );

/** All that is installed comes from the registry, is what it was when it was locked, and runs only the scripts that are named. */
export function lockProblems({ lockfileVersion, packages }: Lock, { allowScripts }: Manifest): string[] {
  const problems = lockfileVersion === 3 ? [] : ['package-lock.json is not of version 3.'];
  const scripted = new Set<string>();
  for (const [path, locked] of Object.entries(packages)) {
    if (path === '') continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (locked.resolved !== undefined || locked.link === true || !exact.test(locked.version ?? ''))
      problems.push(`package-lock.json has an address for ${name}: nothing but the registry may be used.`);
    if (!/^sha512-[\w+/]{86}==$/.test(locked.integrity ?? ''))
      problems.push(`package-lock.json does not say what ${name} must be: it has no sha512.`);
    if (locked.hasInstallScript === true) scripted.add(name);
  }
  for (const name of scripted)
    if (allowScripts[name] === undefined)
      problems.push(`${name} has an install script: allow or forbid it in allowScripts of package.json.`);
  for (const name of Object.keys(allowScripts))
    if (!scripted.has(name)) problems.push(`allowScripts names ${name}, which has no install script.`);
  return problems;
}

interface Instruction {
  word: string;
  rest: string;
}

/** A Dockerfile's instructions, each in one line. */
export function instructionsOf(dockerfile: string): Instruction[] {
  const lines = dockerfile.split('\n').filter(line => !/^\s*(#|$)/.test(line));
  return lines
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map(line => {
      const [word = '', ...rest] = line.trim().split(/\s+/);
      return { word: word.toUpperCase(), rest: rest.join(' ') };
    });
}

const pinned = /(:\d+\.\d+\.\d+-[a-z]\S*|@sha256:[0-9a-f]{64})$/;
const confidential = /(TOKEN|SECRET|PASSWORD|PRIVATE|CREDENTIAL|API_?KEY|REDIS_URL)/i;

/** Each says what is wrong with one instruction. */
const instructionRules: readonly ((instruction: Instruction) => string | false)[] = [
  ({ word }) => word === 'ADD' && 'ADD unpacks and downloads: use COPY.',
  ({ word, rest }) =>
    (word === 'ARG' || word === 'ENV') &&
    confidential.test(rest) &&
    `${word} keeps what it is given in the image: ${rest.split('=')[0]} must come when it is run.`,
  ({ word, rest }) =>
    word === 'COPY' &&
    /^(--\S+ )*\.\/? /.test(rest) &&
    'COPY takes the whole folder: name what the image needs.',
  ({ word, rest }) =>
    word === 'RUN' &&
    /\b(curl|wget|git|npx|npm (i|install|exec))\b/.test(rest) &&
    'RUN fetches what no lock file holds.',
  ({ word, rest }) =>
    word === 'RUN' &&
    rest.includes('npm ci') &&
    !/npm ci (?=.*--omit=dev)(?=.*--ignore-scripts)/.test(rest) &&
    'npm ci must have --omit=dev and --ignore-scripts.',
  ({ word, rest }) =>
    word === 'RUN' &&
    rest.includes('apt-get install') &&
    !/--no-install-recommends.*rm -rf \/var\/lib\/apt\/lists/.test(rest) &&
    'apt-get install must have --no-install-recommends and remove its lists in the same RUN.',
  ({ word, rest }) =>
    (word === 'ENTRYPOINT' || word === 'CMD') &&
    !rest.startsWith('[') &&
    `${word} goes through a shell, which passes on no signals: write it as a list.`,
];

/** The image is built from what is pinned and locked, holds no secret, and runs as nobody in particular under an init. */
export function dockerfileProblems(dockerfile: string, { devDependencies }: Manifest): string[] {
  const instructions = instructionsOf(dockerfile);
  const problems = instructions.flatMap(each => instructionRules.flatMap(rule => rule(each) || []));
  const last = (wanted: string): string => instructions.findLast(({ word }) => word === wanted)?.rest ?? '';

  const defaults = new Map(
    instructions
      .filter(({ word }) => word === 'ARG')
      .map(({ rest }) => rest.split('=', 2) as [string, string]),
  );
  for (const { rest } of instructions.filter(({ word }) => word === 'FROM')) {
    const image = (rest.split(' ')[0] ?? '').replace(/^\$\{(\w+)\}$/, (_, name) => defaults.get(name) ?? '');
    if (!pinned.test(image)) problems.push(`FROM ${image}: pin the version, or the digest.`);
    const { node } = devDependencies;
    if (!image.includes('@') && !image.startsWith(`node:${node}-`))
      problems.push(`FROM ${image} is not the Node that the tests run on (${node}).`);
  }
  if (!/^[1-9]\d{3,}:[1-9]\d{3,}$/.test(last('USER')))
    problems.push(
      'USER must be a number that is nobody’s, with its group: a name cannot be checked by who runs it.',
    );
  if (!last('ENTRYPOINT').startsWith('["/usr/bin/tini"'))
    problems.push('ENTRYPOINT must be tini: PID 1 forwards signals and reaps.');
  if (!instructions.some(({ word, rest }) => word === 'COPY' && rest.includes('sbom.cdx.json')))
    problems.push('The image must hold its list of parts, sbom.cdx.json.');
  return problems;
}

/** Nothing is sent to the builder but what is named. */
export function dockerignoreProblems(dockerignore: string): string[] {
  const lines = dockerignore.split('\n').filter(Boolean);
  const allowed = lines.filter(line => line.startsWith('!')).map(line => line.slice(1));
  return [
    ...(lines[0] === '*' ? [] : ['.dockerignore must begin with * and name what is let in.']),
    ...allowed
      .filter(name => /\.env|\.git|\*|\.pem|\.key/.test(name))
      .map(name => `.dockerignore lets ${name} into the image.`),
  ];
}

export interface Bill {
  bomFormat: string;
  components: { name: string; version: string; hashes?: { alg: string }[] }[];
}

/** The list of parts names all that was installed, and nothing else, each with its digest. */
export function billProblems(
  { bomFormat, components }: Bill,
  { packages }: Pick<Lock, 'packages'>,
): string[] {
  const installed = new Set(
    Object.entries(packages).map(([path, { version }]) => `${path.split('node_modules/').at(-1)} ${version}`),
  );
  const named = new Set(components.map(({ name, version }) => `${name} ${version}`));
  return [
    ...(bomFormat === 'CycloneDX' ? [] : ['The list of parts is not in CycloneDX.']),
    ...[...installed].filter(part => !named.has(part)).map(part => `The list of parts lacks ${part}.`),
    ...[...named]
      .filter(part => !installed.has(part))
      .map(part => `The list of parts names ${part}, which is not installed.`),
    ...components
      .filter(({ hashes = [] }) => !hashes.some(({ alg }) => alg === 'SHA-512'))
      .map(({ name }) => `The list of parts has no digest of ${name}.`),
  ];
}
