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
