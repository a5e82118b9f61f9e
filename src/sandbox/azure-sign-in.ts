import { constants, verify, X509Certificate } from 'node:crypto';
import type { Context } from 'hono';
import { audiences, type Tokens } from './azure-tokens.ts';
import type { Builder, Env } from './kit.ts';

/** An app registration: what it may prove itself with. */
export interface AppRegistration {
  secrets: string[];
  /** PEM. */
  certificates: string[];
  /** Whose tokens are taken for it: workload identity. */
  federated: { issuer: string; subject: string; audience: string }[];
}

export interface SignInState {
  tenantId: string;
  /** Client id to registration. */
  apps: Map<string, AppRegistration>;
  tokenLifetimeMs: number;
}

interface Refusal {
  status: 400 | 401;
  error: string;
  /** The number in `AADSTS…`, which is what clients go by. */
  code: number;
  text: string;
}

const refusals = {
  tenant: { status: 400, error: 'invalid_request', code: 90002, text: 'Tenant not found.' },
  app: { status: 400, error: 'unauthorized_client', code: 700016, text: 'Application was not found.' },
  secret: { status: 401, error: 'invalid_client', code: 7000215, text: 'Invalid client secret provided.' },
  certificate: { status: 401, error: 'invalid_client', code: 700027, text: 'The certificate is not known.' },
  expired: { status: 401, error: 'invalid_client', code: 700024, text: 'Assertion not in its time range.' },
  issuer: { status: 401, error: 'invalid_client', code: 700211, text: 'No record for the issuer.' },
  audience: { status: 401, error: 'invalid_client', code: 700212, text: 'No record for the audience.' },
  subject: { status: 401, error: 'invalid_client', code: 700213, text: 'No record for the subject.' },
  resource: { status: 400, error: 'invalid_resource', code: 500011, text: 'Resource principal not found.' },
  grant: { status: 400, error: 'unsupported_grant_type', code: 70003, text: 'Grant type not supported.' },
} as const satisfies Record<string, Refusal>;

/** The token endpoint of a tenant and the discovery document that leads to it. */
export function addSignInRoutes({ route }: Builder, state: SignInState, tokens: Tokens): void {
  // [RUN] Clients ask for this first, whatever they authenticate with.
  route('GET', '/:tenant/v2.0/.well-known/openid-configuration', 'discovery', context => {
    const { origin } = new URL(context.req.url);
    const tenant = context.req.param('tenant') ?? '';
    if (tenant !== state.tenantId) return refuse(context, refusals.tenant);
    return context.json({
      token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
      jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
      issuer: `${origin}/${tenant}/v2.0`,
    });
  });

  // [RUN] Form in, JSON out; the query has a client-request-id.
  const token = async (context: Context<Env>): Promise<Response> => {
    const form = (await context.req.parseBody()) as Record<string, string>;
    const audience = form['scope']?.split(' ').find(scope => scope.endsWith('/.default'));
    const refusal = judge(form, state, context.req.param('tenant'));
    if (refusal !== undefined) return refuse(context, refusal);
    const known = Object.values(audiences).find(each => audience === `${each}/.default`);
    if (known === undefined) return refuse(context, refusals.resource);
    const lifetimeMs = state.tokenLifetimeMs;
    return context.json({
      token_type: 'Bearer',
      expires_in: lifetimeMs / 1000,
      ext_expires_in: lifetimeMs / 1000,
      access_token: tokens.issue(known, lifetimeMs),
    });
  };
  route('POST', '/:tenant/oauth2/v2.0/token', 'token', token, false);
}

// [RUN] The form of a refusal; [DOC] the codes.
const refuse = (context: Context<Env>, { status, error, code, text }: Refusal): Response =>
  context.json({ error, error_description: `AADSTS${code}: ${text}`, error_codes: [code] }, status);

function judge(
  form: Record<string, string>,
  { tenantId, apps }: SignInState,
  tenant = '',
): Refusal | undefined {
  if (tenant !== tenantId) return refusals.tenant;
  if (form['grant_type'] !== 'client_credentials') return refusals.grant;
  const app = apps.get(form['client_id'] ?? '');
  if (app === undefined) return refusals.app;
  const assertion = form['client_assertion'];
  if (assertion !== undefined) return judgeAssertion(assertion, form['client_id'] ?? '', app);
  return app.secrets.includes(form['client_secret'] ?? '') ? undefined : refusals.secret;
}

/** An assertion that the app signed itself is checked against its certificates; another issuer's against the federated ones. */
function judgeAssertion(assertion: string, clientId: string, app: AppRegistration): Refusal | undefined {
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const header = decode(head);
  const claims = decode(body);
  const { iss: issuer, sub: subject, aud: audience, exp: expires } = claims;
  if (typeof expires === 'number' && expires * 1000 < Date.now()) return refusals.expired;
  if (issuer === clientId) {
    const data = Buffer.from(`${head}.${body}`);
    const known = app.certificates.some(
      pem =>
        header['x5t#S256'] === thumbprint(pem) &&
        verify('sha256', data, keyOf(pem, header['alg']), Buffer.from(signature, 'base64url')),
    );
    return known ? undefined : refusals.certificate;
  }
  // The keys of a foreign issuer cannot be had here, so its signature goes unchecked.
  const byIssuer = app.federated.filter(each => each.issuer === issuer);
  if (byIssuer.length === 0) return refusals.issuer;
  const bySubject = byIssuer.filter(each => each.subject === subject);
  if (bySubject.length === 0) return refusals.subject;
  return bySubject.some(each => each.audience === audience) ? undefined : refusals.audience;
}

function decode(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const thumbprint = (pem: string): string =>
  Buffer.from(new X509Certificate(pem).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');

function keyOf(pem: string, algorithm: unknown) {
  const key = new X509Certificate(pem).publicKey;
  return algorithm === 'PS256'
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key };
}
