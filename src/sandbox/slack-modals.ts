import { elementsOf } from './slack-blocks.ts';
import type { Deliver } from './slack-delivery.ts';
import { complaint, type Filled, fill } from './slack-fill.ts';
import { sender, told } from './slack-interactions.ts';
import { Refusal } from './slack-method.ts';
import type { User, View, Workspace } from './slack-state.ts';
import { newTrigger, pushView, readView, replaceView, stackOf, viewOnTheWire } from './slack-views.ts';
import { pick } from './slack-workspace.ts';

/** What became of a modal's submission. */
interface Submission {
  acknowledged: boolean;
  /** Below which input what is said, by block_id; Slack's own complaints too, which never reach the app. */
  errors?: Record<string, string>;
  /** What the person was told went wrong. */
  error?: string;
  /** The modals that are open now, the topmost last. */
  open: View[];
}

export interface Modals {
  /** Fills in the topmost modal and submits it. Values by block_id or action_id. */
  submitView(user: string, viewId: string, values: Record<string, Filled>): Promise<Submission>;
  /** A submission of a modal that is not open, or with what nobody could fill in; answers what the app says to it. */
  forgeSubmission(user: string, view: Record<string, unknown>): Promise<unknown>;
  /** Presses the modal's close button; the app hears of it only with notify_on_close. */
  closeView(user: string, viewId: string): Promise<void>;
}

/** Modals as the people of the workspace handle them. */
export function createModals(workspace: Workspace, deliver: Deliver): Modals {
  const topmost = (userRef: string, viewId: string) => topmostOf(workspace, userRef, viewId);

  return {
    async submitView(userRef, viewId, values) {
      const { user, view } = topmost(userRef, viewId);
      const { state, errors } = fillIn(view, values);
      view.filled = { ...view.filled, ...values };
      const open = stackOf(workspace, user.id);
      if (Object.keys(errors).length > 0) return { acknowledged: false, errors, open: [...open] };
      const delivery = await deliver('interactive', {
        type: 'view_submission',
        ...sender(workspace, user),
        trigger_id: newTrigger(workspace, user.id),
        view: viewOnTheWire(workspace, view, state),
        response_urls: [],
      });
      const outcome = delivery.acknowledged
        ? follow(workspace, user, view, delivery.payload ?? {})
        : told(workspace, user, view.callback_id, delivery);
      return { acknowledged: delivery.acknowledged, ...outcome, open: [...stackOf(workspace, user.id)] };
    },

    async forgeSubmission(userRef, view) {
      const user = pick(workspace.users.values(), userRef);
      const delivery = await deliver('interactive', {
        type: 'view_submission',
        ...sender(workspace, user),
        trigger_id: newTrigger(workspace, user.id),
        view: { type: 'modal', id: 'V0FORGED', blocks: [], state: { values: {} }, ...view },
        response_urls: [],
      });
      told(workspace, user, String(view['callback_id']), delivery);
      return delivery.acknowledged ? delivery.payload : delivery.error;
    },

    async closeView(userRef, viewId) {
      const { user, view } = topmost(userRef, viewId);
      stackOf(workspace, user.id).pop();
      if (view.type !== 'modal' || !view.notify_on_close) return;
      const delivery = await deliver('interactive', {
        type: 'view_closed',
        ...sender(workspace, user),
        view: viewOnTheWire(workspace, view),
        is_cleared: false,
      });
      told(workspace, user, view.callback_id, delivery);
    },
  };
}

/** The modal that somebody has before them. */
export function topmostOf(workspace: Workspace, userRef: string, viewId: string): { user: User; view: View } {
  const user = pick(workspace.users.values(), userRef);
  const view = stackOf(workspace, user.id).at(-1);
  if (view?.id !== viewId) throw new Error(`${user.name} does not have this view before them`);
  return { user, view };
}

/** view.state.values, and what Slack's client finds missing before anything is sent. */
export function fillIn({ blocks, filled: before = {} }: View, values: Record<string, Filled>) {
  const state: Record<string, Record<string, unknown>> = {};
  const errors: Record<string, string> = {};
  for (const { block, element } of elementsOf(blocks)) {
    if (element.type === 'button' || element.type === 'overflow') continue;
    const { block_id: id } = block;
    const filled = fill(element, values[id] ?? values[element.action_id] ?? before[id]);
    state[block.block_id] = { ...state[block.block_id], [element.action_id]: filled };
    const words = complaint(element, filled, block.type !== 'input' || block.optional === true);
    if (words !== undefined) errors[block.block_id] = words;
  }
  return { state, errors };
}

interface Response {
  response_action?: string;
  errors?: Record<string, string>;
  view?: unknown;
}

/** Does what the acknowledgement of a submission asks for [D, reference slack A5]; a wrong answer leaves the modal open. */
function follow(workspace: Workspace, user: User, view: View, response: Response): Partial<Submission> {
  try {
    switch (response.response_action) {
      case undefined:
        stackOf(workspace, user.id).pop();
        return {};
      case 'clear':
        workspace.modals.delete(user.id);
        return {};
      case 'update':
        replaceView(workspace, view, readView(response.view, 'modal'));
        return {};
      case 'push':
        pushView(workspace, user.id, readView(response.view, 'modal'));
        return {};
      case 'errors':
        return { errors: errorsFor(view, response.errors ?? {}) };
      default:
        throw new Refusal('invalid_response_action');
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    workspace.failures.push({ user: user.id, what: view.callback_id, error: error.code });
    return { error: error.code };
  }
}

/** Errors must name input blocks of the view. */
function errorsFor({ blocks }: View, errors: Record<string, string>): Record<string, string> {
  const inputs = new Set(blocks.filter(({ type }) => type === 'input').map(({ block_id }) => block_id));
  const names = Object.keys(errors);
  if (names.length === 0 || names.some(each => !inputs.has(each))) throw new Refusal('invalid_errors');
  return errors;
}
