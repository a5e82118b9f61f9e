import { execa } from 'execa';
import { startProgram } from '../faults/program.ts';
import { signedInAz } from './az.ts';
import type { Ground } from './ground.ts';

type File = readonly [path: string, text: string];

/** The manual way: what a template of a shell script did for each cluster and stage, one program after the other. */
export interface Manual {
  /** Answers the file of the cluster's values as the template engine wrote it. */
  onboard(cluster: string): Promise<File>;
  commit(files: readonly File[]): Promise<void>;
  close(): Promise<void>;
}

interface Programs {
  /** Runs one command in an organization; answers what it printed. */
  otterize<T>(organization: string, ...words: string[]): Promise<T>;
  az<T>(...words: string[]): Promise<T>;
}

/**
 * Otterize's program is the one that Holt is given. `az` is of the same kind, signed in before and without a start of its own, which
 * takes the real one a second; and a commit takes no call. All of that is in favour of the manual way.
 */
export async function openManual(ground: Ground): Promise<Manual> {
  const { sandbox, target } = ground;
  const az = await startProgram(sandbox.folder, { name: 'az', act: await signedInAz(sandbox) });
  const { PATH, OTTERIZE_API_ADDRESS, OTTERIZE_TOKEN } = sandbox.environment;
  const env = { PATH, HOME: sandbox.folder, OTTERIZE_API_ADDRESS, OTTERIZE_TOKEN };

  const call = async <T>(program: string, words: readonly string[]): Promise<T> =>
    JSON.parse((await execa(program, words, { env, extendEnv: false })).stdout) as T;
  const programs: Programs = {
    otterize: (organization, ...words) =>
      call(ground.otterize, [...words, '--format=json', `--org-id=${organization}`]),
    az: (...words) => call(az.file, words),
  };

  return {
    async onboard(cluster) {
      const { gitops } = target(cluster);
      return [gitops.valuesPath, valuesOf(await runScript(programs, ground, cluster))];
    },
    async commit(files) {
      const { repository, base } = target(ground.clusters[0] ?? '').gitops;
      const standIn = sandbox.github.repository(repository);
      await standIn.commitAs('somebody', base, Object.fromEntries(files), 'Connect clusters');
    },
    close: () => az.close(),
  };
}

/** In the article's order; answers the client id. */
async function runScript({ otterize, az }: Programs, ground: Ground, cluster: string): Promise<string> {
  const { names, labels, mailDomains, invite: invited } = ground.target(cluster);
  const first = ground.sandbox.environment['OTTERIZE_ORG_ID'] ?? '';
  const [{ id }] = await otterize<[{ id: string }]>(first, 'organizations', 'create');
  await otterize(id, 'organizations', 'update', id, `--name=${names.organization}`);

  /** A failed invite is reported and the rest goes on. */
  const invite = async (email: string): Promise<void> =>
    void (await otterize(id, 'invites', 'create', `--email=${email}`).catch(() => undefined));
  for (const address of invited.people) {
    const person = await az<{ givenName: string; surname: string }>('ad', 'user', 'show', '--id', address);
    await invite(`${person.givenName}.${person.surname}@${mailDomains[0]}`.toLowerCase());
  }
  for (const group of invited.groups) {
    const members = await az<{ mail: string | null }[]>('ad', 'group', 'member', 'list', '--group', group);
    for (const { mail } of members) if (mail !== null) await invite(mail.toLowerCase());
  }

  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const described = [`--name=${names.environment}`, `--labels=${pairs.join(',')}`];
  const [environment] = await otterize<[{ id: string }]>(id, 'environments', 'create', ...described);
  const placed = [`--env-id=${environment.id}`, `--name=${names.integration}`];
  const made = await otterize<[{ credentials: { clientId: string; clientSecret: string } }]>(
    id,
    'integrations',
    'create',
    'kubernetes',
    ...placed,
  );
  const { clientId, clientSecret } = made[0].credentials;
  const store = (name: string, value: string): Promise<unknown> =>
    az('keyvault', 'secret', 'set', '--vault-name', names.vault, '--name', name, '--value', value);
  await store(names.clientIdSecret, clientId);
  await store(names.clientSecretSecret, clientSecret);
  return clientId;
}

const valuesOf = (clientId: string): string => `otterize-kubernetes:
  global:
    otterizeCloud:
      credentials:
        clientId: ${clientId}
        clientSecretKeyRef:
          secretName: otterize-cloud-credentials-secret-key
          secretKey: otterize-cloud-client-secret
`;
