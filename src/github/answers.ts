import { z } from 'zod';

const Sha = z.string().regex(/^[0-9a-f]{40,64}$/);

export const Repository = z.object({
  full_name: z.string(),
  archived: z.boolean().default(false),
  disabled: z.boolean().default(false),
  permissions: z.object({ push: z.boolean() }).optional(),
});

export const Ref = z.object({ ref: z.string(), object: z.object({ type: z.string(), sha: Sha }) });
export const Refs = z.array(Ref);

export const Commit = z.object({ sha: Sha, tree: z.object({ sha: Sha }) });

export const NewTree = z.object({ sha: Sha });

const TreeEntry = z.object({
  path: z.string(),
  mode: z.string(),
  type: z.string(),
  sha: Sha,
  size: z.int().optional(),
});
export type TreeEntry = z.infer<typeof TreeEntry>;

export const Tree = z.object({ tree: z.array(TreeEntry), truncated: z.boolean() });

export const Blob = z.object({ encoding: z.literal('base64'), content: z.string() });

export const Comparison = z.object({
  total_commits: z.int(),
  commits: z.array(z.object({ commit: z.object({ message: z.string() }) })),
});

export const PullRequest = z.object({
  number: z.int().positive(),
  html_url: z.url(),
  state: z.enum(['open', 'closed']),
  merged_at: z.string().nullish(),
  title: z.string(),
  body: z.string().nullable(),
  head: z.object({ ref: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
  base: z.object({ ref: z.string(), repo: z.object({ full_name: z.string() }) }),
});
export type PullRequest = z.infer<typeof PullRequest>;

/** What the token of an App's installation may do. */
export const Installation = z.object({ permissions: z.record(z.string(), z.string()) });
