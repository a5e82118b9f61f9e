import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import {
  look,
  type NamedSecret,
  newVersion,
  type Rights,
  secretOf,
  type Vault,
  type VaultSeeds,
  type Version,
} from './azure-secrets.ts';
import type { Builder, Env } from './kit.ts';
import { inSeconds, type Limit } from './meter.ts';

/** What a request may say of a secret; the value only where one is set. */
const Body = z.object({
  value: z.string().optional(),
  contentType: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  attributes: z.object({ enabled: z.boolean().optional() }).optional(),
});
type Body = z.infer<typeof Body>;

interface Asked {
  context: Context<Env>;
  vault: Vault;
  name: string;
  /** As it was found by this call: a deletion or recovery under way has come closer to its end. */
  secret: NamedSecret | undefined;
}

/** The secrets of all vaults: `/{vault}/secrets/…` and `/{vault}/deletedsecrets/…`. Callers have been let in already. */
export function addSecretRoutes({ route, meter }: Builder, seeds: VaultSeeds): void {
  const add = (
    method: string,
    path: string,
    operation: string,
    right: keyof Rights | 'purge',
    handle: (asked: Asked) => Response | Promise<Response>,
  ): void =>
    route(method, `/:vault/${path}`, operation, context => {
      const { vault: vaultName = '', name = '' } = context.req.param() as Record<string, string>;
      const vault = seeds.vaults.get(vaultName.toLowerCase());
      // The name of a vault that is not there does not resolve; what an address without one answers is not known [?].
      if (vault === undefined) return fail(context, 404, 'VaultNotFound');
      const wait = meter.take([operation === 'setSecret' ? newVersionsIn(vault) : otherRequestsTo(vault)]);
      if (wait !== undefined) {
        context.header('Retry-After', inSeconds(wait));
        return fail(context, 429, 'Throttled');
      }
      // [K] Rights come before existence. Purging is forbidden to all, as with purge protection [DOC].
      if (right === 'purge' || !vault.rights[right])
        return fail(context, 403, 'Forbidden', 'ForbiddenByRbac');
      // [DOC]
      if (!/^[0-9A-Za-z-]{1,127}$/.test(name)) return fail(context, 400, 'BadParameter');
      const found = vault.secrets.get(name.toLowerCase());
      return handle({ context, vault, name, secret: found === undefined ? undefined : look(found) });
    });

  add('PUT', 'secrets/:name', 'setSecret', 'set', setSecret);
  // [RUN] The SDK asks for the newest version with a slash at the end.
  for (const path of ['secrets/:name', 'secrets/:name/', 'secrets/:name/:version']) {
    add('GET', path, 'getSecret', 'get', getSecret);
    add('PATCH', path, 'updateSecret', 'set', updateSecret);
  }
  add('DELETE', 'secrets/:name', 'deleteSecret', 'delete', asked =>
    deleteSecret(asked, seeds.switches.limbo),
  );
  add('GET', 'deletedsecrets/:name', 'getDeletedSecret', 'get', getDeletedSecret);
  add('DELETE', 'deletedsecrets/:name', 'purgeDeletedSecret', 'purge', ({ context }) => notFound(context));
  add('POST', 'deletedsecrets/:name/recover', 'recoverDeletedSecret', 'recover', asked =>
    recover(asked, seeds.switches.limbo),
  );
}

// [DOC] For each vault.
const newVersionsIn = ({ name }: Vault): Limit => ({
  of: `new versions in ${name}`,
  most: 300,
  windowMs: 10_000,
});
const otherRequestsTo = ({ name }: Vault): Limit => ({
  of: `other requests to ${name}`,
  most: 4_000,
  windowMs: 10_000,
});

// [RUN] A name that is being deleted, or is deleted and could come back, is refused with 409.
const conflicts = {
  deleting: 'ObjectIsBeingDeleted',
  deleted: 'ObjectIsDeletedButRecoverable',
  recovering: 'ObjectIsBeingRecovered',
} as const;

async function setSecret({ context, vault, name, secret }: Asked): Promise<Response> {
  const body = await bodyOf(context);
  if (body?.value === undefined || exceeds(body)) return fail(context, 400, 'BadParameter');
  if (secret !== undefined && secret.state !== 'live')
    return fail(context, 409, 'Conflict', conflicts[secret.state]);
  const { value, contentType, tags, attributes } = body;
  const version = newVersion(value, { contentType, tags: tags ?? {}, enabled: attributes?.enabled ?? true });
  secretOf(vault, name).versions.push(version);
  return context.json(bundle(vault, name, version));
}

