import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDirectory } from '../../src/azure/directory.ts';
import { explain, UserError } from '../../src/errors.ts';
import { clientSecretOf, startAzure } from '../support/azure.ts';
import { graphUnlimited } from '../support/limits.ts';

let azure: Awaited<ReturnType<typeof startAzure>>;
let directory: ReturnType<typeof createDirectory>;

beforeAll(async () => {
  azure = await startAzure();
});
beforeEach(() => {
  azure.reset();
  directory = createDirectory({
    credential: clientSecretOf(azure.entra),
    graphUrl: azure.entra.url,
    ...graphUnlimited(),
  });
});
afterAll(() => azure.close());

const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the directory', () => {
  it('finds a person by mail, by another address and by the name they sign in with', async () => {
    const anna = azure.entra.addUser('Anna Meyer', {
      mail: 'anna@harbour.example',
      proxyAddresses: ['SMTP:anna@harbour.example', 'smtp:a.meyer@harbour.example'],
      userPrincipalName: 'anna@tenant.example',
    });
    for (const address of ['anna@harbour.example', 'a.meyer@harbour.example', 'anna@tenant.example']) {
      expect(await directory.findPerson(address)).toMatchObject({
        id: anna.id,
        name: 'Anna Meyer',
        enabled: true,
      });
    }
    expect(await directory.findPerson('nobody@harbour.example')).toBeUndefined();
    expect(await directory.findPerson("o'neil@harbour.example")).toBeUndefined();
  });

  it('expands nested groups over pages, with what tells who may be invited', async () => {
    const many = Array.from({ length: 1_100 }, (_, index) => azure.entra.addUser(`Person ${index}`));
    const inner = azure.entra.addGroup('Inner', many);
    const guest = azure.entra.addUser('Guest', { userType: 'Guest', accountEnabled: false });
    const outer = azure.entra.addGroup('Outer', [inner, guest, azure.entra.addOther('device', 'Laptop')]);
    const members = await directory.expandGroup(outer.id);
    expect(members.filter(({ kind }) => kind === 'user')).toHaveLength(1_101);
    expect(members.find(({ id }) => id === guest.id)).toMatchObject({ guest: true, enabled: false });
    expect(members.filter(({ kind }) => kind === 'other')).toHaveLength(1);
  });

  it('names a group that is not there', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    const error = await thrownBy(directory.expandGroup(id));
    expect(error).toBeInstanceOf(UserError);
    expect(explain(error).text).toContain(id);
  });

  it.each(['token', 'listUsers'])('gives up in time when %s is never answered', async operation => {
    azure.entra.faults.push({ operation, kind: 'hang' });
    const { url } = azure.entra;
    const hurried = createDirectory({
      credential: clientSecretOf(azure.entra),
      graphUrl: url,
      ...graphUnlimited(),
      requestTimeoutMs: 300,
    });
    expect(await thrownBy(hurried.findPerson('anna@harbour.example'))).toMatchObject({
      name: 'ServiceError',
      service: 'Entra',
      retryable: true,
    });
    azure.entra.faults.length = 0;
    expect(await hurried.findPerson('anna@harbour.example')).toBeUndefined();
  });

  it('is loud when the permission to read people is missing', async () => {
    const group = azure.entra.addGroup('Team', [azure.entra.addUser('Anna Meyer')]);
    azure.entra.directory.mayReadUsers = false;
    expect(explain(await thrownBy(directory.expandGroup(group.id))).text).toContain('User.Read.All');
    expect((await directory.check([group.id])).join(' ')).toContain('User.Read.All');
  });

  it('says what is wrong with a refused client secret, and not the secret', async () => {
    const wrong = clientSecretOf(azure.entra, 'not-the-secret');
    const problems = await directory
      .check([])
      .then(() =>
        createDirectory({ credential: wrong, graphUrl: azure.entra.url, ...graphUnlimited() }).check([]),
      );
    expect(problems).toHaveLength(1);
    expect(problems.join(' ')).not.toContain('not-the-secret');
  });
});

const asked = (operation: string): number =>
  azure.entra.calls.filter(call => call.operation === operation).length;
const of = (freshMs: number) =>
  createDirectory({
    credential: clientSecretOf(azure.entra),
    graphUrl: azure.entra.url,
    freshMs,
    ...graphUnlimited(),
  });

describe('what is asked of the directory', () => {
  it('at the same moment goes in batches of twenty, with one token, and each is answered for itself', async () => {
    const people = Array.from({ length: 7 }, (_, index) => `person-${index}@harbour.example`);
    for (const mail of people) azure.entra.addUser(mail, { mail });
    const group = azure.entra.addGroup('Team', [azure.entra.addUser('Ben Okafor')]);
    const nobody = '00000000-0000-4000-8000-000000000000';
    const [found, members, missing] = await Promise.all([
      Promise.all(people.map(directory.findPerson)),
      directory.expandGroup(group.id),
      thrownBy(directory.expandGroup(nobody)),
    ]);
    expect(found.map(person => person?.mail)).toEqual(people);
    expect(members.map(({ name }) => name)).toEqual(['Ben Okafor']);
    expect(explain(missing).text).toContain(nobody);
    expect(asked('listUsers')).toBe(28);
    expect(asked('batch')).toBe(2);
    expect(asked('token')).toBe(1);
  });

  it('in a batch that is refused, or in which one is, fails for those alone that it befalls', async () => {
    const [anna, ben] = ['anna@harbour.example', 'ben@harbour.example'];
    for (const mail of [anna, ben]) azure.entra.addUser(mail, { mail });
    azure.entra.faults.push({ operation: 'listUsers', kind: 'answer', status: 503, times: 1 });
    const ends = await Promise.allSettled([directory.findPerson(anna), directory.findPerson(ben)]);
    expect(ends).toMatchObject([
      { status: 'rejected', reason: { status: 503, operation: `look for ${anna}` } },
      { status: 'fulfilled', value: { mail: ben } },
    ]);
    azure.entra.faults.push({ operation: 'listUsers', kind: 'drop', times: 1 });
    const lost = await Promise.allSettled([directory.findPerson(anna), of(0).findPerson(ben)]);
    expect(lost).toMatchObject([
      { status: 'rejected', reason: { service: 'Entra', retryable: true, applied: 'no' } },
      { status: 'fulfilled' },
    ]);
  });

  it('by many clusters is read once, and again when the answer is no longer fresh', async () => {
    const ben = azure.entra.addUser('Ben Okafor');
    const group = azure.entra.addGroup('Team', [ben]);
    const patient = of(3_600_000);
    const expand = (from = patient) => from.expandGroup(group.id);
    const told = await Promise.all(Array.from({ length: 25 }, () => expand()));
    group.members.length = 0;
    told.push(await expand());
    expect(told.map(members => members.map(({ name }) => name))).toEqual(
      Array.from({ length: 26 }, () => ['Ben Okafor']),
    );
    expect(asked('transitiveMembers')).toBe(1);
    const hasty = of(0);
    expect(await expand(hasty)).toEqual([]);
    group.members.push(ben.id);
    expect(await expand(hasty)).toHaveLength(1);
  });

  it('and failed is asked for anew', async () => {
    const patient = of(3_600_000);
    azure.entra.faults.push({ operation: 'listUsers', kind: 'answer', status: 503, times: 1 });
    const failed = await thrownBy(patient.findPerson('anna@harbour.example'));
    expect(failed).toMatchObject({ status: 503 });
    expect(await patient.findPerson('anna@harbour.example')).toBeUndefined();
  });
});
