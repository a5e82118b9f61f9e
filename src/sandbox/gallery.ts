import { html } from 'hono/html';
import { answerScenes } from './gallery-answers.ts';
import { type Scene, threadScenes } from './gallery-threads.ts';
import { viewScenes } from './gallery-views.ts';
import { drawBlocks, drawMessage, type Reading } from './page-blocks.ts';
import type { Html } from './page-text.ts';
import { checkBlocks, checkView, type ViewContent } from './slack-blocks.ts';
import type { Names } from './slack-text.ts';

/** What one scene is to be looked at: drawn, and what Slack would refuse of it. */
interface Exhibit {
  when: string;
  what: string;
  problems: readonly string[];
  drawn: Html;
}

/** Every message, answer and view in every state, drawn as Slack would; see `problems` for what it would refuse. */
export function exhibits(names: Names): Exhibit[] {
  const scenes = [...threadScenes(), ...answerScenes()];
  const messages = scenes.flatMap((scene, index) => exhibitsOf(scene, `s${index}`, names));
  const views = viewScenes().map(({ when, what, view }, index) => {
    const { value, problems = [] } = checkView(view);
    return {
      when,
      what,
      problems,
      drawn: value === undefined ? html`` : drawView(value, `v${index}`, names),
    };
  });
  return [...messages, ...views];
}

function exhibitsOf({ when, what, text, blocks, plainBlocks }: Scene, id: string, names: Names): Exhibit[] {
  const exhibit = (
    name: string,
    shown: readonly unknown[] | undefined,
    refuseNewBlocks: boolean,
  ): Exhibit => {
    const { value, problems = [] } = checkBlocks(shown ?? [], { surface: 'message', refuseNewBlocks });
    const content = shown === undefined || value === undefined ? { text } : { text, blocks: value };
    return { when, what: name, problems, drawn: drawMessage(content, readingOf(`${id}-${name}`, names)) };
  };
  return [
    exhibit(what, blocks, false),
    ...(plainBlocks === undefined ? [] : [exhibit(`${what}, without the newer blocks`, plainBlocks, true)]),
  ];
}

/** Nothing here can be pressed: the buttons belong to no form. */
const readingOf = (id: string, names: Names): Reading => ({
  id,
  names,
  press: (block, action) => ({ act: 'press-in', view: id, block, action }),
});

const drawView = (view: ViewContent, id: string, names: Names): Html => html`<div class="modal open">
  ${view.type === 'modal' ? html`<h4>${view.title.text}</h4>` : ''}
  <div class="modal-body">${drawBlocks(view.blocks, readingOf(id, names))}</div>
  ${view.type === 'modal' ? html`<p class="actions end">${[view.close, view.submit].map(each => (each === undefined ? '' : html`<span class="button">${each.text}</span>`))}</p>` : ''}
</div>`;

export function drawGallery(names: Names): Html {
  const groups = Map.groupBy(exhibits(names), ({ when }) => when);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>All that Holt says</title>
<link rel="stylesheet" href="/frame.css">
<link rel="stylesheet" href="/messages.css">
<link rel="stylesheet" href="/controls.css">
<link rel="icon" href="/icon.svg">
</head>
<body class="gallery">
<header class="top"><h1>All that Holt says <span>every message and view, in every state; nothing here can be pressed</span></h1></header>
<main>${[...groups].map(
    ([when, all]) =>
      html`<section><h2>${when}</h2>${all.map(
        ({ what, problems, drawn }) => html`<article class="exhibit"><h3>${what}</h3>
        ${problems.map(problem => html`<p class="refused">Slack refuses this: ${problem}</p>`)}
        <div class="said">${drawn}</div></article>`,
      )}</section>`,
  )}</main>
</body>
</html>`;
}
