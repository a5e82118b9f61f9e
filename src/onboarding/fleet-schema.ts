import { z } from 'zod';
import { targetName } from './command.ts';
import { Who } from './request.ts';

const placeholders = /\{([^{}]*)\}/g;

/** Text with `{cluster}` and `{stage}` in it. */
const Template = z
  .string()
  .trim()
  .min(1)
  .refine(
    text => [...text.matchAll(placeholders)].every(([, name]) => name === 'cluster' || name === 'stage'),
    {
      error: 'only {cluster} and {stage} can stand in braces',
    },
  )
  .refine(text => !/[{}]/.test(text.replaceAll(placeholders, '')), { error: 'a brace has no counterpart' })
  .refine(text => !text.includes('%'), { error: 'the Otterize CLI damages text with a percent sign' });

/** A folder or file as it may be called in a repository that people check out on any system. */
const fileName = /^(?!\.git$)\.?[\p{L}\p{N}_+@=,()](?:[\p{L}\p{N}_+@=,() .-]*[\p{L}\p{N}_+@=,()-])?$/iu;

/** Whether it leads to a place below the root of a repository, and reads the same everywhere. */
export const isRepositoryPath = (path: string): boolean => path.split('/').every(name => fileName.test(name));

/** A file's place in a repository. */
const PathTemplate = Template.refine(path => isRepositoryPath(path.replaceAll(placeholders, 'name')), {
  error:
    'a path is relative and ends in a name; its names have letters, digits, spaces and ._+@=,()- and are none of . .. .git',
});

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const Duration = z
  .string()
  .regex(/^[1-9]\d{0,3}[mhd]$/, { error: 'a time is a number and m, h or d, for example 24h' });

/** Milliseconds of `30m`, `24h`, `7d`. */
export const durationMs = (text: string): number =>
  Number.parseInt(text, 10) * units[text.at(-1) as keyof typeof units];

const MailDomain = z
  .string()
  .toLowerCase()
  .regex(/^(?!xn--)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, {
    error: 'a mail domain is plain ASCII, for example harbour.example',
  });

const Approval = z
  .strictObject({
    required: z.int().min(1).describe('How many different people must approve. Default 1.'),
    approvers: Who.describe('Who may approve: Slack user ids and user group ids.'),
    selfApproval: z.boolean().describe('Whether the person who asked may approve too. Default false.'),
    expires: Duration.describe('When an unanswered request is over, for example 24h (the default).'),
    remindBefore: Duration.describe(
      'How long before that the approvers are reminded, once. Default: a quarter of expires. Nobody is reminded when it is not shorter than expires.',
    ),
  })
  .partial();

const NameTemplates = z
  .strictObject({
    organization: Template.describe('Default {cluster}-{stage}.'),
    environment: Template.describe('Default {stage}.'),
    integration: Template.describe('Default {cluster}-{stage}.'),
    vault: Template.describe('The Azure Key Vault.'),
    clientIdSecret: Template.describe('Default otterize-cloud-client-id.'),
    clientSecretSecret: Template.describe('Default otterize-cloud-client-secret.'),
  })
  .partial();

const Invite = z
  .strictObject({
    people: z.array(z.email()).describe('Mail addresses that Entra knows.'),
    groups: z.array(z.guid()).describe('Object ids of Entra groups; nested members count.'),
  })
  .partial();

const Repository = z
  .string()
  .regex(/^[A-Za-z0-9-]+\/(?!\.{1,2}$)[A-Za-z0-9._-]+$/, { error: 'a repository is owner/name' });
/** An address that everybody may read: it goes into Git. */
const Address = Template.refine(text => !/^https?:\/\/[^/]*@/.test(text), {
  error: 'an address has no password in it; Argo CD keeps those itself',
});
const Branch = z.string().min(1);
const Namespace = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);

const GitOps = z
  .strictObject({
    repository: Repository,
    base: Branch.describe('The branch that pull requests go to. Default main.'),
    layout: z
      .enum(['umbrella-chart', 'argo-application'])
      .describe(
        'How the repository is laid out. umbrella-chart (default): a chart around Otterize’s own, shared by all clusters. argo-application: an Argo CD Application for each cluster.',
      ),
    credentials: z
      .enum(['secretRef', 'literal'])
      .describe(
        'secretRef (default): nothing of the credential in Git. literal: the client id in the values.',
      ),
    chartPath: PathTemplate.describe('Folder of the umbrella chart. Default security/otterize.'),
    chartRepository: Repository.describe(
      'Where the umbrella chart is, when that is another repository; it must be there, and Holt only reads it.',
    ),
    chartBase: Branch.describe('The branch of chartRepository to look at. Default: base.'),
    application: z
      .strictObject({
        path: PathTemplate.describe('The file. Default applications/otterize-{cluster}-{stage}.yaml.'),
        name: Template.describe('At most 53 characters. Default otterize-{cluster}-{stage}.'),
        namespace: Namespace.describe('The namespace of Argo CD. Default argocd.'),
        project: Template.describe('The Argo CD project. Default default.'),
        destination: Address.describe(
          'The cluster’s name in Argo CD (default {cluster}), or the https:// address of its API server.',
        ),
        repoUrl: Address.describe(
          'The repository’s address in Argo CD. Default https://github.com/<repository>.git.',
        ),
      })
      .partial()
      .describe('The Argo CD Application, with the layout argo-application.'),
    valuesPath: PathTemplate.describe('The cluster’s values.'),
    externalSecretPath: PathTemplate.describe('The cluster’s ExternalSecret.'),
    chartVersion: z.string().regex(/^\d+\.\d+\.\d+$/, { error: 'a chart version is like 5.0.87' }),
    namespace: Namespace,
    operatorMode: z
      .enum(['defaultShadow', 'defaultActive'])
      .describe('defaultShadow (default) reports only; defaultActive enforces network policies at once.'),
    externalSecret: z
      .strictObject({
        apiVersion: z.enum(['external-secrets.io/v1', 'external-secrets.io/v1beta1']),
        storeKind: z.enum(['ClusterSecretStore', 'SecretStore']),
        storeName: Template,
        refreshInterval: z.string().regex(/^\d+[smh]$/),
        secretName: z.string().regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/),
      })
      .partial(),
  })
  .partial();

