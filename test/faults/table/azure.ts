import type { Moment } from '../cells.ts';
import {
  answer,
  type Body,
  broken,
  type End,
  type Fault,
  type Happen,
  passing,
  statuses,
  unseen,
} from '../fault.ts';

const body: Body = status => ({ error: { code: `Code${status}`, message: 'refused' } });
const inner = (status: number, code: string) =>
  answer(status, { error: { code: 'Code', message: 'refused', innererror: { code } } });

/** A write that may have taken effect is looked at again once it cannot land any more. What is only a probe changes nothing. */
const written = (point: Moment): End => (point.operation === 'setSecret' ? unseen(point) : 'recovered');

const vault = 'Key Vault';
const ofTheVault: Fault[] = [
  ...statuses(vault, body, {
    400: 'failed',
    401: 'failed',
    403: 'failed',
    404: 'failed',
    409: 'recovered',
    429: 'waiting',
    500: written,
    503: written,
  }),
  ...broken(vault, body, written),
  ...['ForbiddenByFirewall', 'ForbiddenByConnection', 'SecretDisabled'].map(
    (code): Fault => ({ service: vault, name: code, end: 'failed', happen: inner(403, code) }),
  ),
  ...['ObjectIsDeletedButRecoverable', 'ObjectIsBeingDeleted', 'ObjectIsBeingRecovered'].map(
    (code): Fault => ({
      service: vault,
      name: code,
      fits: /^setSecret/,
      end: 'recovered',
      happen: inner(409, code),
    }),
  ),
  {
    service: vault,
    name: 'not what the SDK reads',
    end: 'failed',
    happen: answer(200, '<html>', { 'content-type': 'text/html' }),
  },
];
export const keyVault = ofTheVault.map(passing(/^get(Deleted)?Secret late$/));

const entra = 'Entra';
const whose = (fits: RegExp, table: readonly Omit<Fault, 'fits'>[]): Fault[] =>
  table.map(fault => ({ ...fault, fits }));
const entraFails = (name: string, happen: Happen) =>
  ({ service: entra, name, end: 'failed', happen }) as const;

/** Microsoft Graph. Holt only reads there. */
export const directory: Fault[] = whose(/^(list|get|transitive)/, [
  ...statuses(entra, body, {
    400: 'failed',
    401: 'failed',
    403: 'failed',
    404: 'failed',
    408: 'recovered',
    429: 'waiting',
    500: 'recovered',
    503: 'recovered',
    504: 'recovered',
  }),
  ...broken(entra, body, 'recovered'),
  entraFails(
    'people of whom only the id may be read',
    answer(200, {
      value: [{ '@odata.type': '#microsoft.graph.user', id: 'a', displayName: null, accountEnabled: null }],
    }),
  ),
  {
    service: entra,
    name: 'the next page elsewhere',
    // The preparation looks at the first page alone.
    end: ({ late }) => (late ? 'failed' : 'recovered'),
    happen: answer(200, { value: [], '@odata.nextLink': 'https://elsewhere.example/v1.0/users' }),
  },
  entraFails('no list', answer(200, { items: [] })),
  entraFails('not JSON', answer(200, '<html>')),
]);

const signIn = (code: number): Happen =>
  answer(401, { error: 'invalid_client', error_description: `AADSTS${code}: refused`, error_codes: [code] });

/** Signing in. Its client keeps what it was told, so the process that it happens to has just been started. */
export const token: Fault[] = whose(/^token/, [
  entraFails('the client secret is wrong', signIn(7000215)),
  entraFails('the client secret has expired', signIn(7000222)),
  entraFails('an unknown refusal', signIn(99)),
  ...broken(entra, body, 'recovered'),
]);
