import { UserError } from '../errors.ts';
import type { Invitee, LeftOut } from './facts.ts';
import type { Invite, Person, Readers } from './ports.ts';
import type { Request } from './request.ts';

/** Who would be invited, who not and why; and what the organization has of both already. */
export interface People {
  people: Invitee[];
  leftOut: LeftOut[];
  invites: Invite[];
  members: string[];
}

/** Plain ASCII only: a look-alike letter would send the invite to a stranger. */
const addressPattern = /^[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$/;

function usable(address: string | undefined): string | undefined {
  const trimmed = address?.trim() ?? '';
  // Looked at first: some letters beyond ASCII have lower-case ones within.
  return addressPattern.test(trimmed) ? trimmed.toLowerCase() : undefined;
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);

/** The person's address: mail, then the primary SMTP proxy address, then the user principal name in an allowed domain. */
export function addressOf(person: Person, domains: readonly string[]): string | undefined {
  const primary = person.proxyAddresses.find(each => each.startsWith('SMTP:'))?.slice('SMTP:'.length);
  const principal = usable(person.userPrincipalName);
  return (
    usable(person.mail) ??
    usable(primary) ??
    (principal !== undefined && domains.includes(domainOf(principal)) ? principal : undefined)
  );
}

function classify(
  person: Person,
  address: string | undefined,
  domains: readonly string[],
): LeftOut['reason'] | undefined {
  if (person.kind === 'other') return 'not-a-person';
  if (!person.enabled) return 'disabled';
  if (person.guest) return 'guest';
  if (address === undefined) return 'no-mail';
  if (!domains.includes(domainOf(address))) return 'wrong-domain';
  return undefined;
}

interface Listed {
  persons: Person[];
  leftOut: LeftOut[];
}

async function fromDirectory(request: Request, { directory }: Readers, age?: 'as-of-now'): Promise<Listed> {
  const { people, groups } = request.target.invite;
  const named = request.named.flatMap(({ address }) => address ?? []);
  const nameless = request.named.filter(({ address }) => address === null);
  const leftOut: LeftOut[] = nameless.map(({ user }) => ({ name: `<@${user ?? ''}>`, reason: 'no-mail' }));

  const addresses = [...new Set([...people, ...named].map(each => each.trim().toLowerCase()))];
  const [found, expanded] = await Promise.all([
    Promise.all(
      addresses.map(async address => ({ address, person: await directory.findPerson(address, age) })),
    ),
    Promise.all(groups.map(async group => ({ group, members: await directory.expandGroup(group, age) }))),
  ]);
  const empty = expanded.find(({ members }) => members.length === 0);
  if (empty !== undefined) {
    throw new UserError(
      'group-empty',
      `The Entra group ${empty.group} has no members. Add people to it, or take it out of holt.yaml, then retry.`,
    );
  }
  for (const { address, person } of found) {
    if (person === undefined) leftOut.push({ name: address, address, reason: 'unknown' });
  }
  const persons = [
    ...found.flatMap(({ person }) => person ?? []),
    ...expanded.flatMap(({ members }) => members),
  ];
  return { persons, leftOut };
}

/**
 * Reads the people to invite from the directory and from the organization, if it is there, and says of each why or why not.
 */
export async function resolvePeople(
  request: Request,
  organization: string | undefined,
  read: Readers,
  age?: 'as-of-now',
): Promise<People> {
  const [{ persons, leftOut }, invites, members] = await Promise.all([
    fromDirectory(request, read, age),
    organization === undefined ? [] : read.otterize.listInvites(organization),
    organization === undefined ? [] : read.otterize.listMembers(organization),
  ]);
  const invited = new Set(invites.map(({ email }) => email.toLowerCase()));
  const belonging = new Set(members.map(email => email.toLowerCase()));
  const domains = request.target.mailDomains;
  const people: Invitee[] = [];
  const seenIds = new Set<string>();
  const seenAddresses = new Set<string>();

  for (const person of persons) {
    const address = addressOf(person, domains);
    const reason = reasonOf(person, address);
    seenIds.add(person.id);
    if (address !== undefined) seenAddresses.add(address);
    if (reason === undefined && address !== undefined)
      people.push({ address, name: person.name, id: person.id });
    else
      leftOut.push({
        name: person.name,
        ...(address === undefined ? {} : { address }),
        reason: reason ?? 'no-mail',
      });
  }
  return { people, leftOut, invites, members };

  function reasonOf(person: Person, address: string | undefined): LeftOut['reason'] | undefined {
    if (seenIds.has(person.id) || (address !== undefined && seenAddresses.has(address))) return 'duplicate';
    const reason = classify(person, address, domains);
    if (reason !== undefined || address === undefined) return reason;
    if (belonging.has(address)) return 'member';
    return invited.has(address) ? 'invited' : undefined;
  }
}
