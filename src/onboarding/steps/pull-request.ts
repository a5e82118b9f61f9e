import { connect } from '../connect.ts';
import { describePull } from '../pull-request-text.ts';
import { defineStep } from '../step.ts';

/** The pull request that connects the cluster. */
export const pullRequest = defineStep({
  fact: 'pullRequest',
  needs: ['credentials'],

  run: context => {
    const { request, facts, read, thread } = context;
    const { target } = request;
    return connect(context, {
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
    });
  },
});
