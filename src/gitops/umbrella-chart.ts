import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { UserError } from '../errors.ts';
import type { Files, Layout } from '../onboarding/ports.ts';
import type { Target } from '../onboarding/request.ts';
import { type Edit, editYaml, readYaml } from './yaml-edit.ts';
import { dataOf, parseEditable } from './yaml-guard.ts';

const chartName = 'otterize-kubernetes';
const chartRepository = 'https://helm.otterize.com';
/** Keys of the Secret that External Secrets makes and the chart reads. */
const secretKeys = { clientId: 'otterize-cloud-client-id', clientSecret: 'otterize-cloud-client-secret' };
const marker = { label: 'app.kubernetes.io/managed-by', value: 'holt' };
/** Before the workloads, which are in wave 0: their pods need the Secret. */
const syncWave = '-1';

/** Where things are in the chart's values; all below `global`, for anywhere else nothing reads them. */
const credentialsPath = [chartName, 'global', 'otterizeCloud', 'credentials'];
const clientIdPath = [...credentialsPath, 'clientId'];
const clientIdKeyPath = [...credentialsPath, 'clientSecretKeyRef', 'clientIdKey'];
const modePath = [chartName, 'intentsOperator', 'operator', 'mode'];

const chartFile = (path: string): string => `${path}/Chart.yaml`;
const baseValuesFile = (path: string): string => `${path}/values.yaml`;

/**
 * An umbrella chart for the service, made once for all clusters, and for each cluster its values (nested under the chart's
 * name) and an ExternalSecret. What people wrote into the files stays.
 */
export const umbrellaChart: Layout = {
  paths: ({ chartPath, valuesPath, externalSecretPath }) => [
    chartFile(chartPath),
    baseValuesFile(chartPath),
    valuesPath,
    externalSecretPath,
  ],

  edit(target, { clientId }, files) {
    const { chartPath, valuesPath, externalSecretPath } = target.gitops;
    const wanted: Files = {
      ...chartFiles(target, files),
      [valuesPath]: editValues(files[valuesPath] ?? '', target, clientId),
      [externalSecretPath]: editExternalSecret(files[externalSecretPath], target),
    };
    const base = baseValuesFile(chartPath);
    const changed = Object.entries(wanted).filter(([path, text]) => text !== files[path]);
    return Object.fromEntries(
      changed.filter(([path]) => path !== base || files[base] === undefined),
    ) as Record<string, string>;
  },

  afterMerge: ({ cluster, gitops }) => [
    `See that Argo CD syncs ${gitops.valuesPath} on ${cluster}; where an ApplicationSet selects clusters by label, set the label.`,
    `See that the ExternalSecret in ${gitops.namespace} is Ready.`,
    'If the Otterize operators ran there before, restart them: pods do not notice a changed Secret.',
  ],
};

/** The chart, only when there is none: what is there belongs to its owners. */
function chartFiles({ gitops }: Target, files: Files): Record<string, string> {
  const { chartPath, chartVersion } = gitops;
  if (files[chartFile(chartPath)] !== undefined) return {};
  const chart = {
    apiVersion: 'v2',
    name: chartName,
    description: 'Otterize, as all clusters get it.',
    version: '0.1.0',
    dependencies: [{ name: chartName, version: chartVersion, repository: chartRepository }],
  };
  return {
    [chartFile(chartPath)]: stringify(chart),
    [baseValuesFile(chartPath)]:
      `# What all clusters have in common; each cluster's own values come on top.\n${chartName}: {}\n`,
  };
}

function editValues(text: string, { gitops }: Target, clientId: string): string {
  const file = gitops.valuesPath;
  const reference = [...credentialsPath, 'clientSecretKeyRef'];
  const literal = gitops.credentials === 'literal';
  if (literal && readYaml(text, clientIdKeyPath, file) !== undefined) {
    throw new UserError(
      'values-file',
      `${file} takes the client id from the Secret (${clientIdKeyPath.join('.')}), which wins over the one that is to be written there. Remove that key, or say credentials: secretRef in holt.yaml, then retry.`,
      file,
    );
  }
  const edits: Edit[] = [
    ...(literal ? [{ path: clientIdPath, value: clientId }] : []),
    { path: [...reference, 'secretName'], value: gitops.externalSecret.secretName },
    { path: [...reference, 'secretKey'], value: secretKeys.clientSecret },
    ...(literal ? [] : [{ path: clientIdKeyPath, value: secretKeys.clientId }]),
  ];
  // A mode that somebody chose stays: going from shadow to active is a decision of the cluster's owners.
  if (readYaml(text, modePath, file) === undefined)
    edits.push({ path: modePath, value: gitops.operatorMode });
  return editYaml(text, edits, file);
}

const entry = (secretKey: string, key: string) => ({ secretKey, remoteRef: { key } });

function externalSecretOf({ names, gitops }: Target): Record<string, unknown> {
  const { apiVersion, refreshInterval, storeKind, storeName, secretName } = gitops.externalSecret;
  return {
    apiVersion,
    kind: 'ExternalSecret',
    metadata: {
      name: secretName,
      namespace: gitops.namespace,
      labels: { [marker.label]: marker.value },
      annotations: { 'argocd.argoproj.io/sync-wave': syncWave },
    },
    spec: {
      refreshInterval,
      secretStoreRef: { kind: storeKind, name: storeName },
      target: { name: secretName, creationPolicy: 'Owner' },
      data: [
        entry(secretKeys.clientId, names.clientIdSecret),
        entry(secretKeys.clientSecret, names.clientSecretSecret),
      ],
    },
  };
}

/** Ours is rewritten when it says something else; somebody else's is left when it says what is needed, else refused. */
function editExternalSecret(text: string | undefined, target: Target): string {
  const file = target.gitops.externalSecretPath;
  const wanted = externalSecretOf(target);
  if (text === undefined || text.trim() === '') return stringify(wanted);
  const found = dataOf(parseEditable(text, file), file) as Record<string, unknown>;
  if (isDeepStrictEqual(found, wanted)) return text;
  const labels = (found['metadata'] as { labels?: Record<string, unknown> } | undefined)?.labels;
  if (labels?.[marker.label] === marker.value) return stringify(wanted);
  if (found['kind'] === wanted['kind'] && covers(found['spec'], wanted['spec'])) return text;
  throw new UserError(
    'external-secret',
    `${file} is not Holt’s and does not read the two secrets that this cluster needs. Add them there, or name another file in holt.yaml (gitops.externalSecretPath), then retry.`,
    file,
  );
}

/** Whether all that is wanted is in what was found; of a list, in any order and among others. */
function covers(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(found) && wanted.every(each => found.some(other => covers(other, each)));
  }
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  if (typeof found !== 'object' || found === null) return false;
  return Object.entries(wanted).every(([key, value]) =>
    covers((found as Record<string, unknown>)[key], value),
  );
}
