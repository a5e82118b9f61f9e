import { type Bundle, connect, type Survey, survey } from '../connect.ts';
import { describePull } from '../pull-request-text.ts';
import { defineStep } from '../step.ts';

/** The pull request that connects the cluster. */
export const pullRequest = defineStep({
  fact: 'pullRequest',
  needs: ['credentials'],

  ahead: {
    needs: ['preflight'],
    freshMs: 60_000,
    look: ({ read, request: { target } }) => survey(read, target.gitops, [target]),
  },

  run: (context, seen: Survey | undefined) => {
    const { request, facts, read, thread } = context;
    const { target } = request;
    const bundle: Bundle = {
      gitops: target.gitops,
      onboarded: [{ target, clientId: facts.credentials.clientId }],
      key: '',
      message: `Onboard ${target.cluster} (${target.stage}) to Otterize`,
      describe: files =>
        describePull(target, {
          files,
          afterMerge: read.layout.afterMerge(target),
          thread: thread?.permalink,
        }),
    };
    return connect(context, bundle, seen);
  },
});
