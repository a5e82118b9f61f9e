import { z } from 'zod';
import { elementsOf } from './slack-blocks.ts';
import type { Deliver } from './slack-delivery.ts';
import { option } from './slack-elements.ts';
import type { Filled } from './slack-fill.ts';
import { sender, told } from './slack-interactions.ts';
import { fillIn, topmostOf } from './slack-modals.ts';
import type { View, Workspace } from './slack-state.ts';
import { newTrigger, viewOnTheWire } from './slack-views.ts';
import { pick } from './slack-workspace.ts';

/** How many characters it takes before an app is asked, when a field does not say [DOC: external_select]. */
const LEAST_TYPED = 3;

/** What an app answers to a search; more than a hundred are no answer [D, reference slack A2]. */
const Offer = z.object({ options: z.array(option).max(100) });

export interface Choices {
  /** Types into a field of the topmost modal whose options the app offers; answers their values. */
  suggest(user: string, viewId: string, block: string, typed: string): Promise<string[]>;
  /** A search in a field of a modal that is not open; answers what the app says to it. */
  forgeSearch(user: string, block: string, typed: string): Promise<unknown>;
  /** Chooses in a field of the topmost modal, whose other fields may be filled in too. The app hears of it where the field says so. */
  choose(user: string, viewId: string, block: string, values: Record<string, Filled>): Promise<void>;
}

function fieldOf({ blocks }: View, id: string) {
  const found = elementsOf(blocks).find(({ block }) => block.block_id === id);
  if (found === undefined) throw new Error(`there is no field ${id}`);
  return found;
}

const place = ({ id }: View) => ({ container: { type: 'view', view_id: id } });

/** What people choose in modals before they submit them. */
export function createChoices(workspace: Workspace, deliver: Deliver): Choices {
  return {
    async suggest(userRef, viewId, block, typed) {
      const { user, view } = topmostOf(workspace, userRef, viewId);
      const { element } = fieldOf(view, block);
      if (element.type !== 'external_select') throw new Error(`${block} has all its options`);
      if (typed.length < (element.min_query_length ?? LEAST_TYPED)) return [];
      const delivery = await deliver('interactive', {
        type: 'block_suggestion',
        ...sender(workspace, user),
        ...place(view),
        action_id: element.action_id,
        block_id: block,
        value: typed,
        view: viewOnTheWire(workspace, view, fillIn(view, {}).state),
      });
      told(workspace, user, element.action_id, delivery);
      if (!delivery.acknowledged) return [];
      const { data } = Offer.safeParse(delivery.payload);
      if (data !== undefined) return data.options.map(({ value }) => value);
      workspace.failures.push({ user: user.id, what: element.action_id, error: 'invalid_options' });
      return [];
    },

    async forgeSearch(userRef, block_id, value) {
      const user = pick(workspace.users.values(), userRef);
      const view = { type: 'modal', id: 'V0FORGED' };
      const search = {
        type: 'block_suggestion',
        ...sender(workspace, user),
        action_id: 'chosen',
        block_id,
        value,
        view,
      };
      const delivery = await deliver('interactive', search);
      told(workspace, user, block_id, delivery);
      return delivery.acknowledged ? delivery.payload : delivery.error;
    },

    async choose(userRef, viewId, id, values) {
      const { user, view } = topmostOf(workspace, userRef, viewId);
      const { block, element } = fieldOf(view, id);
      const { state } = fillIn(view, values);
      view.filled = { ...view.filled, ...values };
      if (block.type !== 'input' || block.dispatch_action !== true) return;
      const { action_id } = element;
      const action = {
        ...(state[id]?.[action_id] as object),
        action_id,
        block_id: id,
        action_ts: workspace.stamp(),
      };
      const delivery = await deliver('interactive', {
        type: 'block_actions',
        ...sender(workspace, user),
        ...place(view),
        trigger_id: newTrigger(workspace, user.id),
        view: viewOnTheWire(workspace, view, state),
        actions: [action],
      });
      told(workspace, user, action_id, delivery);
    },
  };
}
