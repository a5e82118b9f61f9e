import { createLayout, type LayoutDescription, managedByHolt } from './layout.ts';
import {
  chart,
  chartSettings,
  externalSecret,
  externalSecretIsReady,
  restartOperators,
} from './otterize-chart.ts';

/** What the operators write into what the chart made: their certificates. */
const writtenByOperators = [
  ...['intents-operator-webhook-cert', 'credentials-operator-webhook-cert'].map(name => ({
    kind: 'Secret',
    name,
    jsonPointers: ['/data'],
  })),
  ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map(kind => ({
    group: 'admissionregistration.k8s.io',
    kind,
    jqPathExpressions: ['.webhooks[]?.clientConfig.caBundle'],
  })),
];

/**
 * For each cluster an Argo CD Application of the chart itself, the values that it takes from Git, and an ExternalSecret that it
 * brings along. Nothing is shared between clusters.
 */
export const argoApplicationDescription: LayoutDescription = {
  once: [],
  perCluster: [
    {
      path: '{gitops.application.path}',
      own: {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: {
          name: '{gitops.application.name}',
          namespace: '{gitops.application.namespace}',
          labels: managedByHolt,
          // So that reverting the pull request takes the workloads away too.
          finalizers: ['resources-finalizer.argocd.argoproj.io'],
        },
        spec: {
          project: '{gitops.application.project}',
          destination: {
            name: '{gitops.application.destinationName?}',
            server: '{gitops.application.destinationServer?}',
            namespace: '{gitops.namespace}',
          },
          sources: [
            {
              repoURL: chart.repository,
              chart: chart.name,
              targetRevision: '{gitops.chartVersion}',
              helm: { valueFiles: ['$values/{gitops.valuesPath}'] },
            },
            {
              repoURL: '{gitops.application.repoUrl}',
              targetRevision: '{gitops.base}',
              ref: 'values',
              path: '{folder of gitops.externalSecretPath}',
              directory: { include: '{file of gitops.externalSecretPath}' },
            },
          ],
          syncPolicy: {
            automated: { prune: true, selfHeal: true },
            // Without the second a sync puts the chart's placeholders back over the operators' certificates.
            syncOptions: ['CreateNamespace=true', 'RespectIgnoreDifferences=true'],
          },
          ignoreDifferences: writtenByOperators,
        },
      },
      otherwise: 'does not deploy what this cluster needs. Add that there',
    },
    { path: '{gitops.valuesPath}', set: chartSettings([]) },
    externalSecret,
  ],
  afterMerge: [
    'See that Argo CD applies {gitops.application.path}: something, such as an app of apps, must read that folder.',
    'See that its project {gitops.application.project} permits the two repositories and {cluster}, and that the Application {gitops.application.name} becomes Synced and Healthy.',
    externalSecretIsReady,
    restartOperators,
  ],
};

export const argoApplication = createLayout(argoApplicationDescription);
