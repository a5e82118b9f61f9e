/**
 * How the real command line, a Go program, reads and prints: into structs of fixed fields, as JSON with Go's escapes,
 * through Printf. The stand-in program damages what the real one damages.
 */

/** A form: '' and 0 and false stand for themselves as zero values, `null` for anything, [x] for a list of x, `key?` for a field left out when absent. */
export type Form = string | number | boolean | null | readonly Form[] | { readonly [field: string]: Form };

const time = '0001-01-01T00:00:00Z';
const reference = { id: '' };
const component = { status: { 'lastSeen?': '', type: '' }, type: '' };
const components = { credentialsOperator: component, intentsOperator: component, networkMapper: component };

export const Organization: Form = {
  created: time,
  id: '',
  'imageURL?': '',
  name: '',
  settings: {
    autoApproveMoreRestrictiveIntentsByEnv: [reference],
    defaultIntentsApprovalActionByEnv: [null],
    defaultInviteMembership: { organizationId: '', 'restrictions?': null, role: '' },
    'domains?': null,
    domainsDefaultRole: '',
  },
  uniqueName: '',
};
export const Environment: Form = {
  appliedIntentsCount: 0,
  id: '',
  'labels?': [{ key: '', 'value?': '' }],
  name: '',
  namespaces: [reference],
  serviceCount: 0,
};
export const Invite: Form = {
  'acceptedAt?': '',
  created: time,
  email: '',
  id: '',
  inviter: reference,
  organization: reference,
  'organizationMembership?': null,
  status: '',
};
export const Integration: Form = {
  'cluster?': reference,
  'components?': components,
  credentials: { clientId: '', clientSecret: '' },
  'defaultEnvironment?': reference,
  id: '',
  name: '',
  organizationId: '',
  'status?': null,
  type: '',
};
export const Cluster: Form = {
  components,
  'configuration?': null,
  createdAt: time,
  'defaultEnvironment?': reference,
  id: '',
  'integration?': reference,
  integrations: [reference],
  name: '',
  namespaces: [reference],
  serviceCount: 0,
};
export const User: Form = { authProviderUserId: '', email: '', id: '', imageURL: '', name: '' };

/** What a Go struct of this form holds after reading the value: unknown fields dropped, missing ones zero [RUN]. */
export function readInto(form: Form, value: unknown): unknown {
  if (form === null) return value ?? null;
  if (isList(form)) return Array.isArray(value) ? value.map(each => readInto(form[0] ?? null, each)) : null;
  if (typeof form !== 'object') return value ?? form;
  const fields = (value ?? {}) as Record<string, unknown>;
  const entries = Object.entries(form).flatMap(([key, inner]) => {
    const name = key.replace(/\?$/, '');
    const absent = name !== key && (fields[name] === undefined || fields[name] === null);
    return absent ? [] : [[name, readInto(inner, fields[name])] as const];
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const isList = (form: Form): form is readonly Form[] => Array.isArray(form);

/** Four spaces and Go's HTML-safe escapes [RUN]. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, null, 4).replaceAll(
    /[<>&\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Go's Printf of a text used as the format, without arguments: every `%` is taken for a verb [RUN]. */
export const printf = (format: string): string =>
  format.replaceAll(/%[-+# 0]*\d*(?:\.\d*)?(.?)/gsu, (_, verb: string) => {
    if (verb === '') return '%!(NOVERB)';
    return verb === '%' ? '%' : `%!${verb}(MISSING)`;
  });

/** What pflag makes of one `key=value` argument: CSV as soon as there is a second `=` [SRC]. */
export function labelsOf(argument: string): [string, string][] | undefined {
  const parts = argument.split('=').length > 2 ? argument.split(',') : [argument.replaceAll(/^"+|"+$/g, '')];
  const pairs = parts.map((part): [string, string] | undefined => {
    const at = part.indexOf('=');
    return at < 0 ? undefined : [part.slice(0, at), part.slice(at + 1)];
  });
  return pairs.every(pair => pair !== undefined) ? pairs : undefined;
}

/** The first part without `=`, which the error names. */
export const badLabelOf = (argument: string): string =>
  argument.split(',').find(part => !part.includes('=')) ?? argument;
