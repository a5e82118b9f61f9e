import { randomId } from './kit.ts';
import {
  type Cluster,
  type Environment,
  type Integration,
  type Invite,
  type Label,
  type Member,
  newCluster,
  newEnvironment,
  newIntegration,
  newInvite,
  newOrganization,
  newUser,
  type Organization,
  type User,
} from './otterize-records.ts';

/** What nobody outside knows of the real cloud [?]. Tests run with each of them both ways. */
export interface OtterizeSwitches {
  /** What get, list and update show of an integration's secret; creating one always shows it. */
  secretReadableAgain: 'shown' | 'masked';
  /** A second environment, integration or invite of the same name: 409, or simply another one. */
  duplicateNames: 'conflict' | 'allowed';
  /** How long it takes until a new organization shows up in lists. */
  listLagMs: number;
}

/** Whom a bearer token speaks for: a person, or an integration's client, which belongs to one organization. */
export type Caller = { user: User } | { client: Integration };

export interface OtterizeState extends OtterizeSwitches {
  users: User[];
  members: Member[];
  organizations: Organization[];
  environments: Environment[];
  invites: Invite[];
  integrations: Integration[];
  clusters: Cluster[];
  /** Every client secret there ever was, those of deleted integrations too. */
  clientSecrets: string[];
  tokens: Map<string, Caller>;
  /** Organizations that lists do not show yet, and until when, in milliseconds since the epoch. */
  unlisted: Map<string, number>;
}

export interface Seeds {
  /** An organization that the operator is a member of and that every list shows. */
  seedOrganization(name?: string): Organization;
  seedEnvironment(organization: string, name: string, labels?: Label[]): Environment;
  seedInvite(organization: string, email: string, status?: Invite['status']): Invite;
  seedMember(organization: string, email: string): User;
  /** A Kubernetes integration with its cluster. */
  seedIntegration(organization: string, integration: { environmentId: string; name: string }): Integration;
  /** A token that the cloud accepts; the operator's unless another user is given. */
  seedToken(token?: string, user?: User): string;
  /** Each component of the integration's cluster reports, as if the chart had been rolled out. */
  markConnected(integration: string): void;
}

export const emptyState = (switches: Partial<OtterizeSwitches> = {}): OtterizeState => ({
  secretReadableAgain: 'shown',
  duplicateNames: 'conflict',
  listLagMs: 0,
  ...switches,
  users: [],
  members: [],
  organizations: [],
  environments: [],
  invites: [],
  integrations: [],
  clusters: [],
  clientSecrets: [],
  tokens: new Map(),
  unlisted: new Map(),
});

/** The creator becomes a member of the new organization [DOC]. */
export function addOrganization(state: OtterizeState, user: User, name?: string): Organization {
  const organization = newOrganization(name);
  state.organizations.push(organization);
  state.members.push({ organizationId: organization.id, userId: user.id, role: 'ADMIN' });
  return organization;
}

/** A new Kubernetes integration brings its cluster along [DOC]. */
export function addKubernetesIntegration(
  state: OtterizeState,
  organization: string,
  { environmentId, name }: { environmentId: string; name: string },
): Integration {
  const cluster = newCluster(organization, name);
  cluster.defaultEnvironment = { id: environmentId };
  const integration = newIntegration(organization, 'KUBERNETES', name);
  integration.defaultEnvironment = { id: environmentId };
  integration.cluster = { id: cluster.id };
  integration.components = cluster.components;
  state.clusters.push(cluster);
  state.integrations.push(integration);
  state.clientSecrets.push(integration.credentials.clientSecret);
  return integration;
}

/** Ways to put things into the cloud that did not come through its API. `operator` is the first user. */
export function seedsOf(state: OtterizeState): Seeds {
  function operator(): User {
    const [first] = state.users;
    if (first === undefined) throw new Error('the stand-in has no user');
    return first;
  }
  return {
    seedOrganization: name => addOrganization(state, operator(), name),
    seedEnvironment(organization, name, labels = []) {
      const environment = newEnvironment(organization, name, labels);
      state.environments.push(environment);
      return environment;
    },
    seedInvite(organization, email, status = 'PENDING') {
      const invite: Invite = { ...newInvite(organization, operator().id, email), status };
      state.invites.push(invite);
      return invite;
    },
    seedMember(organization, email) {
      const user = state.users.find(each => each.email === email) ?? newUser(email);
      if (!state.users.includes(user)) state.users.push(user);
      state.members.push({ organizationId: organization, userId: user.id, role: 'VIEWER' });
      return user;
    },
    seedIntegration: (organization, integration) =>
      addKubernetesIntegration(state, organization, integration),
    seedToken(token = `tok-${randomId(24)}`, user = operator()) {
      state.tokens.set(token, { user });
      return token;
    },
    markConnected(id) {
      const components = state.integrations.find(each => each.id === id)?.components;
      if (components === undefined) throw new Error(`no Kubernetes integration ${id}`);
      const lastSeen = new Date().toISOString();
      for (const component of Object.values(components)) component.status = { type: 'CONNECTED', lastSeen };
    },
  };
}
