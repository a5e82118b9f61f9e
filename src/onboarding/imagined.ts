import { explain, type Service, ServiceError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { Claims, Files, Problem, Readers, Writers } from './ports.ts';

/** What would be made has no id yet. */
const noId = 'not-made-yet';

/** What stands for a client id that Otterize has not given yet, also in a diff. */
export const unknownClientId = '(known once the integration is made)';

/** It depends on what has only been imagined. The message says on what. */
export class Unknowable extends Error {
  override readonly name = 'Unknowable';
}

export interface Imagined {
  read: Readers;
  write: Writers;
  claims: Claims;
  /** What would keep an onboarding from beginning. */
  obstacles: { kind: 'conflict' | 'unread'; text: string }[];
  /** The files that commits would change: as they are on the base, and as they would be. */
  commits: { before: Files; after: Record<string, string> }[];
}

/**
 * Ports on which steps can be tried out: what is read is what is there, what is written is only remembered. Made from readers alone,
 * method by method, so nothing can be changed through them. A call that has no answer after `callMs` fails with a ServiceError.
 */
export function imagine(read: Readers, claims: Claims, callMs: number): Imagined {
  const removed = new Set<string>();
  const recovered = new Set<string>();
  const texts = new Map<string, Files>();
  const obstacles: Imagined['obstacles'] = [];
  const commits: Imagined['commits'] = [];

  const ask = <T>(service: Service, act: () => Promise<T>): Promise<T> => inTime(service, act(), callMs);
  /** One obstacle keeps nobody from seeing the others. */
  const check = async (service: Service, act: () => Promise<Problem[]>): Promise<Problem[]> => {
    try {
      obstacles.push(...(await ask(service, act)).map(text => ({ kind: 'conflict' as const, text })));
    } catch (error) {
      obstacles.push({ kind: 'unread', text: explain(error).text });
    }
    return [];
  };
  const listIn = async <T>(organization: string, act: () => Promise<T[]>): Promise<T[]> =>
    organization === noId ? [] : ask('Otterize', act);

  const { otterize, directory, vault, repository, layout } = read;
  return {
    obstacles,
    commits,
    read: {
      otterize: {
        check: () => check('Otterize', () => otterize.check()),
        listOrganizations: () => ask('Otterize', () => otterize.listOrganizations()),
        listEnvironments: id => listIn(id, () => otterize.listEnvironments(id)),
        listInvites: id => listIn(id, () => otterize.listInvites(id)),
        listMembers: id => listIn(id, () => otterize.listMembers(id)),
        listIntegrations: async id =>
          (await listIn(id, () => otterize.listIntegrations(id))).filter(each => !removed.has(each.id)),
      },
      directory: {
        check: groups => check('Entra', () => directory.check(groups)),
        findPerson: (...given) => ask('Entra', () => directory.findPerson(...given)),
        expandGroup: (...given) => ask('Entra', () => directory.expandGroup(...given)),
      },
      vault: {
        check: (...given) => check('Key Vault', () => vault.check(...given)),
        async read(name, secret) {
          if (recovered.has(secret)) throw new Unknowable('what it holds can be read once it is recovered');
          return ask('Key Vault', () => vault.read(name, secret));
        },
      },
      repository: {
        check: (...given) => check('GitHub', () => repository.check(...given)),
        async readFiles(...given) {
          const there = await ask('GitHub', () => repository.readFiles(...given));
          texts.set(there.commit, { ...there.files, ...texts.get(there.commit) });
          return there;
        },
        listFolders: (...given) => ask('GitHub', () => repository.listFolders(...given)),
        findBranch: (...given) => ask('GitHub', () => repository.findBranch(...given)),
        findPulls: (...given) => ask('GitHub', () => repository.findPulls(...given)),
      },
      layout,
    },
    claims: {
      async claim(pool, id, run) {
        const { [id]: holder = run } = await claims.holders(pool);
        return holder === run;
      },
      holders: pool => claims.holders(pool),
      release: async () => undefined,
    },
    write: {
      otterize: {
        createOrganization: async () => ({ id: noId, name: '' }),
        renameOrganization: async (id, name) => ({ id, name }),
        createEnvironment: async (_organization, { name }) => ({ id: noId, name }),
        createInvite: async (_organization, email) => ({ id: noId, email, status: '' }),
        createIntegration: async (_organization, { environmentId, name }) => {
          const credentials = { clientId: unknownClientId, clientSecret: new Secret(noId) };
          return { id: noId, name, environmentId, connected: false, credentials };
        },
        deleteIntegration: async (_organization, id) => void removed.add(id),
      },
      vault: {
        write: async () => ({ version: '' }),
        recover: async (_vault, name) => void recovered.add(name),
      },
      repository: {
        async commit(_repository, { tree, files }) {
          commits.push({ before: texts.get(tree) ?? {}, after: files });
          return { commit: noId };
        },
        openPull: async (_repository, { title, body }) => ({
          number: 0,
          url: '',
          state: 'open',
          title,
          body,
        }),
        updatePull: async (_repository, number, text) => ({ number, url: '', state: 'open', ...text }),
      },
    },
  };
}

/** What is still answered after that is of no interest to anybody. */
async function inTime<T>(service: Service, answer: Promise<T>, callMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const reason = 'it did not answer in time';
  const silent = new ServiceError({ service, operation: 'be read', reason, retryable: true, applied: 'no' });
  const timer = setTimeout(() => reject(silent), callMs);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
