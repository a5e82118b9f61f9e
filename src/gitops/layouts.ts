import type { Layout } from '../onboarding/ports.ts';
import type { GitOpsTarget } from '../onboarding/request.ts';
import { argoApplication } from './argo-application.ts';
import { umbrellaChart } from './umbrella-chart.ts';

const layouts: Record<GitOpsTarget['layout'], Layout> = {
  'umbrella-chart': umbrellaChart,
  'argo-application': argoApplication,
};

/** Each target in the layout that its configuration names. */
export const configuredLayout: Layout = {
  paths: gitops => layouts[gitops.layout].paths(gitops),
  elsewhere: gitops => layouts[gitops.layout].elsewhere(gitops),
  edit: (target, credentials, files) => layouts[target.gitops.layout].edit(target, credentials, files),
  afterMerge: target => layouts[target.gitops.layout].afterMerge(target),
};
