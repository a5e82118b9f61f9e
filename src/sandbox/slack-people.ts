import { z } from 'zod';
import { PER_MINUTE } from './slack-limits.ts';
import { type Context, flag, method, Refusal } from './slack-method.ts';
import type { User, UserGroup } from './slack-state.ts';

/** A user as users.info shows them. The address comes only with its own scope [DOC]. */
function profile({ workspace, granted }: Context, user: User) {
  const { id, name, realName, email, deleted, isBot, isRestricted, isUltraRestricted, isStranger } = user;
  return {
    id,
    team_id: workspace.team.id,
    name,
    real_name: realName,
    deleted,
    is_bot: isBot,
    is_app_user: false,
    is_admin: false,
    is_owner: false,
    is_restricted: isRestricted || isUltraRestricted,
    is_ultra_restricted: isUltraRestricted,
    is_stranger: isStranger,
    tz: 'Europe/Berlin',
    profile: {
      real_name: realName,
      display_name: name,
      ...(email !== undefined && granted('users:read.email') ? { email } : {}),
      team: workspace.team.id,
    },
  };
}

const group = ({ workspace }: Context, { id, handle, users }: UserGroup, withUsers: boolean) => ({
  id,
  team_id: workspace.team.id,
  is_usergroup: true,
  name: handle,
  handle,
  date_delete: 0,
  user_count: users.length,
  ...(withUsers ? { users } : {}),
});

export const people = {
  'auth.test': method({
    perMinute: PER_MINUTE.generous,
    args: z.object({}),
    run: (_, { workspace: { team, bot } }) => ({
      url: `https://${team.domain}.slack.com/`,
      team: team.domain,
      user: bot.name,
      team_id: team.id,
      user_id: bot.user,
      bot_id: bot.id,
      is_enterprise_install: false,
    }),
  }),

  'users.info': method({
    scope: 'users:read',
    perMinute: PER_MINUTE.tier4,
    args: z.object({ user: z.string() }),
    run(args, context) {
      const user = context.workspace.users.get(args.user);
      if (user === undefined) throw new Refusal('user_not_found');
      return { user: profile(context, user) };
    },
  }),

  'users.lookupByEmail': method({
    scope: 'users:read.email',
    perMinute: PER_MINUTE.tier3,
    args: z.object({ email: z.string() }),
    run({ email }, context) {
      const sought = email.toLowerCase();
      for (const user of context.workspace.users.values())
        if (user.email?.toLowerCase() === sought && !user.deleted) return { user: profile(context, user) };
      throw new Refusal('users_not_found');
    },
  }),

  'usergroups.list': method({
    scope: 'usergroups:read',
    perMinute: PER_MINUTE.tier2,
    args: z.object({ include_users: flag }),
    run: ({ include_users }, context) => ({
      usergroups: [...context.workspace.groups.values()].map(each => group(context, each, include_users)),
    }),
  }),

  'usergroups.users.list': method({
    scope: 'usergroups:read',
    perMinute: PER_MINUTE.tier2,
    args: z.object({ usergroup: z.string() }),
    run({ usergroup }, { workspace }) {
      const found = workspace.groups.get(usergroup);
      if (found === undefined) throw new Refusal('no_such_subteam');
      return { users: found.users };
    },
  }),
};
