import { isRepositoryPath } from './fleet-schema.ts';
import type { GitOpsTarget } from './request.ts';

type Plain = { [key: string]: unknown };

/** What holt.yaml says of the repository, names filled in, as a target keeps it: what its layout has no use for is left out. */
export function gitopsOf(settings: Plain, branch: string): Plain {
  const { application, chartRepository, chartBase, ...rest } = settings;
  const elsewhere = chartRepository !== undefined && chartRepository !== rest['repository'];
  return {
    ...rest,
    branch,
    ...(elsewhere && { chartRepository, chartBase: chartBase ?? rest['base'] }),
    ...(rest['layout'] === 'argo-application' && {
      application: applicationOf(application as Plain, rest['repository']),
    }),
  };
}

function applicationOf({ destination, ...application }: Plain, repository: unknown): Plain {
  const kind = String(destination).includes('://') ? 'destinationServer' : 'destinationName';
  return { repoUrl: `https://github.com/${String(repository)}.git`, ...application, [kind]: destination };
}

const kubernetesName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const releaseName = /^[a-z0-9](?:[a-z0-9-]{0,51}[a-z0-9])?$/;

/** What an outside system would refuse, or a run could not do; each a sentence. */
export function gitopsProblems(gitops: GitOpsTarget): string[] {
  const { application, chartRepository, credentials, chartVersion, externalSecret } = gitops;
  const problems: string[] = [];
  if (credentials === 'secretRef' && olderThan(chartVersion, [5, 0, 15])) {
    problems.push(`credentials: secretRef needs chart 5.0.15 or newer, not ${chartVersion}; or use literal.`);
  }
  const files = [...chartFilesOf(gitops), ...filesOf(gitops)];
  for (const file of files)
    if (!isRepositoryPath(file)) problems.push(`No file in a repository can be at ${file}.`);
  const twice = files.find((file, index) => files.indexOf(file) < index);
  if (twice !== undefined)
    problems.push(`Two of its files would be ${twice}: give each a path of its own in gitops.`);
  const { storeName } = externalSecret;
  if (!kubernetesName.test(storeName)) {
    problems.push(
      `No secret store can be named ${storeName}: lower-case letters, digits, hyphens and dots, at most 253.`,
    );
  }
  if (application === undefined) return problems;
  if (chartRepository !== undefined) {
    problems.push(
      'The layout argo-application has no chart of its own: say chartRepository only where the layout is umbrella-chart.',
    );
  }
  if (!releaseName.test(application.name)) {
    problems.push(
      `No Application can be named ${application.name}: at most 53 lower-case letters, digits and hyphens, for the Helm release has the same name.`,
    );
  }
  if (!kubernetesName.test(application.project))
    problems.push(`No Argo CD project can be named ${application.project}.`);
  return problems;
}

/** The files that belong to one target alone. */
const filesOf = ({ valuesPath, externalSecretPath, application }: GitOpsTarget): string[] => [
  valuesPath,
  externalSecretPath,
  ...(application === undefined ? [] : [application.path]),
];

/** What no cluster may have for itself: the umbrella chart's own, where Holt writes them. */
const chartFilesOf = ({ layout, chartPath, chartRepository }: GitOpsTarget): string[] =>
  layout === 'umbrella-chart' && chartRepository === undefined
    ? [`${chartPath}/Chart.yaml`, `${chartPath}/values.yaml`]
    : [];

/** Where each cluster has an Argo CD of its own, their Applications may all have one name. */
const ownCluster = ['in-cluster', 'https://kubernetes.default.svc'];

/** What of a target's GitOps no other target may use; each as people call it. */
export function claimsOf(gitops: GitOpsTarget): string[] {
  const { repository, branch, application } = gitops;
  const destination = application?.destinationName ?? application?.destinationServer ?? '';
  return [
    ...filesOf(gitops).map(file => `the file ${file} in ${repository}`),
    `the branch ${branch} in ${repository}`,
    ...(application === undefined || ownCluster.includes(destination)
      ? []
      : [`the Application ${application.name} in ${application.namespace}`]),
  ];
}

function olderThan(version: string, wanted: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, part] of wanted.entries()) {
    if ((parts[index] ?? 0) !== part) return (parts[index] ?? 0) < part;
  }
  return false;
}
