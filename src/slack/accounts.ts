import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { calling, SlackRefusal } from './client.ts';

const Account = z.object({
  id: z.string(),
  team_id: z.string().optional(),
  deleted: z.boolean().optional(),
  is_bot: z.boolean().optional(),
  is_restricted: z.boolean().optional(),
  is_ultra_restricted: z.boolean().optional(),
  is_stranger: z.boolean().optional(),
  profile: z.object({ email: z.string().optional() }).optional(),
});

/** Who is who in the workspace. */
export interface AccountBook {
  /** Whether this is a member of the workspace: no bot, no guest, nobody of another company, nobody who left. */
  isColleague(user: string): Promise<boolean>;
  /** The mail address of a member; null for bots, guests, people of other companies and those who left. */
  addressOf(user: string): Promise<string | null>;
  /** The Slack user id behind an address; null when nobody here has it. */
  userOf(address: string): Promise<string | null>;
  /** The direct messages with a person; null when there can be none. */
  directTo(user: string): Promise<string | null>;
}

/** Throws what `calling` throws, and nothing for people who cannot be found. `team` is the workspace's id. */
export function createAccountBook(client: WebClient, team: string): AccountBook {
  const colleague = (user: string): Promise<z.infer<typeof Account> | null> =>
    unless(['user_not_found', 'user_not_visible'], async () => {
      const answer = await calling('look up a person', client.users.info({ user }));
      const account = Account.parse(answer.user);
      return isColleague(account, team) ? account : null;
    });
  return {
    isColleague: async user => (await colleague(user)) !== null,
    addressOf: async user => (await colleague(user))?.profile?.email?.toLowerCase() ?? null,
    userOf: address =>
      unless(['users_not_found'], async () => {
        const answer = await calling('look up an address', client.users.lookupByEmail({ email: address }));
        const account = Account.parse(answer.user);
        return account.deleted === true || account.is_bot === true ? null : account.id;
      }),
    directTo: user =>
      unless(['user_not_found', 'user_not_visible', 'user_disabled', 'cannot_dm_bot'], async () => {
        const answer = await calling('open a direct message', client.conversations.open({ users: user }));
        return z.object({ id: z.string() }).parse(answer.channel).id;
      }),
  };
}

const isColleague = (account: z.infer<typeof Account>, team: string): boolean =>
  (account.team_id ?? team) === team &&
  ![
    account.deleted,
    account.is_bot,
    account.is_restricted,
    account.is_ultra_restricted,
    account.is_stranger,
  ].includes(true);

async function unless<T>(codes: readonly string[], act: () => Promise<T>): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof SlackRefusal && codes.includes(error.code)) return null;
    throw error;
  }
}
