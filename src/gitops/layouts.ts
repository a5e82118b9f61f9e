import type { GitOpsTarget } from '../onboarding/request.ts';
import { argoApplication } from './argo-application.ts';
import type { PureLayout } from './layout.ts';
import { umbrellaChart } from './umbrella-chart.ts';

const layouts: Record<GitOpsTarget['layout'], PureLayout> = {
  'umbrella-chart': umbrellaChart,
  'argo-application': argoApplication,
};

/** Each target in the layout that its configuration names. */
export const configuredLayout: PureLayout = {
  paths: gitops => layouts[gitops.layout].paths(gitops),
  elsewhere: gitops => layouts[gitops.layout].elsewhere(gitops),
  edit: (onboarded, files) => layouts[onboarded.target.gitops.layout].edit(onboarded, files),
  afterMerge: target => layouts[target.gitops.layout].afterMerge(target),
};
