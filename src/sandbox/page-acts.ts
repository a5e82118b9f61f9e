import type { Act } from './page-form.ts';
import type { Looked } from './page-layout.ts';
import type { Filled } from './slack-fill.ts';

/** What a person is told whose deed did not come to be, in the place where Slack says such things. */
type Problem = string | undefined;

interface Deed {
  act: Act;
  /** What stands in the message field. */
  text: string;
  /** What stands in the fields of a modal. */
  filled: Record<string, Filled>;
}

/** Does on the stand-ins what the person did on the page. */
export async function perform({ act, text, filled }: Deed, looked: Looked): Promise<Problem> {
  const { sandbox, user, troubles } = looked;
  const { slack, github } = sandbox;
  switch (act.act) {
    case 'type':
      return text.startsWith('/') ? await command(text, looked) : await say(text, looked);
    case 'reply':
      return text.startsWith('/') ? noCommand : await say(text, looked, act.thread);
    case 'choose':
      await slack.choose(user.id, act.view, act.block, filled);
      return undefined;
    case 'press':
    case 'press-in': {
      const place = act.act === 'press' ? { channel: act.channel, ts: act.ts } : { view: act.view };
      const { error } = await slack.click(user.id, place, act.action, { block: act.block });
      return error === undefined ? undefined : (refusals[error] ?? `Slack says ${error}.`);
    }
    case 'submit': {
      looked.wrong.delete(act.view);
      const { errors, error } = await slack.submitView(user.id, act.view, filled);
      if (errors !== undefined) looked.wrong.set(act.view, errors);
      return error === undefined ? undefined : (refusals[error] ?? `Slack says ${error}.`);
    }
    case 'close':
      await slack.closeView(user.id, act.view);
      return undefined;
    case 'merge':
      await github.repository(act.repository).merge(act.number, { person: user.name });
      return undefined;
    case 'fault':
      troubles[act.name]?.press();
      return undefined;
  }
}

async function command(text: string, { sandbox: { slack }, user, channel }: Looked): Promise<Problem> {
  const [name = '', ...words] = text.trim().split(' ');
  if (name !== '/otterize')
    return `${name} is not a command here. Slack takes every message that begins with / for one; Holt’s is /otterize.`;
  const { error } = await slack.command(user.id, channel.id, name, words.join(' '));
  return error === undefined ? undefined : (refusals[error] ?? `Slack says ${error}.`);
}

const noCommand = 'Slack takes no commands in threads. Mention Holt: @holt status';

async function say(
  text: string,
  { sandbox: { slack }, user, channel }: Looked,
  thread?: string,
): Promise<Problem> {
  if (text.trim() !== '') await slack.say(user.id, channel.id, text, thread);
  return undefined;
}

const refusals: Readonly<Record<string, string>> = {
  dispatch_failed:
    'Slack could not deliver this, for Holt is not connected (dispatch_failed). Try again in a moment.',
  operation_timeout: 'Holt did not answer within three seconds (operation_timeout). Try again.',
};
