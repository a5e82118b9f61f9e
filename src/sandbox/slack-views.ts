import { z } from 'zod';
import { randomId } from './kit.ts';
import { checkView, type ViewContent } from './slack-blocks.ts';
import { PER_MINUTE } from './slack-limits.ts';
import { malformed, method, Refusal, structure } from './slack-method.ts';
import type { View, Workspace } from './slack-state.ts';
import { slackId } from './slack-workspace.ts';

/** A trigger opens one modal within three seconds [D, reference slack A5; E, emulators 1a]. */
const TRIGGER_MS = 3000;
const MOST_STACKED = 3;

/** What an interaction carries so that a modal can be opened in answer to it. */
export function newTrigger(workspace: Workspace, user: string): string {
  const id = `${Date.now()}.${randomId(8)}.${randomId(16)}`;
  workspace.triggers.set(id, { user, at: workspace.now(), used: false });
  return id;
}

function exchange(workspace: Workspace, id: string): string {
  const trigger = workspace.triggers.get(id);
  if (trigger === undefined) throw new Refusal('invalid_trigger_id');
  if (trigger.used) throw new Refusal('exchanged_trigger_id');
  if (workspace.now() - trigger.at > TRIGGER_MS) throw new Refusal('expired_trigger_id');
  trigger.used = true;
  return trigger.user;
}

/** A view that keeps to the rules, or the refusal of Slack: `invalid_arguments` [DOC of views.open]. */
export function readView(given: unknown, type: ViewContent['type']): ViewContent {
  const { value, problems } = checkView(given);
  if (problems !== undefined) throw malformed('invalid_arguments', problems);
  if (value.type !== type)
    throw malformed('invalid_arguments', [`must be of type ${type} [json-pointer:/view/type]`]);
  return value;
}

const newHash = (workspace: Workspace): string => `${Math.floor(workspace.now() / 1000)}.${randomId(8)}`;

/** The user's open modals, the topmost last. */
export function stackOf(workspace: Workspace, user: string): View[] {
  const stack = workspace.modals.get(user) ?? [];
  workspace.modals.set(user, stack);
  return stack;
}

/** Puts a view on top of the stack. */
export function pushView(workspace: Workspace, user: string, content: ViewContent): View {
  const stack = stackOf(workspace, user);
  if (stack.length >= MOST_STACKED) throw new Refusal('push_limit_reached');
  const id = slackId('V');
  const view: View = {
    ...content,
    id,
    hash: newHash(workspace),
    root_view_id: stack[0]?.id ?? id,
    previous_view_id: stack.at(-1)?.id ?? null,
  };
  stack.push(view);
  return view;
}

/** Puts new content where an open view is; the view keeps its id. */
export function replaceView(workspace: Workspace, view: View, content: ViewContent): View {
  const { id, root_view_id, previous_view_id } = view;
  const next: View = { ...content, id, hash: newHash(workspace), root_view_id, previous_view_id };
  for (const stack of workspace.modals.values()) {
    const at = stack.indexOf(view);
    if (at !== -1) stack[at] = next;
  }
  return next;
}

/** A view as answers and payloads show it, with what was filled in. */
export const viewOnTheWire = ({ team, app, bot }: Workspace, view: View, values: unknown = {}) => {
  const { filled: _, ...shown } = view;
  return {
    ...shown,
    team_id: team.id,
    state: { values },
    app_id: app.id,
    app_installed_team_id: team.id,
    bot_id: bot.id,
  };
};

const view = structure('invalid_arguments');

export const views = {
  'views.open': method({
    perMinute: PER_MINUTE.tier4,
    mutating: true,
    args: z.object({ trigger_id: z.string(), view }),
    run(args, { workspace }) {
      const content = readView(args.view, 'modal');
      const user = exchange(workspace, args.trigger_id);
      workspace.modals.delete(user);
      return { view: viewOnTheWire(workspace, pushView(workspace, user, content)) };
    },
  }),

  'views.push': method({
    perMinute: PER_MINUTE.tier4,
    mutating: true,
    args: z.object({ trigger_id: z.string(), view }),
    run(args, { workspace }) {
      const content = readView(args.view, 'modal');
      const user = exchange(workspace, args.trigger_id);
      return { view: viewOnTheWire(workspace, pushView(workspace, user, content)) };
    },
  }),

  'views.update': method({
    perMinute: PER_MINUTE.tier4,
    mutating: true,
    args: z.object({
      view_id: z.string().optional(),
      external_id: z.string().min(1).optional(),
      hash: z.string().optional(),
      view,
    }),
    run(args, { workspace }) {
      const content = readView(args.view, 'modal');
      const open = [...workspace.modals.values()].flat();
      const found = open.find(({ id, external_id }) =>
        args.view_id === undefined ? external_id === args.external_id : id === args.view_id,
      );
      if (found === undefined) throw new Refusal('not_found');
      if (args.hash !== undefined && args.hash !== found.hash) throw new Refusal('hash_conflict');
      return { view: viewOnTheWire(workspace, replaceView(workspace, found, content)) };
    },
  }),

  'views.publish': method({
    perMinute: PER_MINUTE.tier4,
    mutating: true,
    args: z.object({ user_id: z.string(), view, hash: z.string().optional() }),
    run(args, { workspace }) {
      const content = readView(args.view, 'home');
      if (!workspace.users.has(args.user_id))
        throw new Refusal('invalid_arguments', {
          response_metadata: { messages: ['[ERROR] invalid `user_id`'] },
        });
      const before = workspace.homes.get(args.user_id);
      if (args.hash !== undefined && args.hash !== before?.hash) throw new Refusal('hash_conflict');
      const id = before?.id ?? slackId('V');
      const home: View = {
        ...content,
        id,
        hash: newHash(workspace),
        root_view_id: id,
        previous_view_id: null,
      };
      workspace.homes.set(args.user_id, home);
      return { view: viewOnTheWire(workspace, home) };
    },
  }),
};
