import { defineStep } from '../step.ts';

/** The environment that the cluster's services report to. */
export const environment = defineStep({
  fact: 'environment',
  needs: ['organization'],

  run: ({ request, facts, effect }) => {
    const { names, labels } = request.target;
    const name = names.environment;

    return effect<{ id: string; name: string; made: boolean }>('environment', {
      thing: { kind: 'environment', name },
      inside: 'organization',
      async find({ otterize }, intent) {
        const environments = await otterize.listEnvironments(facts.organization.id);
        const found = environments.find(each => each.name === name);
        return found && { id: found.id, name, made: intent.open !== undefined };
      },
      async create({ otterize }) {
        const { id } = await otterize.createEnvironment(facts.organization.id, { name, labels });
        return { id, name, made: true };
      },
    });
  },
});
