import { managedByHolt, type Setting } from './layout.ts';
import type { Template } from './template.ts';

/** The chart of Otterize's own. */
export const chart = { name: 'otterize-kubernetes', repository: 'https://helm.otterize.com' };

/** Keys of the Secret that External Secrets makes and the chart reads. */
const secretKeys = { clientId: 'otterize-cloud-client-id', clientSecret: 'otterize-cloud-client-secret' };

/**
 * What the chart is told of a cluster, in values that begin below `root`. Credentials stand below `global`, for anywhere else
 * nothing reads them.
 */
export function chartSettings(root: readonly string[]): Setting[] {
  const credentials = [...root, 'global', 'otterizeCloud', 'credentials'];
  const reference = [...credentials, 'clientSecretKeyRef'];
  const clientIdKey = [...reference, 'clientIdKey'];
  return [
    {
      path: clientIdKey,
      when: 'literal',
      refuse: `takes the client id from the Secret (${clientIdKey.join('.')}), which wins over the one that is to be written there. Remove that key, or say credentials: secretRef in holt.yaml, then retry.`,
    },
    { path: [...credentials, 'clientId'], when: 'literal', value: '{clientId}' },
    { path: [...reference, 'secretName'], value: '{gitops.externalSecret.secretName}' },
    { path: [...reference, 'secretKey'], value: secretKeys.clientSecret },
    { path: clientIdKey, when: 'secretRef', value: secretKeys.clientId },
    // Going from shadow to active is a decision of the cluster's owners.
    { path: [...root, 'intentsOperator', 'operator', 'mode'], value: '{gitops.operatorMode}', keep: true },
  ];
}

const entry = (secretKey: string, key: string): Template => ({ secretKey, remoteRef: { key } });

/** What makes the Secret that the chart reads out of the two secrets in the vault. */
export const externalSecret = {
  path: '{gitops.externalSecretPath}',
  own: {
    apiVersion: '{gitops.externalSecret.apiVersion}',
    kind: 'ExternalSecret',
    metadata: {
      name: '{gitops.externalSecret.secretName}',
      namespace: '{gitops.namespace}',
      labels: managedByHolt,
      // Before the workloads, which are in wave 0: their pods need the Secret.
      annotations: { 'argocd.argoproj.io/sync-wave': '-1' },
    },
    spec: {
      refreshInterval: '{gitops.externalSecret.refreshInterval}',
      secretStoreRef: {
        kind: '{gitops.externalSecret.storeKind}',
        name: '{gitops.externalSecret.storeName}',
      },
      target: { name: '{gitops.externalSecret.secretName}', creationPolicy: 'Owner' },
      data: [
        entry(secretKeys.clientId, '{names.clientIdSecret}'),
        entry(secretKeys.clientSecret, '{names.clientSecretSecret}'),
      ],
    },
  },
  otherwise: 'does not read the two secrets that this cluster needs. Add them there',
};

export const externalSecretIsReady = 'See that the ExternalSecret in {gitops.namespace} is Ready.';
export const restartOperators =
  'If the Otterize operators ran there before, restart them: pods do not notice a changed Secret.';
