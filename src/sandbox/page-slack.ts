import { html } from 'hono/html';
import { usages } from '../onboarding/command.ts';
import { drawBlocks, drawMessage } from './page-blocks.ts';
import { type Act, actButton } from './page-form.ts';
import { clock, type Html } from './page-text.ts';
import type { Sandbox } from './sandbox.ts';
import type { Channel, Ephemeral, Message, User } from './slack-state.ts';

/** What is looked at: who sits before the page, and which conversation is open. */
export interface Looking {
  sandbox: Sandbox;
  user: User;
  channel: Channel;
  /** What is proposed to be typed. */
  example: { cluster: string; stage: string };
  /** What is wrong with what was filled in: of each modal, by block_id. */
  wrong: Map<string, Readonly<Record<string, string>>>;
  /** The hidden fields of every form: who acts, where, and the page's token. */
  fields: Html;
}

type Shown = Message & Partial<Pick<Ephemeral, 'to'>>;

export const channelName = ({ kind, name }: Channel): string => (kind === 'im' ? 'Holt' : `#${name}`);

/** The open conversation: what was said, and where to say something. */
export function drawConversation(looking: Looking): Html {
  const { channel } = looking;
  const name = channelName(channel);
  const starts = visible(looking).filter(each => each.thread_ts === undefined || each.thread_ts === each.ts);
  return html`<section class="conversation" aria-label="${name}">
    <div class="log" id="log" role="log" tabindex="0" aria-label="Messages in ${name}">
      ${starts.length === 0 ? drawWelcome(looking) : html`<ol>${starts.map(each => drawItem(each, looking))}</ol>`}
    </div>
    ${drawComposer(looking, name)}
  </section>`;
}

/** What this person sees here, oldest first: everybody's messages, and what was shown to them alone. */
function visible({ sandbox: { slack }, user, channel }: Looking): Shown[] {
  const own = slack.ephemerals(user.id).filter(each => each.channel === channel.id);
  return [...slack.messages(channel.id), ...own].toSorted((a, b) => (a.ts < b.ts ? -1 : 1));
}

const drawWelcome = ({ channel, example }: Looking): Html =>
  channel.kind === 'im'
    ? html`<p class="empty">Nothing yet. Holt writes to people here who are invited.</p>`
    : html`<div class="empty"><p>Nobody has asked for anything yet. Type</p>
        <p><code>/otterize onboard ${example.cluster} ${example.stage}</code></p>
        <p>below and watch the thread fill. Then act as somebody who may approve.</p></div>`;

function drawItem(message: Shown, looking: Looking): Html {
  const { sandbox, user } = looking;
  const { slack } = sandbox;
  const author = slack.user(message.user);
  const isApp = message.user === slack.bot.user;
  const name = isApp ? 'Holt' : author.realName;
  const reading = {
    id: message.ts,
    names: slack.nameOf,
    press: (block: string, action: string): Act => ({
      act: 'press',
      channel: message.channel,
      ts: message.ts,
      block,
      action,
    }),
  };
  return html`<li id="m-${message.ts}" class="message ${message.to === undefined ? '' : 'ephemeral'}" tabindex="-1">
    <span class="avatar ${isApp ? 'app' : `tint-${author.name.length % 4}`}" aria-hidden="true">${name.charAt(0)}</span>
    <div class="said">
      <p class="from"><b>${name}</b>${isApp ? html` <span class="badge">App</span>` : ''}
        <time datetime="${new Date(Number(message.ts) * 1000).toISOString()}">${clock(Number(message.ts) * 1000)}</time>
        ${message.edited === undefined ? '' : html`<span class="edited">(edited)</span>`}
        ${message.to === undefined ? '' : html`<span class="only">Only visible to you, ${user.realName}</span>`}</p>
      ${drawMessage(message, reading)}
      ${message.thread_ts === undefined ? drawThread(message, looking) : ''}
    </div></li>`;
}

function drawThread(start: Shown, looking: Looking): Html | '' {
  const replies = visible(looking).filter(each => each.thread_ts === start.ts && each.ts !== start.ts);
  if (replies.length === 0) return '';
  return html`<details class="thread" id="t-${start.ts}" open>
    <summary>${replies.length} ${replies.length === 1 ? 'reply' : 'replies'}</summary>
    <ol>${replies.map(each => drawItem(each, looking))}</ol>
  </details>`;
}

function drawComposer({ fields, example: { cluster, stage } }: Looking, name: string): Html {
  const examples: Readonly<Record<keyof typeof usages, string>> = {
    onboard: `onboard ${cluster} ${stage}`,
    plan: `plan ${cluster} ${stage}`,
    status: 'status',
    list: 'list',
    retry: `retry ${cluster} ${stage}`,
    whoami: 'whoami',
    can: `can approve ${cluster} ${stage}`,
    cancel: `cancel ${cluster} ${stage}`,
    help: 'help',
  };
  const hints = Object.entries(examples).map(
    ([verb, text]) =>
      html`<li><button type="button" class="hint" data-insert="/otterize ${text}"><code>${usages[verb as keyof typeof usages]}</code></button></li>`,
  );
  const act: Act = { act: 'type' };
  return html`<form class="composer" method="post" action="/act" id="composer">
    ${fields}<input type="hidden" name="act" value="${JSON.stringify(act)}">
    <p id="told" role="alert" data-keep></p>
    <div class="line">
      <input id="text" name="text" aria-label="Message ${name}" autocomplete="off" spellcheck="false" required maxlength="4000" placeholder="Message ${name}, or /otterize …">
      <button class="button primary">Send</button>
    </div>
    <div class="hints"><p><code>/otterize</code></p>
      <ul aria-label="Put a command into the message">${hints}</ul></div>
  </form>`;
}

/** The modal that lies before this person, if one does. Its fields are a form of their own. */
export function drawModal({ sandbox: { slack }, user, wrong, fields }: Looking): Html | '' {
  const view = slack.views(user.id).at(-1);
  if (view?.type !== 'modal') return '';
  const { id, title, submit, close, blocks } = view;
  const reading = {
    id,
    names: slack.nameOf,
    press: (block: string, action: string): Act => ({ act: 'press-in', view: id, block, action }),
    wrong: wrong.get(id) ?? {},
  };
  const act: Act = { act: 'submit', view: id };
  return html`<dialog class="modal" id="${id}" data-modal aria-labelledby="${id}-title">
    <form method="post" action="/act" novalidate>${fields}
      <h2 id="${id}-title">${title.text}</h2>
      <div class="modal-body" tabindex="0" role="group" aria-label="Content">${drawBlocks(blocks, reading)}</div>
      <div class="actions end">${actButton({ act: 'close', view: id }, close?.text ?? 'Cancel', { style: 'closes' })}${
        submit === undefined
          ? ''
          : html`<button class="button primary" name="act" value="${JSON.stringify(act)}">${submit.text}</button>`
      }</div>
    </form>
  </dialog>`;
}
