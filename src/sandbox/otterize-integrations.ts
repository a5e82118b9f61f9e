import { z } from 'zod';
import { type Api, find, inside, matches, Name, remove, unique, type Visit } from './otterize-api.ts';
import { addKubernetesIntegration, type OtterizeState } from './otterize-cloud.ts';
import { type Cluster, type Integration, newCluster, newIntegration } from './otterize-records.ts';

export function addIntegrationRoutes({ rest }: Api, state: OtterizeState): void {
  const own = (visit: Visit) => state.integrations.filter(inside(visit));
  const one = (visit: Visit) => find(state.integrations, visit.param('id'), inside(visit));
  // [SRC] The credentials are a required field of every answer; whether the secret is shown again is unknown [?].
  const view = (integration: Integration) =>
    state.secretReadableAgain === 'shown'
      ? integration
      : { ...integration, credentials: { ...integration.credentials, clientSecret: '*'.repeat(8) } };
  // [DOC] Names are unique per type within the organization.
  const free = (visit: Visit, type: Integration['type'], name: string) =>
    unique(
      state,
      own(visit).some(each => each.type === type && each.name === name),
      name,
    );

  rest('GET', '/integrations', 'listIntegrations', visit =>
    own(visit)
      .filter(each => matches(visit.query('name'), each.name))
      .filter(each => matches(visit.query('integrationType'), each.type))
      .filter(each => matches(visit.query('environmentId'), each.defaultEnvironment?.id))
      .filter(each => matches(visit.query('clusterId'), each.cluster?.id))
      .map(view),
  );
  rest('POST', '/integrations/kubernetes', 'createIntegration', async visit => {
    const { environmentId, name } = await visit.body(z.object({ environmentId: z.string(), name: Name }));
    find(state.environments, environmentId, inside(visit));
    free(visit, 'KUBERNETES', name);
    return addKubernetesIntegration(state, visit.organization, { environmentId, name });
  });
  rest('POST', '/integrations/generic', 'createGenericIntegration', async visit => {
    const { name } = await visit.body(z.object({ name: Name }));
    free(visit, 'GENERIC', name);
    const integration = newIntegration(visit.organization, 'GENERIC', name);
    state.integrations.push(integration);
    state.clientSecrets.push(integration.credentials.clientSecret);
    return integration;
  });
  rest('PATCH', '/integrations/kubernetes/:id', 'updateIntegration', async visit => {
    const { environmentId, name } = await visit.body(
      z.object({ environmentId: z.string().optional(), name: Name }),
    );
    const integration = Object.assign(one(visit), { name });
    if (environmentId !== undefined) {
      integration.defaultEnvironment = {
        id: find(state.environments, environmentId, inside(visit)).id,
      };
    }
    return view(integration);
  });
  rest('GET', '/integrations/:id', 'getIntegration', visit => view(one(visit)));
  // That the cluster stays behind is an assumption [?].
  rest('DELETE', '/integrations/:id', 'deleteIntegration', visit => remove(state.integrations, one(visit)));
}

export function addClusterRoutes({ rest }: Api, state: OtterizeState): void {
  const one = (visit: Visit) => find(state.clusters, visit.param('id'), inside(visit));
  const view = (cluster: Cluster) => {
    const integrations = state.integrations.filter(each => each.cluster?.id === cluster.id);
    const [integration] = integrations;
    return {
      ...cluster,
      organizationId: undefined,
      ...(integration === undefined ? {} : { integration: { id: integration.id } }),
      integrations: integrations.map(({ id }) => ({ id })),
      namespaces: [],
      serviceCount: 0,
    };
  };

  rest('GET', '/clusters', 'listClusters', visit =>
    state.clusters
      .filter(inside(visit))
      .filter(each => matches(visit.query('name'), each.name))
      .map(view),
  );
  rest('POST', '/clusters', 'createCluster', async visit => {
    const { name } = await visit.body(z.object({ name: Name }));
    const cluster = newCluster(visit.organization, name);
    state.clusters.push(cluster);
    return view(cluster);
  });
  rest('GET', '/clusters/:id', 'getCluster', visit => view(one(visit)));
  rest('DELETE', '/clusters/:id', 'deleteCluster', visit => remove(state.clusters, one(visit)));
}
