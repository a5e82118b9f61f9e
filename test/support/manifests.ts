import { Application, type IApplication } from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application';
import {
  ExternalSecret,
  type IExternalSecret,
} from '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret';
import { ExternalSecret as ExternalSecretBeta } from '@kubernetes-models/external-secrets/external-secrets.io/v1beta1/ExternalSecret';

const models = {
  'argoproj.io/v1alpha1 Application': Application,
  'external-secrets.io/v1 ExternalSecret': ExternalSecret,
  'external-secrets.io/v1beta1 ExternalSecret': ExternalSecretBeta,
};

/** Throws unless the schema that its makers publish accepts a manifest. It does not look for keys that nobody knows. */
export function validate(manifest: unknown): void {
  const { apiVersion, kind } = manifest as { apiVersion: string; kind: string };
  const Model = models[`${apiVersion} ${kind}` as keyof typeof models];
  if (Model === undefined) throw new Error(`no schema for ${apiVersion} ${kind}`);
  new Model(manifest as never).validate();
}

/** With every key that Holt writes; the types refuse one that is misspelt. */
export const application = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: '', namespace: '', labels: { 'app.kubernetes.io/managed-by': '' }, finalizers: [''] },
  spec: {
    project: '',
    destination: { name: '', server: '', namespace: '' },
    sources: [
      { repoURL: '', chart: '', targetRevision: '', helm: { valueFiles: [''] } },
      { repoURL: '', targetRevision: '', ref: '', path: '', directory: { include: '' } },
    ],
    syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: [''] },
    ignoreDifferences: [{ group: '', kind: '', name: '', jsonPointers: [''], jqPathExpressions: [''] }],
  },
} satisfies IApplication;

/** With every key that Holt writes; the types refuse one that is misspelt. */
export const externalSecret = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: {
    name: '',
    namespace: '',
    labels: { 'app.kubernetes.io/managed-by': '' },
    annotations: { 'argocd.argoproj.io/sync-wave': '' },
  },
  spec: {
    refreshInterval: '',
    secretStoreRef: { kind: 'ClusterSecretStore', name: '' },
    target: { name: '', creationPolicy: 'Owner' },
    data: [{ secretKey: '', remoteRef: { key: '' } }],
  },
} satisfies IExternalSecret;

/** What chart 5.0.87 reads of what Holt writes; it has no schema of its own and ignores all else without a word. */
export const chartValues = [
  'global.otterizeCloud.credentials.clientId',
  'global.otterizeCloud.credentials.clientSecretKeyRef.secretName',
  'global.otterizeCloud.credentials.clientSecretKeyRef.secretKey',
  'global.otterizeCloud.credentials.clientSecretKeyRef.clientIdKey',
  'intentsOperator.operator.mode',
];
