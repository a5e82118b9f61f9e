import { Cluster, Environment, type Form, Integration, Invite, Organization, User } from './otterize-go.ts';

/** One call of the program: its positional arguments and its flags, which also come from `OTTERIZE_*` variables. */
export interface Invocation {
  id: string;
  flag(name: string): string | undefined;
  labels(): { key: string; value: string }[] | undefined;
}

interface Request {
  method: string;
  path: string;
  query?: Record<string, string | undefined>;
  body?: object;
}

export interface Command {
  /** Whether it takes an id. */
  id?: true;
  flags?: Record<string, 'required' | 'optional'>;
  request(call: Invocation): Request;
  /** What the answer is read into and printed as; nothing is printed without it. */
  form?: Form;
  list?: true;
  /** The confirmation on standard error. */
  says?(call: Invocation, answer: unknown): string;
}

interface Noun {
  aliases: readonly string[];
  /** A verb, or a verb with its sub-verb. */
  commands: Record<string, Command>;
}

/** list, get and delete are alike for all nouns. */
const list = (path: string, form: Form): Command => ({
  list: true,
  form,
  request: () => ({ method: 'GET', path }),
});
const get = (path: string, form: Form): Command => ({
  id: true,
  form,
  request: ({ id }) => ({ method: 'GET', path: `${path}/${id}` }),
});
const remove = (path: string, what: string): Command => ({
  id: true,
  request: ({ id }) => ({ method: 'DELETE', path: `${path}/${id}` }),
  says: ({ id }) => `Deleted ${what} ${id}`,
});

const organizations: Noun = {
  aliases: ['organization', 'orgs', 'org'],
  commands: {
    list: list('/organizations', Organization),
    get: get('/organizations', Organization),
    // [RUN] No flag for a name: the body is always empty.
    create: { form: Organization, request: () => ({ method: 'POST', path: '/organizations', body: {} }) },
    update: {
      id: true,
      flags: { name: 'optional', 'image-url': 'optional' },
      form: Organization,
      request: ({ id, flag }) => ({
        method: 'PATCH',
        path: `/organizations/${id}`,
        body: { name: flag('name'), imageURL: flag('image-url') },
      }),
      says: () => 'Organization updated',
    },
    'remove-user': {
      id: true,
      flags: { 'user-id': 'required' },
      request: ({ id, flag }) => ({
        method: 'DELETE',
        path: `/organizations/${id}/users/${flag('user-id')}`,
      }),
      says: ({ id, flag }) => `User ${flag('user-id')} removed from organization ${id}`,
    },
  },
};

const updatedEnvironment = { id: true, form: Environment, says: () => 'Environment updated' } as const;

const environments: Noun = {
  aliases: ['environment', 'envs', 'env'],
  commands: {
    list: {
      list: true,
      flags: { name: 'optional', labels: 'optional' },
      form: Environment,
      // [RUN] A name, whichever, is sent as the word `name`.
      request: ({ flag, labels }) => ({
        method: 'GET',
        path: '/environments',
        query: {
          name: flag('name') && 'name',
          labels: labels() && JSON.stringify(labels()),
        },
      }),
    },
    get: get('/environments', Environment),
    create: {
      flags: { name: 'required', labels: 'optional' },
      form: Environment,
      request: ({ flag, labels }) => ({
        method: 'POST',
        path: '/environments',
        body: { name: flag('name'), labels: labels() },
      }),
    },
    update: {
      ...updatedEnvironment,
      flags: { name: 'optional', labels: 'optional' },
      request: ({ id, flag, labels }) => ({
        method: 'PATCH',
        path: `/environments/${id}`,
        body: { name: flag('name'), labels: labels() },
      }),
    },
    'update add-label': {
      ...updatedEnvironment,
      flags: { key: 'required', value: 'optional' },
      request: ({ id, flag }) => ({
        method: 'POST',
        path: `/environments/${id}/labels`,
        body: { label: { key: flag('key'), value: flag('value') } },
      }),
    },
    'update remove-label': {
      ...updatedEnvironment,
      flags: { key: 'required' },
      request: ({ id, flag }) => ({ method: 'DELETE', path: `/environments/${id}/labels/${flag('key')}` }),
    },
    'update remove-all-labels': {
      ...updatedEnvironment,
      request: ({ id }) => ({ method: 'PATCH', path: `/environments/${id}`, body: { labels: [] } }),
    },
    delete: remove('/environments', 'environment'),
  },
};

const invites: Noun = {
  aliases: ['invite'],
  commands: {
    list: list('/invites', Invite),
    get: get('/invites', Invite),
    create: {
      flags: { email: 'required' },
      form: Invite,
      request: ({ flag }) => ({ method: 'POST', path: '/invites', body: { email: flag('email') } }),
    },
    delete: remove('/invites', 'invite'),
    accept: {
      id: true,
      request: ({ id }) => ({ method: 'PATCH', path: `/invites/${id}`, body: {} }),
      says: (_, answer) =>
        `Joined organization ${(answer as { organization: { id: string } }).organization.id}`,
    },
  },
};

const integrations: Noun = {
  aliases: ['integration'],
  commands: {
    list: {
      list: true,
      flags: { name: 'optional', type: 'optional', 'env-id': 'optional', 'cluster-id': 'optional' },
      form: Integration,
      request: ({ flag }) => ({
        method: 'GET',
        path: '/integrations',
        query: {
          name: flag('name'),
          integrationType: flag('type')?.trim().toUpperCase(),
          environmentId: flag('env-id'),
          clusterId: flag('cluster-id'),
        },
      }),
    },
    get: get('/integrations', Integration),
    'create kubernetes': {
      flags: { 'env-id': 'required', name: 'required' },
      form: Integration,
      request: ({ flag }) => ({
        method: 'POST',
        path: '/integrations/kubernetes',
        body: { environmentId: flag('env-id'), name: flag('name') },
      }),
    },
    'create generic': {
      flags: { name: 'required' },
      form: Integration,
      request: ({ flag }) => ({
        method: 'POST',
        path: '/integrations/generic',
        body: { name: flag('name') },
      }),
    },
    // [RUN] Always sends a name, the empty one when none is given.
    'update kubernetes': {
      id: true,
      flags: { 'env-id': 'optional', name: 'optional' },
      form: Integration,
      request: ({ id, flag }) => ({
        method: 'PATCH',
        path: `/integrations/kubernetes/${id}`,
        body: { environmentId: flag('env-id'), name: flag('name') ?? '' },
      }),
      says: () => 'Integration updated',
    },
    delete: remove('/integrations', 'integration'),
  },
};

const clusters: Noun = {
  aliases: ['cluster'],
  commands: {
    list: {
      list: true,
      flags: { name: 'optional' },
      form: Cluster,
      request: ({ flag }) => ({ method: 'GET', path: '/clusters', query: { name: flag('name') } }),
    },
    get: get('/clusters', Cluster),
    create: {
      flags: { name: 'required' },
      form: Cluster,
      request: ({ flag }) => ({ method: 'POST', path: '/clusters', body: { name: flag('name') } }),
    },
    delete: remove('/clusters', 'cluster'),
  },
};

const users: Noun = {
  aliases: ['user'],
  commands: { list: list('/users', User), get: get('/users', User) },
};

/** The nouns that the program knows, with their verbs, as the help lists them. */
export const nouns: Record<string, Noun> = {
  organizations,
  environments,
  invites,
  integrations,
  clusters,
  users,
};
