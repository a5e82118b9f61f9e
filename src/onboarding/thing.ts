import { z } from 'zod';

/** What an effect makes or changes outside, for people who ask beforehand what would be done. */
export const Thing = z.strictObject({
  kind: z.enum([
    'organization',
    'organization-name',
    'environment',
    'invite',
    'integration',
    'dead-integration',
    'secret',
    'deleted-secret',
    'commit',
    'pull-request',
    'pull-request-text',
  ]),
  /** As it is called where it is made. */
  name: z.string(),
});
export type Thing = z.infer<typeof Thing>;
