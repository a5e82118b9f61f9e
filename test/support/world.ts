import { ServiceError } from '../../src/errors.ts';
import type {
  Credentials,
  Files,
  Integration,
  Organization,
  Person,
  Pull,
  Readers,
  StoredSecret,
  Writers,
} from '../../src/onboarding/ports.ts';
import { Secret } from '../../src/secret.ts';

function listOf<T>(map: Map<string, T[]>, key: string): T[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

/** The outside world as plain data, with the ports over it: for tests of the domain that need no network. */
export function createWorld() {
  const state = {
    organizations: [{ id: 'org_home', name: 'Home' }] as Organization[],
    environments: new Map<string, { id: string; name: string }[]>(),
    invites: new Map<string, { id: string; email: string; status: string }[]>(),
    members: new Map<string, string[]>(),
    integrations: new Map<string, (Integration & { credentials: Credentials })[]>(),
    /** Whether lists show an integration's secret again. */
    secretsShown: true,
    people: [] as Person[],
    groups: new Map<string, Person[]>(),
    secrets: new Map<string, StoredSecret | 'deleted'>(),
    files: {} as Record<string, string>,
    branches: new Map<string, { commit: string; ours: boolean; files: Record<string, string> }>(),
    pulls: [] as (Pull & { branch: string })[],
    problems: [] as string[],
  };
  const calls: string[] = [];
  /** Thrown once by the call of this name; `after`: once it has taken effect. */
  const faults = new Map<string, { error: Error; after?: boolean }>();
  let serial = 0;
  const next = (prefix: string): string => `${prefix}_${++serial}`;

  async function call<T>(name: string, act: () => T): Promise<T> {
    calls.push(name);
    const fault = faults.get(name);
    faults.delete(name);
    if (fault?.after !== true && fault !== undefined) throw fault.error;
    const result = act();
    if (fault !== undefined) throw fault.error;
    return result;
  }

  const shown = ({ credentials, ...rest }: Integration): Integration => ({
    ...rest,
    credentials: credentials && {
      ...credentials,
      clientSecret: state.secretsShown ? credentials.clientSecret : undefined,
    },
  });

  const read: Readers = {
    otterize: {
      check: () => call('check otterize', () => state.problems),
      listOrganizations: () =>
        call('list organizations', () => state.organizations.map(each => ({ ...each }))),
      listEnvironments: organization =>
        call('list environments', () => [...listOf(state.environments, organization)]),
      listInvites: organization => call('list invites', () => [...listOf(state.invites, organization)]),
      listMembers: organization => call('list members', () => [...listOf(state.members, organization)]),
      listIntegrations: organization =>
        call('list integrations', () => listOf(state.integrations, organization).map(shown)),
    },
    directory: {
      check: () => call('check directory', () => []),
      findPerson: address => call('find person', () => state.people.find(({ mail }) => mail === address)),
      expandGroup: group => call('expand group', () => [...(state.groups.get(group) ?? [])]),
    },
    vault: {
      check: () => call('check vault', () => []),
      read: (vault, name) => call('read secret', () => state.secrets.get(`${vault}/${name}`) ?? 'absent'),
    },
    repository: {
      check: () => call('check repository', () => []),
      readFiles: (_repository, branch, paths) =>
        call('read files', () => {
          const files = state.branches.get(branch)?.files ?? state.files;
          return { commit: 'base', files: Object.fromEntries(paths.map(path => [path, files[path]])) };
        }),
      listFolders: () => call('list folders', () => []),
      findBranch: (_repository, branch) => call('find branch', () => state.branches.get(branch)),
      findPulls: (_repository, branch) =>
        call('find pulls', () => state.pulls.filter(pull => pull.branch === branch).toReversed()),
    },
    layout: {
      prepare: () => undefined,
      paths: gitops => [gitops.valuesPath],
      elsewhere: () => [],
      edit: async (onboarded, files: Files) =>
        Object.fromEntries(
          onboarded
            .map(({ target, clientId }): [string, string] => [
              target.gitops.valuesPath,
              `cluster: ${target.cluster}\nclientId: ${clientId}\n`,
            ])
            .filter(([path, text]) => files[path] !== text),
        ),
      afterMerge: () => ['Restart the operators.'],
    },
  };

  const write: Writers = {
    otterize: {
      createOrganization: () =>
        call('create organization', () => {
          const organization = { id: next('org'), name: `Org ${serial}` };
          state.organizations.push(organization);
          return { ...organization };
        }),
      renameOrganization: (id, name) =>
        call('rename organization', () => {
          const organization = state.organizations.find(each => each.id === id);
          if (organization === undefined) throw new Error(`no ${id}`);
          organization.name = name;
          return { ...organization };
        }),
      createEnvironment: (organization, { name }) =>
        call('create environment', () => {
          const environment = { id: next('env'), name };
          listOf(state.environments, organization).push(environment);
          return environment;
        }),
      createInvite: (organization, email) =>
        call(`invite ${email}`, () => {
          const invite = { id: next('inv'), email, status: 'PENDING' };
          listOf(state.invites, organization).push(invite);
          return invite;
        }),
      createIntegration: (organization, { environmentId, name }) =>
        call('create integration', () => {
          const credentials = { clientId: next('cli'), clientSecret: new Secret(`secret-${serial}`) };
          const integration = { id: next('int'), name, environmentId, connected: false, credentials };
          listOf(state.integrations, organization).push(integration);
          return { ...integration };
        }),
      deleteIntegration: (organization, id) =>
        call('delete integration', () => {
          const remaining = listOf(state.integrations, organization).filter(each => each.id !== id);
          state.integrations.set(organization, remaining);
        }),
    },
    vault: {
      write: (vault, name, value, tags) =>
        call(`write ${name}`, () => {
          const version = next('v');
          state.secrets.set(`${vault}/${name}`, { version, value, tags });
          return { version };
        }),
      recover: (vault, name) =>
        call('recover secret', () => {
          state.secrets.set(`${vault}/${name}`, { version: next('v'), value: new Secret('old'), tags: {} });
        }),
    },
    repository: {
      commit: (_repository, { branch, files }) =>
        call('commit', () => {
          const before = state.branches.get(branch)?.files ?? state.files;
          const commit = next('sha');
          state.branches.set(branch, { commit, ours: true, files: { ...before, ...files } });
          return { commit };
        }),
      openPull: (_repository, { branch, title, body }) =>
        call('open pull request', () => {
          const number = state.pulls.length + 1;
          const pull = {
            number,
            url: `https://git.example/${number}`,
            state: 'open' as const,
            title,
            body,
            branch,
          };
          state.pulls.push(pull);
          return pull;
        }),
      updatePull: (_repository, number, text) =>
        call('update pull request', () => {
          const pull = state.pulls.find(each => each.number === number);
          if (pull === undefined) throw new Error(`no #${number}`);
          return Object.assign(pull, text);
        }),
    },
  };

  const mutating = (): string[] => calls.filter(name => !/^(check|list|read|find|expand)/.test(name));
  return { state, calls, faults, read, write, mutating };
}
export type World = ReturnType<typeof createWorld>;

export const person = (name: string, overrides: Partial<Person> = {}): Person => {
  const mail = `${name.toLowerCase().replaceAll(' ', '.')}@harbour.example`;
  return {
    id: `id-${name}`,
    name,
    kind: 'user',
    mail,
    proxyAddresses: [],
    userPrincipalName: mail,
    enabled: true,
    guest: false,
    ...overrides,
  };
};

export const failure = (
  overrides: Partial<ConstructorParameters<typeof ServiceError>[0]> = {},
): ServiceError =>
  new ServiceError({
    service: 'Otterize',
    operation: 'do it',
    reason: 'it did not answer',
    retryable: true,
    applied: 'unknown',
    ...overrides,
  });
