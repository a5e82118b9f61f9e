import { ServiceError } from '../errors.ts';

interface Meaning {
  reason: string;
  advice: string;
  retryable?: boolean;
}

const federation =
  'Compare issuer, subject and audience of the federated credential with the service account; the issuer ends with a slash only if the cluster says so.';

/** By the number in `AADSTS…`. */
const meanings: Record<string, Meaning> = {
  // Also seen for some minutes after the federated credential was made.
  70021: {
    reason: 'no federated credential matches the token of the service account',
    advice: federation,
    retryable: true,
  },
  700211: { reason: 'no federated credential has the issuer of the token', advice: federation },
  700212: { reason: 'no federated credential has the audience of the token', advice: federation },
  700213: { reason: 'no federated credential has the subject of the token', advice: federation },
  700016: {
    reason: 'the application is not known in this tenant',
    advice: 'Check the client id and the tenant id.',
  },
  700024: {
    reason: 'the token or certificate shown is out of its time',
    advice: "Check the machine's clock and that the file of the federated token is kept up to date.",
  },
  700027: {
    reason: 'the certificate is not accepted',
    advice: 'Add the certificate to the app registration, or configure the one that is there.',
  },
  7000112: { reason: 'the application is disabled', advice: 'Enable its enterprise application in Entra.' },
  7000215: {
    reason: 'the client secret is not accepted',
    advice: 'Configure the value of the client secret, not its id, or make a new one.',
  },
  7000222: {
    reason: 'the client secret has expired',
    advice: 'Make a new client secret and configure it.',
  },
  90002: { reason: 'the tenant is not known', advice: 'Check the tenant id.' },
  900023: { reason: 'the tenant id is not one', advice: 'Check the tenant id.' },
  500011: {
    reason: 'the service that was to be used is not known in this tenant',
    advice: 'Check that the tenant id is the one of the vault and the directory.',
  },
  53003: {
    reason: 'a conditional access policy forbids it',
    advice: 'Ask whoever looks after conditional access to let this application in.',
  },
};

/** What the libraries say when no answer of Entra's is behind it. The first that matches counts. */
const otherwise: readonly [RegExp, Meaning][] = [
  [
    /az login|Azure CLI/,
    {
      reason: 'the Azure CLI is not there or not signed in',
      advice: 'Install it and sign in with `az login`.',
    },
  ],
  [
    /ManagedIdentityCredential|managed identity/i,
    {
      reason: 'this machine has no managed identity that answers',
      advice: 'Assign one, check its client id, or configure another way to sign in.',
    },
  ],
  [
    /ENOENT|EACCES|PEM|certificate file/,
    {
      reason: 'the file with the certificate or the federated token cannot be used',
      advice: 'Check its path, its content and that Holt may read it.',
    },
  ],
];

/** What went wrong while signing in, in words of ours: the libraries' own messages quote whole answers. */
export function signInFailure(error: unknown): ServiceError {
  const text = error instanceof Error ? error.message : '';
  const code = /AADSTS(\d+)/.exec(text)?.[1];
  const known = code === undefined ? otherwise.find(([words]) => words.test(text))?.[1] : meanings[code];
  const common = { service: 'Entra', operation: 'sign Holt in', applied: 'no' } as const;
  if (known !== undefined) {
    const reason = code === undefined ? known.reason : `${known.reason} (AADSTS${code})`;
    return new ServiceError({ ...common, ...known, reason, retryable: known.retryable ?? false });
  }
  if (code !== undefined) {
    return new ServiceError({
      ...common,
      reason: `it refused with AADSTS${code}`,
      advice: `Look the code up at https://login.microsoftonline.com/error?code=${code}.`,
      retryable: false,
    });
  }
  return new ServiceError({
    ...common,
    reason: 'it could not be reached, or gave no complete answer in time',
    advice: 'Check the network and the address of the authority.',
    retryable: true,
  });
}
