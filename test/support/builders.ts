import type { Request, Target } from '../../src/onboarding/request.ts';

export const requester = 'U0REQUESTER';
export const approver = 'U0APPROVER';
export const secondApprover = 'U0SECOND';

/** Where the root message of a run stands. */
export const thread = {
  channel: 'C0PLATFORM',
  ts: '1.1',
  permalink: 'https://slack.example/1',
  place: 'channel' as const,
};

/** A target as configuration would render it. */
export function target(overrides: Partial<Target> = {}): Target {
  const cluster = overrides.cluster ?? 'payments-eu';
  const stage = overrides.stage ?? 'prod';
  return {
    cluster,
    stage,
    names: {
      organization: `${cluster}-${stage}`,
      environment: stage,
      integration: `${cluster}-${stage}`,
      vault: `kv-${cluster}-${stage}`,
      clientIdSecret: 'otterize-cloud-client-id',
      clientSecretSecret: 'otterize-cloud-client-secret',
    },
    labels: { cluster, env: stage },
    invite: { people: [], groups: [] },
    mailDomains: ['harbour.example'],
    requesters: { users: [requester], groups: [] },
    approval: {
      required: 1,
      approvers: { users: [approver, secondApprover], groups: [] },
      selfApproval: false,
      expiresMs: 86_400_000,
    },
    gitops: {
      repository: 'harbour/clusters',
      base: 'main',
      branch: `holt/${cluster}-${stage}`,
      layout: 'umbrella-chart',
      credentials: 'secretRef',
      chartPath: 'security/otterize',
      valuesPath: `cluster/${cluster}/${stage}/security/otterize/values.yaml`,
      externalSecretPath: `cluster/${cluster}/${stage}/security/otterize/external-secret.yaml`,
      chartVersion: '5.0.87',
      namespace: 'otterize-system',
      operatorMode: 'defaultShadow',
      externalSecret: {
        apiVersion: 'external-secrets.io/v1',
        storeKind: 'ClusterSecretStore',
        storeName: 'azure-kv-secret-store',
        refreshInterval: '1h',
        secretName: 'otterize-cloud-credentials-secret-key',
      },
    },
    ...overrides,
  };
}

export const request = (overrides: Partial<Target> = {}, rest: Partial<Request> = {}): Request => ({
  target: target(overrides),
  named: [],
  by: { user: requester, team: 'T0HARBOUR' },
  channel: 'C0PLATFORM',
  ...rest,
});
