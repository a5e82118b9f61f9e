import { z } from 'zod';

/** Who may do something: Slack user ids and Slack user group ids. */
export const Who = z.strictObject({
  users: z.array(z.string().regex(/^[UW][A-Z0-9]+$/)).default([]),
  groups: z.array(z.string().regex(/^S[A-Z0-9]+$/)).default([]),
});
export type Who = z.infer<typeof Who>;

/** The names that one target gets in the outside systems, rendered from the templates of holt.yaml. */
const Names = z.strictObject({
  organization: z.string(),
  environment: z.string(),
  integration: z.string(),
  vault: z.string(),
  clientIdSecret: z.string(),
  clientSecretSecret: z.string(),
});

const ApprovalPolicy = z.strictObject({
  /** How many different people must approve. */
  required: z.int().min(1),
  approvers: Who,
  /** May the person who asked approve too? Judged by Slack user id. */
  selfApproval: z.boolean(),
  /** After how many milliseconds an unanswered request is over. */
  expiresMs: z.int().positive(),
  /** How many milliseconds before that the approvers are reminded, once; never when left out. */
  remindBeforeMs: z.int().positive().optional(),
});

export const GitOpsTarget = z.strictObject({
  /** `owner/name`. */
  repository: z.string(),
  base: z.string(),
  /** The branch of ours: `holt/<cluster>-<stage>`. */
  branch: z.string(),
  layout: z.enum(['umbrella-chart', 'argo-application']),
  /** `secretRef` keeps everything of the credential out of Git; `literal` writes the client id, as the article did. */
  credentials: z.enum(['secretRef', 'literal']),
  /** Folder of the umbrella chart, made once for all clusters. */
  chartPath: z.string(),
  /** Where the umbrella chart is when that is another repository, and the branch; Holt only reads there. */
  chartRepository: z.string().optional(),
  chartBase: z.string().optional(),
  /** File of this cluster's values. */
  valuesPath: z.string(),
  /** File of this cluster's ExternalSecret. */
  externalSecretPath: z.string(),
  /** The Argo CD Application, in the layout of that name. */
  application: z
    .strictObject({
      /** File of the Application. */
      path: z.string(),
      name: z.string(),
      /** Namespace of Argo CD. */
      namespace: z.string(),
      project: z.string(),
      /** One of the two: how Argo CD knows the cluster. */
      destinationName: z.string().optional(),
      destinationServer: z.string().optional(),
      /** How Argo CD knows `repository`. */
      repoUrl: z.string(),
    })
    .optional(),
  chartVersion: z.string(),
  namespace: z.string(),
  operatorMode: z.enum(['defaultShadow', 'defaultActive']),
  externalSecret: z.strictObject({
    apiVersion: z.enum(['external-secrets.io/v1', 'external-secrets.io/v1beta1']),
    storeKind: z.enum(['ClusterSecretStore', 'SecretStore']),
    storeName: z.string(),
    refreshInterval: z.string(),
    /** Name of the Kubernetes Secret that External Secrets makes. */
    secretName: z.string(),
  }),
});
export type GitOpsTarget = z.infer<typeof GitOpsTarget>;

/** One cluster at one stage with everything that configuration says of it: what a run works from, fixed when it is asked for. */
export const Target = z.strictObject({
  cluster: z.string(),
  stage: z.string(),
  names: Names,
  /** Labels of the environment. */
  labels: z.record(z.string(), z.string()),
  invite: z.strictObject({
    /** Mail addresses. */
    people: z.array(z.string()),
    /** Object ids of Entra groups. */
    groups: z.array(z.string()),
  }),
  /** Lower-case domains to which an invite may go. */
  mailDomains: z.array(z.string()),
  requesters: Who,
  approval: ApprovalPolicy,
  gitops: GitOpsTarget,
  /** Whether its end is shown in the channel too. */
  announceEnd: z.boolean().optional(),
});
export type Target = z.infer<typeof Target>;

/** One cluster of a rollout. */
const Member = z.strictObject({
  cluster: z.string(),
  /** The run that onboards it. */
  run: z.string(),
  /** From 1. */
  wave: z.int(),
});
export type Member = z.infer<typeof Member>;

/** How a rollout goes about it. */
export const RolloutPolicy = z.strictObject({
  /** How many clusters go first, alone; 0: none. */
  canary: z.int().min(0),
  /** How many clusters go together after that. */
  wave: z.int().min(1),
  /** After how many failed clusters nothing more is begun until a person decides. */
  stopAfter: z.int().min(1),
  pullRequests: z.enum(['per-rollout', 'per-wave', 'per-cluster']),
});
export type RolloutPolicy = z.infer<typeof RolloutPolicy>;

/** Several clusters at one stage, asked for in one breath. */
export const Rollout = z.strictObject({
  members: z.array(Member),
  /** What the selection named or matched and is not part of it, and why. */
  leftOut: z.array(z.strictObject({ cluster: z.string(), why: z.string() })),
  policy: RolloutPolicy,
});
export type Rollout = z.infer<typeof Rollout>;

/** What was asked for, by whom and where. */
export const Request = z.strictObject({
  /** Of a rollout: what its clusters have in common; its `cluster` is the selection as it was typed, and of its names only the organization's says something: it is the rollout's own. */
  target: Target,
  /** Of a rollout. */
  rollout: Rollout.optional(),
  /** Of a run that is part of a rollout: the rollout's run. */
  within: z.strictObject({ rollout: z.string(), pullRequest: z.boolean() }).optional(),
  /** People named in the command; a Slack user's address is filled in by the bot once it knows it (null: has none). */
  named: z.array(z.strictObject({ user: z.string().optional(), address: z.string().nullable().optional() })),
  /** Slack ids. */
  by: z.strictObject({ user: z.string(), team: z.string() }),
  /** The channel the command was typed in. */
  channel: z.string(),
});
export type Request = z.infer<typeof Request>;
