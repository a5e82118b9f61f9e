import { z } from 'zod';
import { explain, ServiceError, UserError } from '../errors.ts';
import type { Directory, Person, Problem } from '../onboarding/ports.ts';
import { createGraph, type Graph, type GraphOptions } from './graph.ts';
import { permissionMissing } from './graph-failures.ts';

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

const select = '$select=id,displayName,mail,userPrincipalName,proxyAddresses,accountEnabled,userType';

/** People and groups of Microsoft Entra, through Microsoft Graph. Throws ServiceErrors of Entra, and the UserErrors that the port names. */
export function createDirectory(options: GraphOptions): Directory {
  const graph = createGraph(options);
  return {
    async check(groups) {
      const looks = [
        () => graph.list('read users', `/users?${select}&$top=1`, Member, 'first page').then(toPersons('read users')),
        ...groups.map(group => () => membersOf(graph, group, 1, 'first page')),
      ];
      const problems = await Promise.all(looks.map(problemsOf));
      // A permission that is missing is missing for every group.
      return [...new Set(problems.flat())];
    },
    findPerson: address => findPerson(graph, address),
    expandGroup: group => membersOf(graph, group, 999),
  };
}

/** A refusal is what a check looks for; a limit or an outage says nothing about the directory. */
async function problemsOf(look: () => Promise<unknown>): Promise<Problem[]> {
  try {
    await look();
    return [];
  } catch (error) {
    const told = error instanceof UserError || (error instanceof ServiceError && !error.retryable);
    if (told) return [explain(error).text];
    throw error;
  }
}

async function findPerson(graph: Graph, address: string): Promise<Person | undefined> {
  const operation = `look for ${address}`;
  const value = address.replaceAll("'", "''");
  // Each by itself: Graph does not support every combination. Both spellings, as it may tell them apart.
  const filters = [
    `mail eq '${value}'`,
    `proxyAddresses/any(p:p eq 'SMTP:${value}')`,
    `proxyAddresses/any(p:p eq 'smtp:${value}')`,
    `userPrincipalName eq '${value}'`,
  ];
  const found = await Promise.all(
    filters.map(filter =>
      graph.list(operation, `/users?$filter=${encodeURIComponent(filter)}&${select}`, Member),
    ),
  );
  const persons = toPersons(operation)(found.flat().map(each => ({ ...each, '@odata.type': userType })));
  if (persons.length < 2) return persons[0];
  const names = persons.map(({ name, id }) => `${name} (${id})`).join(', ');
  throw new UserError(
    'address-ambiguous',
    `${address} belongs to several people in Entra: ${names}. Use an address that only one of them has.`,
    address,
  );
}
