import type { Fleet, Layer } from '../onboarding/fleet-schema.ts';
import type { Target } from '../onboarding/request.ts';
import type { EntraStandIn } from './entra.ts';

/** Names for the people of a fleet, in the order in which they are needed. */
const names = [
  'Rosa Lind',
  'Noor Haddad',
  'Emil Kranz',
  'Ines Duarte',
  'Piet Vos',
  'Lena Brandt',
  'Tom Achterberg',
  'Yuki Mori',
];

const addressOf = (name: string, domain: string): string =>
  `${name.toLowerCase().replaceAll(' ', '.')}@${domain}`;

interface SlackPeople {
  channel: string;
  requester: string;
  approver: string;
  users: { id: string; name: string; realName: string; email: string }[];
  /** What each of them may do here, in words, by id. */
  parts: Readonly<Record<string, string>>;
  groups: { id: string; handle: string; users: string[] }[];
}

function layersOf(fleet: Fleet): Layer[] {
  const clusters = fleet.clusters === 'any' ? [] : Object.values(fleet.clusters);
  const stages = [
    ...Object.values(fleet.stages),
    ...clusters.flatMap(each => Object.values(each?.stages ?? {})),
  ];
  return [fleet, ...stages, ...clusters].flatMap(layer => layer ?? []);
}

/** A Slack workspace in which somebody may ask and somebody else may approve, by the rules of this very fleet. */
export function peopleOf(fleet: Fleet): SlackPeople {
  const layers = layersOf(fleet);
  const domain = layers.flatMap(({ mailDomains }) => mailDomains ?? [])[0] ?? 'harbour.example';
  const requesters = layers.flatMap(({ requesters }) => requesters?.users ?? []);
  const approvers = layers.flatMap(({ approval }) => approval?.approvers?.users ?? []);
  const requester = requesters[0] ?? 'U0REQUESTER';
  const approver = approvers.find(user => user !== requester) ?? 'U0APPROVER';
  const ids = [...new Set([requester, approver, ...requesters, ...approvers, 'U0ONLOOKER', 'U0ANNA'])];
  const users = ids.map((id, index) => {
    const realName = id === 'U0ANNA' ? 'Anna Meyer' : (names[index] ?? `Person ${index}`);
    return {
      id,
      name: realName.split(' ')[0]?.toLowerCase() ?? id,
      realName,
      email: addressOf(realName, domain),
    };
  });
  const asking = new Set(layers.flatMap(({ requesters }) => requesters?.groups ?? []));
  const approving = new Set(layers.flatMap(({ approval }) => approval?.approvers?.groups ?? []));
  const groups = [...new Set([...asking, ...approving])].map((id, index) => ({
    id,
    handle: index === 0 ? 'platform-leads' : `group-${index}`,
    users: [...(asking.has(id) ? [requester] : []), ...(approving.has(id) ? [approver] : [])],
  }));
  const partOf = (id: string): string => {
    if (id === 'U0ANNA') return 'is to be invited';
    const rights = [
      ...(id === requester || requesters.includes(id) ? ['ask'] : []),
      ...(id === approver || approvers.includes(id) ? ['approve'] : []),
    ];
    return rights.length === 0 ? 'may do neither' : `may ${rights.join(' and ')}`;
  };
  const parts = Object.fromEntries(ids.map(id => [id, partOf(id)]));
  return { channel: 'platform', requester, approver, users, parts, groups };
}

/** The directory that the targets speak of: their people, and groups with members who can be invited and members who cannot. */
export function seedDirectory(entra: EntraStandIn, targets: readonly Target[]): void {
  const people = new Set(targets.flatMap(({ invite }) => invite.people));
  for (const mail of people) entra.addUser(nameOf(mail), { mail, userPrincipalName: mail });
  for (const id of new Set(targets.flatMap(({ invite }) => invite.groups))) {
    const domain =
      targets.find(({ invite }) => invite.groups.includes(id))?.mailDomains[0] ?? 'harbour.example';
    const member = (name: string, user: Parameters<EntraStandIn['addUser']>[1] = {}) => {
      const mail = addressOf(name, domain);
      return entra.addUser(name, { mail, userPrincipalName: mail, ...user });
    };
    const members = [
      member('Ben Okafor'),
      member('Carla Ruiz'),
      member('Dirk Janssen', { accountEnabled: false }),
      member('Elif Demir', { userType: 'Guest' }),
    ];
    const group = entra.addGroup('Platform team', members);
    entra.directory.objects.delete(group.id);
    entra.directory.objects.set(id, { ...group, id });
  }
}

const nameOf = (mail: string): string =>
  (mail.split('@')[0] ?? '')
    .split('.')
    .map(part => part.charAt(0).toUpperCase() + part.slice(1))
    .join(' ');
