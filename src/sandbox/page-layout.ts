import { html } from 'hono/html';
import { drawTroubles, type Troubles } from './page-faults.ts';
import { formId } from './page-form.ts';
import { drawHome, homePlace } from './page-home.ts';
import { drawConversation, drawModal, type Looking } from './page-slack.ts';
import type { Systems } from './page-systems.ts';
import type { Html } from './page-text.ts';
import type { Supervised } from './supervisor.ts';

export interface Looked extends Looking {
  troubles: Troubles;
  systems: Systems;
  holt: ReturnType<Supervised['state']>;
}

/** The whole document. What is in `app` comes again over the wire whenever something has changed. */
export const drawDocument = (looked: Looked): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holt, without Slack</title>
<link rel="stylesheet" href="/frame.css">
<link rel="stylesheet" href="/messages.css">
<link rel="stylesheet" href="/controls.css">
<link rel="stylesheet" href="/systems.css">
<link rel="icon" href="/icon.svg">
<script type="module" src="/browser.js"></script>
</head>
<body>
<div id="app">${drawApp(looked)}</div>
</body>
</html>`;

export function drawApp(looked: Looked): Html {
  const { fields, holt } = looked;
  return html`<a class="skip" href="#${looked.home ? 'log' : 'text'}">Skip to ${looked.home ? 'the Home tab' : 'the message field'}</a>
    <header class="top">
      <h1>Holt <span>on stand-ins: nothing here leaves this machine</span></h1>
      <p class="state ${holt}" role="status">Holt is ${holt}</p>
      <p class="state lost" id="lost" role="alert" hidden data-keep>The demo has ended; start it again</p>
    </header>
    <div class="columns">
      <div class="side">${drawPeople(looked)}${drawChannels(looked)}</div>
      <main>${looked.home ? drawHome(looked) : drawConversation(looked)}</main>
      <aside aria-label="The other systems">${drawTroubles(looked.troubles)}${looked.systems.draw()}</aside>
    </div>
    <form id="${formId}" method="post" action="/act">${fields}</form>
    ${drawModal(looked)}`;
}

const address = (user: string, where: string): string =>
  `/?${new URLSearchParams({ as: user, in: where }).toString()}`;

function drawPeople({ sandbox: { slack, parts }, user, channel, home }: Looked): Html {
  const where = home ? homePlace : channel.kind === 'im' ? slack.bot.name : channel.name;
  const people = slack.people().filter(({ isBot }) => !isBot);
  return html`<nav aria-labelledby="people-title"><h2 id="people-title">You act as</h2><ul>${people.map(
    ({
      id,
      name,
      realName,
    }) => html`<li><a href="${address(name, where)}"${id === user.id ? html` aria-current="true"` : ''}>
      <b>${realName}</b> <span>${parts[id]}</span></a></li>`,
  )}</ul></nav>`;
}

function drawChannels({ sandbox, user, channel, home }: Looked): Html {
  const { slack } = sandbox;
  const direct = slack.direct(user.id);
  const open = home ? homePlace : channel.kind === 'im' ? slack.bot.name : channel.name;
  const places = [
    { where: sandbox.channel, name: `#${sandbox.channel}`, count: 0 },
    { where: slack.bot.name, name: 'Holt', count: slack.messages(direct.id).length },
    { where: homePlace, name: 'Holt’s Home', count: 0 },
  ];
  return html`<nav aria-labelledby="places-title"><h2 id="places-title">Conversations</h2><ul>${places.map(
    ({
      where,
      name,
      count,
    }) => html`<li><a href="${address(user.name, where)}"${where === open ? html` aria-current="page"` : ''}>
      <b>${name}</b>${count === 0 ? '' : html` <span class="count" aria-label="${count} messages">${count}</span>`}</a></li>`,
  )}</ul></nav>`;
}
