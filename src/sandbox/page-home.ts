import { html } from 'hono/html';
import { drawBlocks } from './page-blocks.ts';
import type { Act } from './page-form.ts';
import type { Looking } from './page-slack.ts';
import type { Html } from './page-text.ts';

/** Where the page shows the app's Home tab. */
export const homePlace = 'home';

/** The app's Home tab, as its owner sees it. */
export function drawHome({ sandbox: { slack }, user }: Looking): Html {
  const view = slack.home(user.id);
  return html`<section class="conversation" aria-label="Holt’s Home tab">
    <div class="log home" id="log" tabindex="0" role="group" aria-label="Home of ${user.realName}">${
      view === undefined
        ? html`<p class="empty">Holt has not drawn it yet.</p>`
        : drawBlocks(view.blocks, {
            id: view.id,
            names: slack.nameOf,
            press: (block, action): Act => ({ act: 'press-in', view: view.id, block, action }),
          })
    }</div>
    <p id="told" role="alert" data-keep></p>
  </section>`;
}
