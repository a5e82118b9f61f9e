import PQueue from 'p-queue';
import type { z } from 'zod';
import { ServiceError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { OtterizeReader, OtterizeWriter, Problem } from '../onboarding/ports.ts';
import { sharing } from '../onboarding/sharing.ts';
import type { Secret } from '../secret.ts';
import {
  Environment,
  Invite,
  integrationOf,
  Member,
  Organization,
  parseList,
  parseOne,
  RawIntegration,
} from './answers.ts';
import { checkAddress, checkId, checkName, labelArguments } from './arguments.ts';
import { expiryProblems, problemOf, versionOf, versionProblems } from './checks.ts';
import { crowded, refused, unknownForm } from './failures.ts';
import { type Output, type Program, type Runner, run } from './process.ts';

export interface OtterizeOptions {
  /** The CLI, with leading arguments if it needs any. */
  program: Program;
  /** For example `https://app.otterize.com/api`. */
  apiAddress: string;
  /** The user token; asked for anew at each call, so that a renewed one counts at once. */
  token: () => Promise<Secret>;
  /** An organization that the token's owner belongs to: creating and listing organizations is done from within one. */
  startOrganization: string;
  /** PATH of the CLI's processes. */
  path: string;
  /** Further variables for them, for example SSL_CERT_FILE or HTTPS_PROXY. */
  extraEnv?: Record<string, string>;
  /** How many processes may run at the same time. */
  concurrency: number;
  /** When a process is killed, in milliseconds, 80_000 if left out; the CLI itself gives up after 60 s. */
  timeoutMs?: number;
  /**
   * How long a change may wait for its turn, in milliseconds, 10_000 if left out; then it is refused. The settle time counts
   * from before the wait, so this and the time limit together may not exceed it.
   */
  queueMs?: number;
  log?: Log;
}

export interface Otterize extends OtterizeReader, OtterizeWriter {
  /** Whether the program is there and new enough; asks nobody else. */
  checkProgram(): Promise<Problem[]>;
}

/** What no pull request waits for: everything else goes first. */
const unhurried: ReadonlySet<string> = new Set(['list the invites', 'list the members', 'create the invite']);

/** Runs one command in an organization and returns what it printed. */
type Call = (operation: string, organization: string, words: readonly string[]) => Promise<Output>;

/**
 * Otterize through its command line. Each call is one process with an environment and a home of its own; the token goes
 * in the environment and the organization is always named. Nothing the CLI prints leaves but what the schemas take.
 */
export function createOtterize(options: OtterizeOptions): Otterize {
  const { program, path, timeoutMs = 80_000, queueMs = 10_000, log, startOrganization } = options;
  const runner: Runner = { program, path, timeoutMs, log };
  const queue = new PQueue({ concurrency: options.concurrency });
  const limit = <T>(operation: string, job: () => Promise<T>): Promise<T> =>
    queue.add(job, { priority: unhurried.has(operation) ? 0 : 1 });
  const begin: Call = async (operation, organization, words) => {
    const args = [...words, '--format=json', `--org-id=${checkId(operation, organization)}`];
    return await run(runner, operation, args, environmentOf(options, await tokenOf(operation, options)));
  };
  const call: Call = (operation, ...asked) => limit(operation, () => begin(operation, ...asked));
  const change: Call = (operation, ...asked) => {
    const since = performance.now();
    return limit(operation, () => {
      if (performance.now() - since > queueMs) throw crowded(operation);
      return begin(operation, ...asked);
    });
  };
  const list = async <T>(
    operation: string,
    organization: string,
    words: readonly string[],
    item: z.ZodType<T>,
  ) => parseList(operation, (await call(operation, organization, words)).stdout, item);

  const programProblems = async (): Promise<Problem[]> =>
    versionProblems(await limit('read the version', () => versionOf(runner)));
  const checkProgram = (): Promise<Problem[]> =>
    programProblems().catch((error: unknown) => [problemOf(error)]);

  const reader: OtterizeReader = {
    async check() {
      const problems: Problem[] = [];
      // Asked at the same time; what a program that is too old prints does not count.
      const listed = reader.listOrganizations();
      listed.catch(() => undefined);
      try {
        problems.push(...(await programProblems()));
        if (problems.length > 0) return problems;
        problems.push(...expiryProblems(await tokenOf('read the token', options)));
        await listed;
      } catch (error) {
        // What may pass says nothing of what is needed.
        if (error instanceof ServiceError && error.retryable) throw error;
        problems.push(problemOf(error));
      }
      return problems;
    },
    listOrganizations: sharing(async () => {
      const operation = 'list the organizations';
      const organizations = await list(operation, startOrganization, ['organizations', 'list'], Organization);
      // The CLI prints an answer that it did not understand as an empty list, and Holt would make what is there already.
      if (organizations.every(({ id }) => id !== startOrganization)) {
        throw unknownForm(operation, 'the organization that was asked from is missing');
      }
      return organizations.map(each =>
        each.id === startOrganization ? { ...each, created: undefined } : each,
      );
    }),
    // Never with --name: the CLI sends another name than the one given.
    listEnvironments: organization =>
      list('list the environments', organization, ['environments', 'list'], Environment),
    listInvites: organization => list('list the invites', organization, ['invites', 'list'], Invite),
    async listMembers(organization) {
      const members = await list('list the members', organization, ['users', 'list'], Member);
      return members.map(({ email }) => email);
    },
    async listIntegrations(organization) {
      const operation = 'list the integrations';
      const words = ['integrations', 'list', '--type=KUBERNETES'];
      const integrations = await list(operation, organization, words, RawIntegration);
      return integrations.map(each => integrationOf(operation, each));
    },
  };
  return { checkProgram, ...reader, ...createWriter(change, startOrganization) };
}

function createWriter(call: Call, startOrganization: string): OtterizeWriter {
  const make = async <T>(
    operation: string,
    organization: string,
    words: readonly string[],
    item: z.ZodType<T>,
  ) => parseOne(operation, (await call(operation, organization, words)).stdout, item);

  return {
    createOrganization: () =>
      make('create an organization', startOrganization, ['organizations', 'create'], Organization),

    async renameOrganization(organization, name) {
      const operation = 'rename the organization';
      const words = ['organizations', 'update', checkId(operation, organization)];
      const flags = [`--name=${checkName(operation, name)}`];
      const renamed = await make(operation, organization, [...words, ...flags], Organization);
      if (renamed.id !== organization) throw unknownForm(operation, 'another organization');
      return renamed;
    },

    async createEnvironment(organization, { name, labels }) {
      const operation = 'create the environment';
      const flags = [`--name=${checkName(operation, name)}`, ...labelArguments(operation, labels)];
      return await make(operation, organization, ['environments', 'create', ...flags], Environment);
    },

    async createInvite(organization, email) {
      const operation = 'create the invite';
      const flags = [`--email=${checkAddress(operation, email)}`];
      return await make(operation, organization, ['invites', 'create', ...flags], Invite);
    },

    async createIntegration(organization, { environmentId, name }) {
      const operation = 'create the integration';
      const flags = [`--env-id=${checkId(operation, environmentId)}`, `--name=${checkName(operation, name)}`];
      const words = ['integrations', 'create', 'kubernetes', ...flags];
      const integration = integrationOf(
        operation,
        await make(operation, organization, words, RawIntegration),
      );
      if (integration.credentials?.clientSecret === undefined) throw unknownForm(operation, 'credentials');
      return integration;
    },

    async deleteIntegration(organization, integration) {
      const operation = 'delete the integration';
      const words = ['integrations', 'delete', checkId(operation, integration)];
      const { stderr } = await call(operation, organization, words);
      // Its only sign of success; a crash that the CLI swallows ends with 0 as well.
      const confirmed = stderr.includes(`Deleted integration ${integration}`);
      if (!confirmed) throw unknownForm(operation, 'no confirmation');
    },
  };
}

/** A stray OTTERIZE_ variable would change the command, so none is inherited. */
const environmentOf = ({ extraEnv, apiAddress }: OtterizeOptions, token: string): Record<string, string> => ({
  ...extraEnv,
  OTTERIZE_API_ADDRESS: apiAddress.replace(/\/+$/, ''),
  OTTERIZE_TOKEN: token,
});

async function tokenOf(operation: string, { token }: OtterizeOptions): Promise<string> {
  const advice = 'Check the setting that says where the token is.';
  const secret = await token().catch((error: unknown) => {
    throw error instanceof ServiceError ? error : refused(operation, 'the token could not be read', advice);
  });
  const text = secret.reveal().trim();
  if (text === '') throw refused(operation, 'the token is empty', advice);
  return text;
}
