import { z } from 'zod';
import { explain, ServiceError, UserError } from '../errors.ts';
import type { Directory, Person, Problem } from '../onboarding/ports.ts';
import { createGraph, type Graph, type GraphOptions } from './graph.ts';
import { permissionMissing } from './graph-failures.ts';
import { createSharing } from './sharing.ts';

/** Not there unless selected, null when it has no value; whoever may not be read has all of them null but the id. */
const text = z.string().nullish();
const Member = z.object({
  '@odata.type': text,
  id: z.string(),
  displayName: text,
  mail: text,
  userPrincipalName: text,
  proxyAddresses: z.array(z.string()).nullish(),
  accountEnabled: z.boolean().nullish(),
  userType: text,
});
type Member = z.infer<typeof Member>;

const attributes = '$select=id,displayName,mail,userPrincipalName,proxyAddresses,accountEnabled,userType';

/** How old an answer may be that several are told. People are read again just before they are invited, and this is how just. */
const usualFreshMs = 5_000;

/**
 * People and groups of Microsoft Entra, through Microsoft Graph. Whoever wants to know the same within `freshMs` is told the same.
 * Throws ServiceErrors and UserErrors, nothing else.
 */
export function createDirectory({
  freshMs = usualFreshMs,
  ...options
}: GraphOptions & { freshMs?: number }): Directory {
  const graph = createGraph(options);
  const share = createSharing(freshMs);
  const begins = (group: string) => share(`begins ${group}`, () => membersOf(graph, group, 'first page'));
  return {
    async check(groups) {
      const looks = [share('users', () => someUser(graph)), ...groups.map(begins)];
      return (await Promise.all(looks.map(problemsOf))).flat();
    },
    findPerson: address => share(`person ${address}`, () => findPerson(graph, address)),
    expandGroup: group => share(`group ${group}`, () => membersOf(graph, group)),
  };
}

/** A refusal is what a check looks for; a limit or an outage says nothing about the directory. */
async function problemsOf(look: Promise<unknown>): Promise<Problem[]> {
  try {
    await look;
    return [];
  } catch (error) {
    const told = error instanceof UserError || (error instanceof ServiceError && !error.retryable);
    if (told) return [explain(error).text];
    throw error;
  }
}

async function someUser(graph: Graph): Promise<void> {
  const operation = 'read users';
  toPersons(operation, await graph.list(operation, `/users?${attributes}&$top=1`, Member, 'first page'));
}

async function membersOf(
  graph: Graph,
  group: string,
  extent: 'all' | 'first page' = 'all',
): Promise<Person[]> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(group)) throw noGroup(group);
  const operation = `read the members of the group ${group}`;
  const path = `/groups/${group}/transitiveMembers?${attributes}&$top=${extent === 'all' ? 999 : 1}`;
  try {
    return toPersons(operation, await graph.list(operation, path, Member, extent));
  } catch (error) {
    throw error instanceof ServiceError && error.status === 404 ? noGroup(group) : error;
  }
}

async function findPerson(graph: Graph, address: string): Promise<Person | undefined> {
  const operation = `look for ${address}`;
  const value = address.replaceAll("'", "''");
  // One by one, as Graph does not support every combination; both spellings, as it may tell them apart.
  const filters = [
    `mail eq '${value}'`,
    `proxyAddresses/any(p:p eq 'SMTP:${value}')`,
    `proxyAddresses/any(p:p eq 'smtp:${value}')`,
    `userPrincipalName eq '${value}'`,
  ];
  const found = await Promise.all(
    filters.map(filter =>
      graph.list(operation, `/users?$filter=${encodeURIComponent(filter)}&${attributes}`, Member),
    ),
  );
  const persons = toPersons(operation, found.flat());
  if (persons.length > 1) throw ambiguous(address, persons);
  return persons[0];
}

/** Each once. Nested groups are left out: their members are listed as well. */
function toPersons(operation: string, members: readonly Member[]): Person[] {
  const persons = members
    .filter(member => member['@odata.type'] !== '#microsoft.graph.group')
    .map(member => toPerson(operation, member));
  return [...new Map(persons.map(person => [person.id, person])).values()];
}

function toPerson(operation: string, member: Member): Person {
  const { id, userPrincipalName, accountEnabled, userType } = member;
  const name = member.displayName ?? userPrincipalName;
  // Lists that have users only do not name the type.
  const isUser = (member['@odata.type'] ?? '#microsoft.graph.user') === '#microsoft.graph.user';
  // Taken for a person without an address, somebody who may not be read would be left out in silence.
  const readable = typeof name === 'string' && typeof accountEnabled === 'boolean';
  if (isUser && !readable) throw permissionMissing(operation);
  return {
    id,
    name: name ?? id,
    kind: isUser ? 'user' : 'other',
    mail: member.mail ?? undefined,
    proxyAddresses: member.proxyAddresses ?? [],
    userPrincipalName: userPrincipalName ?? undefined,
    enabled: accountEnabled ?? false,
    // Accounts that are older than the attribute have no type; a guest's name still shows where it comes from.
    guest: userType === 'Guest' || (!userType && /#EXT#/i.test(userPrincipalName ?? '')),
  };
}

const noGroup = (group: string): UserError =>
  new UserError(
    'group-not-found',
    `Entra has no group ${group}. Put the object id of a group that is there into holt.yaml, then ask again.`,
    group,
  );

const ambiguous = (address: string, persons: readonly Person[]): UserError =>
  new UserError(
    'address-ambiguous',
    `${address} belongs to several people in Entra: ${persons.map(({ name, id }) => `${name} (${id})`).join(', ')}. Name an address that only one of them has.`,
    address,
  );
