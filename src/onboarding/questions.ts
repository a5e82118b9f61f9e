/** What people can ask `can` about. */
export const questions = ['onboard', 'plan', 'approve', 'retry', 'cancel', 'status', 'list'] as const;
export type Question = (typeof questions)[number];