const RolloutSettings = z
  .strictObject({
    canary: z.int().min(0).max(100).describe('How many clusters of a rollout go first, alone. Default 1.'),
    wave: z.int().min(1).max(1_000).describe('How many clusters go together after that. Default 10.'),
    stopAfter: z
      .int()
      .min(1)
      .describe('After how many failed clusters nothing more is begun until a person decides. Default 1.'),
    pullRequests: z
      .enum(['per-rollout', 'per-wave', 'per-cluster'])
      .describe('per-rollout (default): one pull request, one commit, for all clusters of a rollout.'),
  })
  .partial()
  .describe('How several clusters are onboarded by one command.');

/** What may be said at the top, for a stage, for a cluster, and for a cluster at a stage; the later wins. */
const Layer = z
  .strictObject({
    requesters: Who.describe('Who may ask: Slack user ids and user group ids.'),
    approval: Approval,
    names: NameTemplates,
    labels: z.record(z.string().trim().min(1), Template).describe('Labels of the environment.'),
    invite: Invite,
    mailDomains: z.array(MailDomain).describe('The only domains that invites may go to.'),
    gitops: GitOps,
    announceEnd: z
      .boolean()
      .describe('Whether the end of an onboarding is shown in the channel too, and not in its thread alone.'),
  })
  .partial();
export type Layer = z.infer<typeof Layer>;

const TargetName = z.string().regex(targetName, {
  error: 'a name has lower-case letters, digits and single hyphens, at most 40, a letter first',
});

const ClusterLayer = Layer.extend({ stages: z.record(TargetName, Layer.nullable()).optional() });

const StageLayer = Layer.extend({ rollout: RolloutSettings.optional() });

/** holt.yaml: everything about stages, clusters and policy. */
export const Fleet = StageLayer.extend({
  stages: z.record(TargetName, StageLayer.nullable()).describe('The stages, each with what differs for it.'),
  discover: z
    .strictObject({
      repository: Repository.optional().describe('Default: gitops.repository.'),
      base: Branch.optional().describe('Default: gitops.base.'),
      folders: Template.refine(text => /^(?:[^{}]|\{stage\})+\/\{cluster\}$/.test(text), {
        error: 'it ends in /{cluster}, for example cluster/{cluster}',
      }).describe('The folder of each cluster, for example cluster/{cluster}.'),
    })
    .optional()
    .describe('Clusters are known too when the GitOps repository has a folder for them.'),
  clusters: z
    .union([z.literal('any'), z.record(TargetName, ClusterLayer.nullable())])
    .describe('The known clusters, each with what differs for it; or any: every name, after a confirmation.'),
  startsPerMinute: z
    .int()
    .min(1)
    .default(6)
    .describe('How many onboardings one person may start in a minute. Default 6.'),
});
export type Fleet = z.infer<typeof Fleet>;

/** What holds when nobody says otherwise. */
export const defaults = {
  approval: { required: 1, selfApproval: false, expires: '24h' },
  names: {
    organization: '{cluster}-{stage}',
    environment: '{stage}',
    integration: '{cluster}-{stage}',
    clientIdSecret: 'otterize-cloud-client-id',
    clientSecretSecret: 'otterize-cloud-client-secret',
  },
  labels: { cluster: '{cluster}', env: '{stage}' },
  invite: { people: [], groups: [] },
  mailDomains: [],
  rollout: { canary: 1, wave: 10, stopAfter: 1, pullRequests: 'per-rollout' },
  gitops: {
    base: 'main',
    layout: 'umbrella-chart',
    credentials: 'secretRef',
    chartPath: 'security/otterize',
    valuesPath: 'cluster/{cluster}/{stage}/security/otterize/values.yaml',
    externalSecretPath: 'cluster/{cluster}/{stage}/security/otterize/external-secret.yaml',
    application: {
      path: 'applications/otterize-{cluster}-{stage}.yaml',
      name: 'otterize-{cluster}-{stage}',
      namespace: 'argocd',
      project: 'default',
      destination: '{cluster}',
    },
    chartVersion: '5.0.87',
    namespace: 'otterize-system',
    operatorMode: 'defaultShadow',
    externalSecret: {
      apiVersion: 'external-secrets.io/v1',
      storeKind: 'ClusterSecretStore',
      storeName: 'azure-kv-secret-store',
      refreshInterval: '1h',
      secretName: 'otterize-cloud-credentials-secret-key',
    },
  },
} as const satisfies Layer | object;
