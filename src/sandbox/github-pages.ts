import { execa } from 'execa';
import type { Context, Hono } from 'hono';
import { html, raw } from 'hono/html';
import type { FileDiff } from './git.ts';
import type { PullState, RepositoryStandIn } from './github-repository.ts';
import type { Env } from './kit.ts';

/** What a person opens in a browser or clones; nobody has to sign in to it, and none of it is logged as a call of the API. */
export function addPages(app: Hono<Env>, repositories: RepositoryStandIn[]): void {
  const find = (context: Context<Env>): RepositoryStandIn | undefined => {
    const name = `${context.req.param('owner')}/${context.req.param('repo')?.replace(/\.git$/, '')}`;
    return repositories.find(each => each.name === name);
  };

  app.get('/:owner/:repo/pull/:number', async context => {
    const repository = find(context);
    const pull = repository?.pulls.find(each => each.number === Number(context.req.param('number')));
    if (repository === undefined || pull === undefined) return context.notFound();
    return context.html(await page(repository, pull));
  });

  app.post('/:owner/:repo/pull/:number/:action{merge|close}', async context => {
    const repository = find(context);
    const number = Number(context.req.param('number'));
    if (repository?.pulls[number - 1] === undefined) return context.notFound();
    // Only a button of this very page, not one of any other page that is open in the browser.
    if (context.req.header('origin') !== new URL(context.req.url).origin)
      return context.text('forbidden', 403);
    if (context.req.param('action') === 'merge') await repository.merge(number);
    else await repository.close(number);
    return context.redirect(`/${repository.name}/pull/${number}`, 303);
  });

  // [RUN] git's own server side, for reading only.
  app.on(['GET', 'POST'], '/:owner/:repo{[^/]+\\.git}/:path{info/refs|git-upload-pack}', async context => {
    const repository = find(context);
    if (repository === undefined) return context.notFound();
    return await serveGit(context, repository.git.folder);
  });
}

async function page(repository: RepositoryStandIn, pull: PullState) {
  const state = pull.mergedAt === null ? pull.state : 'merged';
  const button = (action: string) =>
    html`<form method="post" action="/${repository.name}/pull/${pull.number}/${action}"><button>${action}</button></form>`;
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${pull.title} #${pull.number}</title>
<style>${raw(style)}</style>
<main>
<h1>${pull.title} <span>#${pull.number}</span></h1>
<p><b>${state}</b>: ${pull.head} into ${pull.base} of ${repository.name}, by ${pull.author}. A stand-in, not github.com.</p>
<pre tabindex="0">${pull.body ?? ''}</pre>
${pull.state === 'open' ? [button('merge'), button('close')] : ''}
${drawDiff(await repository.diff(pull.number))}
</main>
</html>`;
}

const style = `:root{color-scheme:light dark;--add:light-dark(#e6f6ea,#12351f);--del:light-dark(#fdeceb,#43201f)}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;background:light-dark(#fff,#1a1d21);color:light-dark(#1d1c1d,#e3e4e6)}
h1{font-size:1.5rem}h1 span{color:light-dark(#5a5d61,#a5a8ad);font-weight:400}h3{font-size:1rem}
pre{background:light-dark(#f4f6f8,#24282d);padding:.75rem 1rem;overflow:auto;border-radius:6px;font-size:.85rem;white-space:pre-wrap}
form{display:inline-block;margin:0 .5rem .5rem 0}button{font:inherit;padding:.3rem .9rem;text-transform:capitalize}
ins,del{display:block;text-decoration:none}ins{background:var(--add)}del{background:var(--del)}`;

/** What a pull request changes, file by file, with every line marked as added, removed or there before. */
export function drawDiff(files: readonly FileDiff[]) {
  return html`${files.map(
    ({ path, patch }) =>
      html`<h3 class="path">${path}</h3><pre class="patch" tabindex="0" aria-label="Changes of ${path}">${drawPatch(patch)}</pre>`,
  )}`;
}

const drawPatch = (patch: string) =>
  patch
    .replace(/\n$/, '')
    .split('\n')
    .map(line => {
      if (line.startsWith('+')) return html`<ins>${line}</ins>`;
      return line.startsWith('-') ? html`<del>${line}</del>` : html`${line}\n`;
    });

/** Runs `git http-backend`, a CGI program: variables and body in, headers, an empty line and the body out. */
async function serveGit(context: Context<Env>, folder: string): Promise<Response> {
  const { req } = context;
  const { stdout } = await execa('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: req.header('git-protocol') ?? '',
      PATH_INFO: `/${req.param('path')}`,
      QUERY_STRING: new URL(req.url).search.slice(1),
      REQUEST_METHOD: req.method,
      CONTENT_TYPE: req.header('content-type') ?? '',
      HTTP_CONTENT_ENCODING: req.header('content-encoding') ?? '',
    },
    extendEnv: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    input: new Uint8Array(await req.arrayBuffer()),
  });
  const answer = Buffer.from(stdout);
  const end = answer.indexOf('\r\n\r\n');
  const lines = answer.subarray(0, end).toString().split('\r\n');
  const headers = lines.map((line): [string, string] => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  const status = Number(headers.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
  return new Response(answer.subarray(end + 4), {
    status,
    headers: headers.filter(([name]) => name !== 'Status'),
  });
}
