import { randomBytes, randomInt } from 'node:crypto';
import { randomId } from './kit.ts';

export interface User {
  id: string;
  email: string;
  name: string;
  imageURL: string;
  authProviderUserId: string;
}

export interface Member {
  organizationId: string;
  userId: string;
  role: 'ADMIN' | 'VIEWER';
}

export interface Organization {
  id: string;
  name: string;
  uniqueName: string;
  imageURL?: string;
  created: string;
  settings: object;
}

export interface Label {
  key: string;
  value?: string | undefined;
}

export interface Environment {
  id: string;
  organizationId: string;
  name: string;
  labels: Label[];
}

export interface Invite {
  id: string;
  email: string;
  organization: { id: string };
  inviter: { id: string };
  status: 'PENDING' | 'ACCEPTED';
  created: string;
  acceptedAt?: string;
}

interface Component {
  type: string;
  status: { type: 'NOT_INTEGRATED' | 'CONNECTED' | 'DISCONNECTED'; lastSeen?: string };
}

export interface Components {
  credentialsOperator: Component;
  intentsOperator: Component;
  networkMapper: Component;
}

export interface Integration {
  id: string;
  organizationId: string;
  type: 'KUBERNETES' | 'GENERIC';
  name: string;
  credentials: { clientId: string; clientSecret: string };
  defaultEnvironment?: { id: string };
  cluster?: { id: string };
  components?: Components;
}

export interface Cluster {
  id: string;
  organizationId: string;
  name: string;
  createdAt: string;
  defaultEnvironment?: { id: string };
  components: Components;
}

const now = (): string => new Date().toISOString();

const moods = ['Brave', 'Curious', 'Drowsy', 'Gentle', 'Humming', 'Mellow', 'Nimble', 'Velvet'];
const things = ['Acorn', 'Comet', 'Lantern', 'Meadow', 'Pebble', 'Teapot', 'Walrus', 'Willow'];
const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? '';

export function newUser(email: string): User {
  const [name = email] = email.split('@');
  return { id: `usr_${randomId()}`, email, name, imageURL: '', authProviderUserId: `auth0|${randomId(24)}` };
}

/** Without a name it gets a random one, as the command line always makes it [SRC]. */
export function newOrganization(name?: string): Organization {
  const id = `org_${randomId()}`;
  return {
    id,
    name: name ?? `${pick(moods)} ${pick(things)} ${randomInt(1000)}`,
    uniqueName: `${pick(moods)}-${pick(things)}-${randomId(6)}`.toLowerCase(),
    created: now(),
    settings: {
      autoApproveMoreRestrictiveIntentsByEnv: [],
      defaultIntentsApprovalActionByEnv: [],
      defaultInviteMembership: { organizationId: id, role: 'ADMIN' },
      domainsDefaultRole: 'VIEWER',
    },
  };
}

export const newEnvironment = (organizationId: string, name: string, labels: Label[]): Environment => ({
  id: `env_${randomId()}`,
  organizationId,
  name,
  labels,
});

export const newInvite = (organization: string, inviter: string, email: string): Invite => ({
  id: `inv_${randomId()}`,
  email,
  organization: { id: organization },
  inviter: { id: inviter },
  status: 'PENDING',
  created: now(),
});

const newComponents = (): Components => ({
  credentialsOperator: { type: 'CREDENTIALS_OPERATOR', status: { type: 'NOT_INTEGRATED' } },
  intentsOperator: { type: 'INTENTS_OPERATOR', status: { type: 'NOT_INTEGRATED' } },
  networkMapper: { type: 'NETWORK_MAPPER', status: { type: 'NOT_INTEGRATED' } },
});

export const newCluster = (organizationId: string, name: string): Cluster => ({
  id: `cluster_${randomId()}`,
  organizationId,
  name,
  createdAt: now(),
  components: newComponents(),
});

export const newIntegration = (
  organizationId: string,
  type: Integration['type'],
  name: string,
): Integration => ({
  id: `int_${randomId()}`,
  organizationId,
  type,
  name,
  credentials: { clientId: `cli_${randomId()}`, clientSecret: randomBytes(32).toString('hex') },
});
