import { createLayout, type LayoutDescription } from './layout.ts';
import {
  chart,
  chartSettings,
  externalSecret,
  externalSecretIsReady,
  restartOperators,
} from './otterize-chart.ts';

/**
 * An umbrella chart for the service, made once for all clusters, and for each cluster its values (nested under the chart's
 * name) and an ExternalSecret. What people wrote into the files stays.
 */
export const umbrellaChartDescription: LayoutDescription = {
  once: [
    {
      path: '{gitops.chartPath}/Chart.yaml',
      content: {
        apiVersion: 'v2',
        name: chart.name,
        description: 'Otterize, as all clusters get it.',
        version: '0.1.0',
        dependencies: [{ name: chart.name, version: '{gitops.chartVersion}', repository: chart.repository }],
      },
    },
    {
      path: '{gitops.chartPath}/values.yaml',
      comment: "What all clusters have in common; each cluster's own values come on top.",
      content: { [chart.name]: {} },
    },
  ],
  perCluster: [{ path: '{gitops.valuesPath}', set: chartSettings([chart.name]) }, externalSecret],
  afterMerge: [
    'See that Argo CD syncs {gitops.valuesPath} on {cluster}; where an ApplicationSet selects clusters by label, set the label.',
    externalSecretIsReady,
    restartOperators,
  ],
};

export const umbrellaChart = createLayout(umbrellaChartDescription);
