import { UserError } from '../../errors.ts';
import { Secret } from '../../secret.ts';
import type { Facts } from '../facts.ts';
import type { Integration } from '../ports.ts';
import { defineStep, type StepContext } from '../step.ts';
import { keep, Lost, type Ownership, type Standing } from '../vault-secret.ts';

type Context = StepContext<'organization' | 'environment'>;

type Kept = NonNullable<Facts['credentials']>;

interface Established {
  id: string;
  /** Whether this run made it, so that it may be replaced while nothing connects with it. */
  made: boolean;
}

/**
 * The integration's credentials stand in Key Vault. The secret lives in this call only, on its way from Otterize to the
 * vault: neither the fact nor an effect's result has it.
 */
export const credentials = defineStep({
  fact: 'credentials',
  needs: ['organization', 'environment'],

  run: context => keepCredentials(context, 'integration'),
});

/** Keeps what Otterize shows, and trusts the vault for what Otterize does not show again. */
async function keepCredentials(context: Context, key: string): Promise<Kept> {
  const { names, cluster, stage } = context.request.target;
  const [secret, id] = [look(context, names.clientSecretSecret), look(context, names.clientIdSecret)];
  const { integration, shown } = await establish(context, key);
  const listed = shown ?? (await context.read.otterize.listIntegrations(context.facts.organization.id));
  const current = Array.isArray(listed) ? listed.find(({ id }) => id === integration.id) : listed;
  if (current === undefined) {
    const replaced = context.recorded(`remove ${integration.id}`);
    if (!replaced && !context.acknowledged('integration-gone', integration.id)) throw gone(integration.id);
    return keepCredentials(context, `integration after ${integration.id}`);
  }
  const live = current.credentials;
  if (live === undefined) throw unreadable(context, integration.id);

  const owner: Ownership = { cluster, stage, integration: integration.id };
  try {
    const secrets = [
      await keep(context, owner, names.clientSecretSecret, live.clientSecret, await secret),
      await keep(context, owner, names.clientIdSecret, new Secret(live.clientId), await id),
    ];
    return {
      integration: integration.id,
      clientId: live.clientId,
      vault: names.vault,
      secrets: secrets.map(({ name, version }) => ({ name, version })),
      written: secrets.some(({ written }) => written),
    };
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    if (!integration.made || current.connected) throw unreadable(context, integration.id);
  }
  await remove(context, integration.id);
  return keepCredentials(context, `integration after ${integration.id}`);
}

/** Begins to look into the vault beside the making of the integration. What goes wrong here goes wrong again when it is kept. */
const look = ({ request, read }: Context, name: string): Promise<Standing | undefined> =>
  read.vault.read(request.target.names.vault, name).catch(() => undefined);

async function establish(
  { request, facts, effect }: Context,
  key: string,
): Promise<{ integration: Established; shown: Integration | undefined }> {
  const name = request.target.names.integration;
  let shown: Integration | undefined;
  const integration = await effect<{ id: string; made: boolean }>(key, {
    thing: { kind: 'integration', name },
    inside: 'organization',
    async find({ otterize }, intent) {
      const found = (await otterize.listIntegrations(facts.organization.id)).find(each => each.name === name);
      if (found === undefined) return undefined;
      if (found.environmentId !== undefined && found.environmentId !== facts.environment.id)
        throw elsewhere(name);
      shown = found;
      return { id: found.id, made: intent.open !== undefined };
    },
    async create({ otterize }) {
      shown = await otterize.createIntegration(facts.organization.id, {
        environmentId: facts.environment.id,
        name,
      });
      return { id: shown.id, made: true };
    },
  });
  return { integration, shown };
}

async function remove({ facts, effect }: Context, integration: string): Promise<void> {
  const organization = facts.organization.id;
  await effect(`remove ${integration}`, {
    thing: { kind: 'dead-integration', name: integration },
    async find({ otterize }) {
      const all = await otterize.listIntegrations(organization);
      return all.some(({ id }) => id === integration) ? undefined : { removed: integration };
    },
    async create({ otterize }) {
      await otterize.deleteIntegration(organization, integration);
      return { removed: integration };
    },
  });
}

const elsewhere = (name: string): UserError =>
  new UserError(
    'integration-elsewhere',
    `Otterize has an integration ${name} already, in another environment. Rename it there, or choose another name in holt.yaml, then retry.`,
    name,
  );

const gone = (integration: string): UserError =>
  new UserError(
    'integration-gone',
    `The integration ${integration} of this run is no longer in Otterize. If somebody deleted it on purpose, Retry makes a new one.`,
    integration,
  );

const unreadable = ({ request }: Context, integration: string): UserError => {
  const { vault, clientSecretSecret } = request.target.names;
  return new UserError(
    'secret-not-readable',
    `Otterize does not show the secret of the integration ${integration} again, ${vault} does not hold it, and Holt did not make this integration in this run. Put it into ${vault} as ${clientSecretSecret}, tagged otterize-integration=${integration}, or delete the integration in Otterize, then retry.`,
    integration,
  );
};
