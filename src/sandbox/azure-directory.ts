import { randomUUID } from 'node:crypto';
import { randomId } from './kit.ts';

interface Named {
  id: string;
  displayName: string;
}

interface User extends Named {
  kind: 'user';
  givenName: string | null;
  surname: string | null;
  mail: string | null;
  userPrincipalName: string;
  proxyAddresses: string[];
  otherMails: string[];
  accountEnabled: boolean;
  /** Null for accounts that are older than the attribute. */
  userType: 'Member' | 'Guest' | null;
}

export interface Group extends Named {
  kind: 'group';
  /** Ids of its direct members. */
  members: string[];
}

interface Other extends Named {
  kind: 'servicePrincipal' | 'device' | 'orgContact';
}

export type DirectoryObject = User | Group | Other;

export interface DirectoryState {
  objects: Map<string, DirectoryObject>;
  /** User.Read.All. */
  mayReadUsers: boolean;
  /** GroupMember.Read.All. */
  mayReadGroups: boolean;
  /** Whether `eq` on strings takes upper and lower case for the same [?]. */
  filterIgnoresCase: boolean;
  /** Whether service principals are among a group's members; v1.0 is known to leave them out [DOC]. */
  listsServicePrincipals: boolean;
}

export const emptyDirectory = (): DirectoryState => ({
  objects: new Map(),
  mayReadUsers: true,
  mayReadGroups: true,
  filterIgnoresCase: true,
  listsServicePrincipals: false,
});

export interface DirectorySeeds {
  /** A person, enabled, with a mail address that is also the primary proxy address, unless said otherwise. */
  addUser(displayName: string, user?: Partial<User>): User;
  /** A group of these members: ids of users, groups and others. */
  addGroup(displayName: string, members?: readonly { id: string }[]): Group;
  addOther(kind: Other['kind'], displayName: string): Other;
}

export function seedsOf(state: DirectoryState): DirectorySeeds {
  function add<T extends DirectoryObject>(object: T): T {
    state.objects.set(object.id, object);
    return object;
  }
  return {
    addUser(displayName, user = {}) {
      const [givenName = null, surname = null] = displayName.split(' ');
      const address = `${randomId(8)}@example.com`;
      const mail = user.mail === undefined ? address : user.mail;
      return add({
        kind: 'user',
        id: randomUUID(),
        displayName,
        givenName,
        surname,
        mail,
        userPrincipalName: mail ?? address,
        proxyAddresses: mail === null ? [] : [`SMTP:${mail}`],
        otherMails: [],
        accountEnabled: true,
        userType: 'Member',
        ...user,
      });
    },
    addGroup: (displayName, members = []) =>
      add({ kind: 'group', id: randomUUID(), displayName, members: members.map(({ id }) => id) }),
    addOther: (kind, displayName) => add({ kind, id: randomUUID(), displayName }),
  };
}

/** All that a group has, nested groups and their members too, each once; groups that contain one another are no trouble. */
export function transitiveMembers(state: DirectoryState, group: Group): DirectoryObject[] {
  const found = new Map<string, DirectoryObject>();
  const visit = ({ members }: Group): void => {
    for (const id of members) {
      const object = state.objects.get(id);
      if (object === undefined || found.has(id)) continue;
      found.set(id, object);
      if (object.kind === 'group') visit(object);
    }
  };
  visit(group);
  return [...found.values()].filter(
    ({ kind }) => kind !== 'servicePrincipal' || state.listsServicePrincipals,
  );
}
