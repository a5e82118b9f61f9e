import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { drawGallery } from './gallery.ts';
import { createStandIn, type Env, randomId } from './kit.ts';
import { perform } from './page-acts.ts';
import type { Troubles } from './page-faults.ts';
import { filledIn, readAct } from './page-form.ts';
import { homePlace } from './page-home.ts';
import { drawApp, drawDocument, type Looked } from './page-layout.ts';
import { createSystems } from './page-systems.ts';
import type { Sandbox } from './sandbox.ts';
import type { Supervised } from './supervisor.ts';

export interface PageOptions {
  sandbox: Sandbox;
  holt(): ReturnType<Supervised['state']>;
  troubles: Troubles;
  /** What is proposed to be typed. */
  example: Looked['example'];
}

export interface Page {
  url: string;
  /** To be called when something that is no stand-in's looks different now. */
  changed(): void;
  close(): Promise<void>;
}

/** Changes that come together are shown together. */
const gatherMs = 15;
/** What changes without a call, such as a merge on a stand-in's own page, is seen after this long. */
const lookMs = 1_000;

/** Only what comes from here runs, and what others wrote never does. */
const headers = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const pageFiles = {
  'browser.js': 'text/javascript',
  'frame.css': 'text/css',
  'messages.css': 'text/css',
  'controls.css': 'text/css',
  'systems.css': 'text/css',
  'icon.svg': 'image/svg+xml',
} as const;

const Sent = z.object({
  token: z.string(),
  as: z.string(),
  in: z.string(),
  act: z.string().max(2_000),
  text: z.string().max(4_000).default(''),
});

/** The page in the browser that stands for Slack, on loopback. It only drives the stand-ins, so Holt cannot tell. */
export async function startPage({ sandbox, holt, troubles, example }: PageOptions): Promise<Page> {
  const { slack } = sandbox;
  const token = randomId(32);
  const { app, listen } = createStandIn({ service: 'Page' });
  const place = { url: '' };

  const watchers = new Set<() => void>();
  const changed = (): void => {
    for (const wake of watchers) wake();
  };
  const wrong: Looked['wrong'] = new Map();
  const systems = createSystems(sandbox, changed);
  const clock = setInterval(changed, lookMs).unref();
  for (const { hooks } of [slack, sandbox.otterize, sandbox.entra, sandbox.vault, sandbox.github])
    hooks.around = (_call, { apply }) => apply().finally(changed);

  function look(as: string | undefined, where: string | undefined): Looked {
    const people = slack.people().filter(({ isBot }) => !isBot);
    const user = people.find(({ name }) => name === as) ?? slack.user(sandbox.requester);
    const home = where === homePlace;
    const channel = home || where === slack.bot.name ? slack.direct(user.id) : slack.channel(sandbox.channel);
    const fields = Object.entries({ token, as: user.name, in: where ?? '' }).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    );
    const shown = { user, channel, home, wrong, fields: html`${fields}` };
    return { sandbox, systems, holt: holt(), troubles, example, ...shown };
  }
  const looked = ({ req }: Context<Env>) => look(req.query('as'), req.query('in'));

  // Another site's page may know the port: it cannot use it by a name of its own, read the token or send from its origin.
  app.use(async (context, next) => {
    const { url } = place;
    if (context.req.header('host') !== new URL(url).host) return context.text('Wrong host.', 421);
    if (context.req.method === 'POST' && context.req.header('origin') !== url)
      return context.text('Only the page itself may do this.', 403);
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    return await next();
  });

  app.get('/', async context => {
    const shown = looked(context);
    // As in Slack, the app hears of it and draws the tab.
    if (shown.home) void slack.openHome(shown.user.id).then(changed);
    return context.html(await drawDocument(shown));
  });

  // What a field offers for what is typed into it, the app says; its modal lies before this person.
  app.get('/search', async context => {
    const { token: sent, view = '', block = '', typed = '' } = context.req.query();
    if (sent !== token) return context.text('The page is out of date; load it again.', 403);
    const { user } = looked(context);
    return context.json(await slack.suggest(user.id, view, block, typed).catch(() => []));
  });
  app.get('/gallery', async context => context.html(await drawGallery(slack.nameOf)));

  for (const [name, type] of Object.entries(pageFiles)) {
    const content = await readFile(new URL(`page/${name}`, import.meta.url), 'utf8');
    app.get(`/${name}`, context => context.body(content, 200, { 'Content-Type': `${type}; charset=utf-8` }));
  }

  app.get('/live', context => {
    const live = liveFrom(watchers, async () => JSON.stringify(String(await drawApp(looked(context)))));
    return context.body(live, 200, { 'Content-Type': 'text/event-stream' });
  });

  app.post('/act', async context => {
    const body = await context.req.parseBody({ all: true });
    const sent = Sent.safeParse(body);
    if (sent.data?.token !== token) return context.text('The page is out of date; load it again.', 403);
    const act = readAct(sent.data.act);
    if (act === undefined) return context.text('There is nothing such to do.', 400);
    const { as, in: where, text } = sent.data;
    const done = perform({ act, text, filled: filledIn(body) }, look(as, where)).catch((error: unknown) =>
      error instanceof Error ? `That is not possible: ${error.message}.` : String(error),
    );
    // What was typed stands there before Holt has taken it.
    changed();
    const problem = await done;
    changed();
    if (context.req.header('accept') === 'application/json') return context.json({ problem });
    return context.redirect(`/?${new URLSearchParams({ as, in: where }).toString()}`, 303);
  });

  const standIn = await listen();
  place.url = standIn.url;
  return {
    url: standIn.url,
    changed,
    async close() {
      clearInterval(clock);
      await standIn.close();
    },
  };
}

/** Events with what is drawn, at once and whenever something has changed; the reader ends it. */
function liveFrom(watchers: Set<() => void>, draw: () => Promise<string>): ReadableStream<Uint8Array> {
  const state = { shown: '', gone: false, news: Promise.withResolvers<void>() };
  const wake = (): void => state.news.resolve();
  const encoder = new TextEncoder();
  return new ReadableStream({
    start: () => void watchers.add(wake),
    async pull(controller) {
      while (!state.gone) {
        if (state.shown !== '') await sleep(gatherMs);
        state.news = Promise.withResolvers();
        const next = await draw();
        if (next !== state.shown && !state.gone) {
          state.shown = next;
          return controller.enqueue(encoder.encode(`data: ${next}\n\n`));
        }
        await state.news.promise;
      }
    },
    cancel() {
      state.gone = true;
      watchers.delete(wake);
      wake();
    },
  });
}
