import type { Plan } from '../onboarding/plans.ts';
import { address, factsOf } from './examples.ts';

/** Plans as a worker answers them. */
export const plans: Readonly<Record<string, Plan>> = {
  'a fresh world': {
    schema: 1,
    running: false,
    findings: [
      { fact: 'organization', kind: 'missing', thing: { kind: 'organization', name: 'payments-eu-prod' } },
      { fact: 'environment', kind: 'missing', thing: { kind: 'environment', name: 'prod' } },
      { fact: 'credentials', kind: 'missing', thing: { kind: 'integration', name: 'payments-eu-prod' } },
      {
        fact: 'credentials',
        kind: 'missing',
        thing: { kind: 'secret', name: 'otterize-cloud-client-secret' },
      },
      { fact: 'pullRequest', kind: 'missing', thing: { kind: 'commit', name: 'holt/payments-eu-prod' } },
    ],
    people: {
      people: factsOf().invitees.people,
      leftOut: [{ name: 'Emil Novak', address: address(4), reason: 'disabled' }],
    },
    files: [
      {
        path: 'cluster/payments-eu/prod/security/otterize/values.yaml',
        isNew: false,
        lines: ['@@ -1,2 +1,4 @@', ' replicas: …', '+otterize-kubernetes:', '+  global: {}', ' image: …'],
        more: 12,
      },
    ],
  },
  'a finished world': {
    schema: 1,
    running: true,
    findings: [
      { fact: 'organization', kind: 'there', thing: { kind: 'organization', name: 'payments-eu-prod' } },
    ],
    people: { people: [], leftOut: [] },
    pullRequest: factsOf().pullRequest,
    files: [],
  },
  obstacles: {
    schema: 1,
    running: false,
    findings: [
      {
        fact: 'organization',
        kind: 'unread',
        thing: { kind: 'organization', name: 'payments-eu-prod' },
        text: 'Otterize could not be read: it did not answer in time.',
      },
      { fact: 'environment', kind: 'unsure', thing: { kind: 'environment', name: 'prod' } },
      {
        fact: 'credentials',
        kind: 'conflict',
        thing: { kind: 'secret', name: 'otterize-cloud-client-id' },
        text: 'kv-payments-eu-prod has a secret that belongs to billing-eu prod, with another value.',
      },
    ],
    files: [],
  },
};
