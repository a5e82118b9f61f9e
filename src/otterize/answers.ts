import { z } from 'zod';
import type { Credentials, Integration } from '../onboarding/ports.ts';
import { Secret } from '../secret.ts';
import { idPattern } from './arguments.ts';
import { unknownForm } from './failures.ts';

/** The one thing that tells an object from the empty one that the CLI prints after an answer it did not understand. */
const Id = z.string().regex(idPattern);

export const Organization = z.object({
  id: Id,
  name: z.string(),
  // CLIs up to 1.0.7 do not print it.
  created: z.iso
    .datetime({ offset: true })
    .transform(text => Date.parse(text))
    .optional()
    .catch(undefined),
});
export const Environment = z.object({ id: Id, name: z.string() });
export const Invite = z.object({ id: Id, email: z.string(), status: z.string() });
export const Member = z.object({ id: Id, email: z.string() });

const Component = z.object({ status: z.object({ type: z.string(), lastSeen: z.string().nullish() }) });
export const RawIntegration = z.object({
  id: Id,
  name: z.string(),
  defaultEnvironment: z.object({ id: Id }).nullish(),
  components: z
    .object({
      credentialsOperator: Component.nullish(),
      intentsOperator: Component.nullish(),
      networkMapper: Component.nullish(),
    })
    .nullish(),
  credentials: z.object({ clientId: z.string(), clientSecret: z.string() }).nullish(),
});
type RawIntegration = z.infer<typeof RawIntegration>;

/**
 * What the program printed, as a list of this form; `null` is how it prints an empty one. Throws a ContractError that
 * names the place and no value.
 */
export function parseList<T>(operation: string, stdout: string, item: z.ZodType<T>): T[] {
  if (stdout.trim() === '') throw unknownForm(operation, 'nothing was printed');
  // The CLI prints through a format string: whatever held a `%` is lost, and with it perhaps a secret.
  if (stdout.includes('%!'))
    throw unknownForm(operation, 'a value holds a percent sign, which the CLI garbles');
  const parsed = z.array(item).nullable().safeParse(parseJson(operation, stdout));
  if (parsed.success) return parsed.data ?? [];
  throw unknownForm(operation, parsed.error.issues[0]?.path.join('.') || 'not a list');
}

function parseJson(operation: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unknownForm(operation, 'not JSON');
  }
}

/** The only item of an answer about one thing. */
export function parseOne<T>(operation: string, stdout: string, item: z.ZodType<T>): T {
  const [one, ...others] = parseList(operation, stdout, item);
  if (one === undefined || others.length > 0) throw unknownForm(operation, 'not exactly one item');
  return one;
}

/** The integration as the domain knows it. Throws a ContractError when its credentials could not be used as they are. */
export function integrationOf(operation: string, raw: RawIntegration): Integration {
  return {
    id: raw.id,
    name: raw.name,
    environmentId: raw.defaultEnvironment?.id,
    connected: Object.values(raw.components ?? {}).some(wasSeen),
    credentials: credentialsOf(operation, raw),
  };
}

/** A component whose heartbeat has stopped (`DISCONNECTED`) has been connected too. */
function wasSeen(component: z.infer<typeof Component> | null | undefined): boolean {
  const { type, lastSeen } = component?.status ?? {};
  return type === 'CONNECTED' || type === 'DISCONNECTED' || Boolean(lastSeen);
}

/** Empty, or one character over and over, which is a mask. */
const isHidden = (value: string): boolean => /^(.?)\1*$/su.test(value);

function credentialsOf(operation: string, { credentials }: RawIntegration): Credentials | undefined {
  if (!credentials || isHidden(credentials.clientId)) return undefined;
  const { clientId, clientSecret } = credentials;
  const plain = /^[A-Za-z0-9_-]+$/;
  if (!plain.test(clientId)) throw unknownForm(operation, 'credentials.clientId');
  if (isHidden(clientSecret)) return { clientId, clientSecret: undefined };
  if (!plain.test(clientSecret)) throw unknownForm(operation, 'credentials.clientSecret');
  return { clientId, clientSecret: new Secret(clientSecret) };
}
