import { createHash } from 'node:crypto';
import { z } from 'zod';

/** The command, as the manifest has it. */
export const commandName = '/otterize';

export const actionIds = [
  'review',
  'approve',
  'decline',
  'retry',
  'go-on',
  'stop',
  'start',
  'discard',
  'details',
  'cluster',
  'new',
  'chosen',
] as const;
export type ActionId = (typeof actionIds)[number];

/** The modals that can be submitted, by their callback_id. */
export const callbackIds = ['decline-because', 'approve-those', 'onboard-form', 'onboard-start'] as const;
export type CallbackId = (typeof callbackIds)[number];

/** What the buttons of an approval carry, and the modals that they open. Anybody can send anything here: it is checked against the run and the thread. */
export const GateClaim = z.strictObject({ run: z.string(), digest: z.string() });
export type GateClaim = z.infer<typeof GateClaim>;

/** What Retry carries: which of the run's failures it stands below. */
export const RetryClaim = z.strictObject({ run: z.string(), failure: z.int() });
export type RetryClaim = z.infer<typeof RetryClaim>;

/** What Start carries: the text that was typed after the command, and a digest of what was shown. */
export const StartClaim = z.strictObject({ text: z.string(), shown: z.string().optional() });
export type StartClaim = z.infer<typeof StartClaim>;

/** What somebody was shown, in short: what they say to it counts only while they would be shown the same. */
export const digestOfShown = (shown: unknown): string =>
  createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 16);

/** What the form of an onboarding carries: the channel in which it was asked for; elsewhere it asks for one. */
export const FormClaim = z.strictObject({ channel: z.string().optional() });
export type FormClaim = z.infer<typeof FormClaim>;

/** What the preview carries that the form leads to. */
export const PreviewClaim = StartClaim.extend({ channel: z.string() });
export type PreviewClaim = z.infer<typeof PreviewClaim>;

/** What Details carries: the rollout, and which page of its clusters, from 0. */
export const DetailsClaim = z.strictObject({ run: z.string(), page: z.int().min(0) });
export type DetailsClaim = z.infer<typeof DetailsClaim>;

/** What a cluster's button in the details carries: its run. */
export const ClusterClaim = z.strictObject({ run: z.string() });
export type ClusterClaim = z.infer<typeof ClusterClaim>;

/** The longest value that a button can carry. */
export const mostValue = 2000;

/** Reads a button's value or a modal's private_metadata; undefined when it is not one of ours. */
export function readClaim<T>(schema: z.ZodType<T>, value: string | undefined): T | undefined {
  if (value === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
