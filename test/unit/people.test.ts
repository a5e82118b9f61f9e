import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { addressOf, resolvePeople } from '../../src/onboarding/people.ts';
import type { Person } from '../../src/onboarding/ports.ts';
import { request } from '../support/builders.ts';
import { createWorld, person } from '../support/world.ts';

const domains = ['harbour.example'];

async function resolve(...members: Person[]) {
  const world = createWorld();
  world.state.groups.set('g1', members);
  world.state.invites.set('org_1', [{ id: 'inv_1', email: 'Invited@harbour.example', status: 'PENDING' }]);
  world.state.members.set('org_1', ['member@harbour.example']);
  const { people, leftOut } = await resolvePeople(
    request({ invite: { people: [], groups: ['g1'] } }),
    'org_1',
    world.read,
  );
  return { addresses: people.map(({ address }) => address), reasons: leftOut.map(({ reason }) => reason) };
}

describe('an address', () => {
  it.each<[string, Partial<Person>, string | undefined]>([
    ['is the mail attribute first', { mail: 'Anna.Meyer@Harbour.example' }, 'anna.meyer@harbour.example'],
    [
      'is the primary SMTP address without a mail attribute',
      { mail: undefined, proxyAddresses: ['smtp:old@harbour.example', 'SMTP:anna@harbour.example'] },
      'anna@harbour.example',
    ],
    [
      'is the user principal name in an allowed domain at last',
      { mail: undefined, userPrincipalName: 'anna@harbour.example' },
      'anna@harbour.example',
    ],
    [
      'is never a foreign user principal name',
      { mail: undefined, userPrincipalName: 'anna@tenant.example' },
      undefined,
    ],
    ['is never made from a name', { mail: undefined, userPrincipalName: undefined }, undefined],
    ['has no look-alike letters', { mail: 'аnna@harbour.example', userPrincipalName: undefined }, undefined],
    [
      'has no percent sign, which the CLI damages',
      { mail: 'a%b@harbour.example', userPrincipalName: undefined },
      undefined,
    ],
  ])('%s', (_what, overrides, address) => {
    expect(addressOf(person('Anna Meyer', overrides), domains)).toBe(address);
  });
});

describe('people of the directory', () => {
  it.each<[string, Partial<Person>]>([
    ['disabled', { enabled: false }],
    ['guest', { guest: true }],
    ['no-mail', { mail: undefined, userPrincipalName: undefined }],
    ['not-a-person', { kind: 'other' }],
    ['wrong-domain', { mail: 'anna@elsewhere.example' }],
    ['wrong-domain', { mail: 'anna@harbour.example.evil.example' }],
    ['invited', { mail: 'invited@harbour.example' }],
    ['member', { mail: 'member@harbour.example' }],
  ])('are left out as %s', async (reason, overrides) => {
    expect(await resolve(person('Anna Meyer', overrides))).toEqual({ addresses: [], reasons: [reason] });
  });

  it('are invited once, however often they are listed', async () => {
    const anna = person('Anna Meyer');
    const alias = person('Anna Second', { mail: 'ANNA.MEYER@harbour.example' });
    expect(await resolve(anna, anna, alias)).toEqual({
      addresses: ['anna.meyer@harbour.example'],
      reasons: ['duplicate', 'duplicate'],
    });
  });

  it('must be known: an address that nobody has is left out', async () => {
    const world = createWorld();
    const asked = request({ invite: { people: ['nobody@harbour.example'], groups: [] } });
    const { people, leftOut } = await resolvePeople(asked, 'org_1', world.read);
    expect([people, leftOut]).toEqual([
      [],
      [{ name: 'nobody@harbour.example', address: 'nobody@harbour.example', reason: 'unknown' }],
    ]);
  });

  it('are asked for by name when a group is empty', async () => {
    await expect(resolve()).rejects.toThrow(UserError);
    await expect(resolve()).rejects.toThrow(/group g1 has no members/);
  });
});