function getSecret({ context, vault, name, secret }: Asked): Response {
  const version = versionOf(context, secret);
  if (version === undefined) return notFound(context);
  // [DOC]
  if (!version.enabled) return fail(context, 403, 'Forbidden', 'SecretDisabled');
  return context.json(bundle(vault, name, version));
}

async function updateSecret({ context, vault, name, secret }: Asked): Promise<Response> {
  const body = await bodyOf(context);
  if (body === undefined || exceeds(body)) return fail(context, 400, 'BadParameter');
  const version = versionOf(context, secret);
  if (version === undefined) return notFound(context);
  version.contentType = body.contentType ?? version.contentType;
  version.tags = body.tags ?? version.tags;
  version.enabled = body.attributes?.enabled ?? version.enabled;
  const { value: _, ...rest } = bundle(vault, name, version);
  return context.json(rest);
}

function deleteSecret({ context, vault, name, secret }: Asked, limbo: number): Response {
  const version = versionOf(context, secret);
  if (secret === undefined || version === undefined) return notFound(context);
  Object.assign(secret, { state: 'deleting', pending: limbo });
  return context.json(deletedBundle(vault, name, version));
}

function getDeletedSecret({ context, vault, name, secret }: Asked): Response {
  const version = secret?.versions.at(-1);
  if (secret?.state !== 'deleted' || version === undefined) return notFound(context);
  return context.json(deletedBundle(vault, name, version));
}

function recover({ context, vault, name, secret }: Asked, limbo: number): Response {
  const version = secret?.versions.at(-1);
  if (secret === undefined || version === undefined || secret.state === 'live') return notFound(context);
  if (secret.state !== 'deleted') return fail(context, 409, 'Conflict', conflicts[secret.state]);
  Object.assign(secret, { state: 'recovering', pending: limbo });
  const { value: _, ...rest } = bundle(vault, name, version);
  return context.json(rest);
}

async function bodyOf(context: Context<Env>): Promise<Body | undefined> {
  const text = await context.req.text();
  return text === '' ? undefined : Body.safeParse(JSON.parse(text)).data;
}

/** 25 KB a value [DOC], 15 tags of 256 characters each [K]. */
const exceeds = ({ value = '', tags = {} }: Body): boolean =>
  Buffer.byteLength(value) > 25 * 1024 ||
  Object.keys(tags).length > 15 ||
  Object.entries(tags)
    .flat()
    .some(text => text.length > 256);

function versionOf(context: Context<Env>, secret: NamedSecret | undefined): Version | undefined {
  if (secret?.state !== 'live') return undefined;
  const asked = context.req.param('version');
  return asked === undefined
    ? secret.versions.at(-1)
    : secret.versions.find(({ version }) => version === asked.toLowerCase());
}

/** [RUN] The form of a secret; its id names the vault by the host it has in Azure. */
function bundle({ name: vault }: Vault, name: string, version: Version) {
  const { value, contentType, tags, enabled, created, updated } = version;
  return {
    value,
    id: `https://${vault}.vault.azure.net/secrets/${name}/${version.version}`,
    contentType,
    tags,
    attributes: { enabled, created, updated, recoveryLevel: 'Recoverable', recoverableDays: 90 },
  };
}

function deletedBundle(vault: Vault, name: string, version: Version) {
  const { value: _, ...rest } = bundle(vault, name, version);
  const deletedDate = Math.floor(Date.now() / 1000);
  return {
    ...rest,
    recoveryId: `https://${vault.name}.vault.azure.net/deletedsecrets/${name}`,
    deletedDate,
    scheduledPurgeDate: deletedDate + 90 * 86_400,
  };
}

/** [RUN] The form of an error. */
const fail = (context: Context<Env>, status: ContentfulStatusCode, code: string, inner?: string): Response =>
  context.json(
    { error: { code, message: code, ...(inner === undefined ? {} : { innererror: { code: inner } }) } },
    status,
  );

const notFound = (context: Context<Env>): Response => fail(context, 404, 'SecretNotFound');
