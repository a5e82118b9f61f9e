import { ContractError, HeldBack, ServiceError } from '../errors.ts';

interface Ending {
  exitCode: number | undefined;
  signal: string | undefined;
  timedOut: boolean;
  stderr: string;
}

type Reading = Pick<ServiceError, 'retryable' | 'applied'> & {
  reason: string;
  advice?: string;
  status?: number;
};

const renewal =
  'Sign in with `otterize login` and store the new token where Holt reads it from; it is read anew for each call, so nothing has to be restarted.';

const ofStatus: Record<number, { reason: string; advice?: string }> = {
  400: { reason: 'the request was not accepted' },
  401: { reason: 'the token is not accepted', advice: renewal },
  403: {
    reason: 'the token may not do this',
    advice: 'Check that the person whose token it is belongs to the organization and is one of its admins.',
  },
  404: {
    reason: 'it is not there',
    advice: 'Check the address of the Otterize API, and that nobody has deleted it.',
  },
  408: { reason: 'the cloud took too long' },
  409: { reason: 'something of that name is there already' },
  422: { reason: 'the values were not accepted' },
  429: { reason: 'too many requests' },
};

/** What the program says before it has sent anything, and of calls that brought no answer. The first that matches counts. */
const known: readonly [RegExp, Reading][] = [
  [
    /session token is expired/,
    { reason: 'the token has expired', advice: renewal, status: 401, retryable: false, applied: 'no' },
  ],
  [
    /no API credentials were provided/,
    { reason: 'there is no token', advice: renewal, retryable: false, applied: 'no' },
  ],
  [
    /no organization exists in config or as parameter/,
    { reason: 'no organization was named', retryable: false, applied: 'no' },
  ],
  [
    /context deadline exceeded|Client\.Timeout|i\/o timeout|TLS handshake timeout/,
    { reason: 'there was no answer in time', retryable: true, applied: 'unknown' },
  ],
  [
    /x509: |failed to verify certificate/,
    {
      reason: 'the certificate of the cloud is not trusted',
      advice: 'Give the file of your certificate authority as SSL_CERT_FILE.',
      retryable: false,
      applied: 'unknown',
    },
  ],
  [
    /dial tcp|no such host|connection refused|connection reset|broken pipe|EOF|proxyconnect|network is unreachable/,
    {
      reason: 'the cloud could not be reached',
      advice: 'Check the address of the Otterize API and the network between.',
      retryable: true,
      applied: 'unknown',
    },
  ],
];

/** The CLI puts the status last; the cloud's own words, which come before, might hold another one. */
const statusOf = (stderr: string): number | undefined => {
  const found = [...stderr.matchAll(/\(HTTP error (\d{3})\)/g)].at(-1)?.[1];
  return found === undefined ? undefined : Number(found);
};

function readStatus(status: number): Reading {
  const { reason, advice } = ofStatus[status] ?? { reason: 'the cloud failed' };
  // A request that the server gave up (408) or broke over (5xx) may have been carried out all the same.
  const answered = status >= 400 && status < 500 && status !== 408;
  return {
    reason: `${reason} (HTTP ${status})`,
    ...(advice === undefined ? {} : { advice }),
    status,
    // What is there already is found by the next try.
    retryable: status >= 500 || [408, 409, 429].includes(status),
    applied: answered ? 'no' : 'unknown',
  };
}

function read({ exitCode, signal, timedOut, stderr }: Ending): Reading {
  if (timedOut) return { reason: 'it did not end in time', retryable: true, applied: 'unknown' };
  if (signal !== undefined)
    return { reason: `it was ended by ${signal}`, retryable: true, applied: 'unknown' };
  const status = statusOf(stderr);
  if (status !== undefined) return readStatus(status);
  const sentence = known.find(([pattern]) => pattern.test(stderr));
  if (sentence !== undefined) return sentence[1];
  return { reason: `the program ended with code ${exitCode}`, retryable: false, applied: 'unknown' };
}

/** A run that did not end with 0, in words of ours. What the program printed is only looked at, never kept. */
export const failureOf = (operation: string, ending: Ending): ServiceError =>
  new ServiceError({ service: 'Otterize', operation, ...read(ending) });

/** The program could not be started; nothing has happened. */
export function notStarted(operation: string, code?: string): ServiceError {
  const missing = code === 'ENOENT' || code === 'EACCES';
  return new ServiceError({
    service: 'Otterize',
    operation,
    reason: missing
      ? `the otterize program is not there or may not be run (${code})`
      : 'the otterize program could not be started',
    advice: missing
      ? 'Install the Otterize CLI, version 1.0.8 or newer, where PATH finds it.'
      : 'Look at the memory, the processes and the disk of the machine.',
    retryable: !missing,
    applied: 'no',
  });
}

/** What was asked for can never be carried out; nothing was called. */
export const refused = (operation: string, reason: string, advice: string, status?: number): ServiceError =>
  new ServiceError({
    service: 'Otterize',
    operation,
    reason,
    advice,
    status,
    retryable: false,
    applied: 'no',
  });

/** A change that waited for its turn so long that it was not begun. */
export const crowded = (operation: string): HeldBack =>
  new HeldBack({
    service: 'Otterize',
    operation,
    reason: 'too many calls are at work at once',
    retryAfter: 2_000,
  });

/** An answer whose place `where` is not as it must be. */
export const unknownForm = (operation: string, where: string): ContractError =>
  new ContractError('Otterize', operation, where);
