import { html } from 'hono/html';
import type { FileDiff } from './git.ts';
import { drawDiff } from './github-pages.ts';
import type { PullState, RepositoryStandIn } from './github-repository.ts';
import type { Integration, Organization } from './otterize-records.ts';
import { actButton } from './page-form.ts';
import type { Html } from './page-text.ts';
import type { Sandbox } from './sandbox.ts';

export interface Systems {
  /** What the systems beside Slack hold now. */
  draw(): Html;
}

/** `changed` is called when something more can be drawn. */
export function createSystems(sandbox: Sandbox, changed: () => void): Systems {
  const diffOf = createDiffs(sandbox.github, changed);
  return {
    draw: () => html`${system('GitHub', 'github', drawGitHub(sandbox, diffOf))}
      ${system('Otterize', 'otterize', drawOtterize(sandbox))}
      ${system('Key Vault', 'vault', drawVaults(sandbox))}
      ${system('Entra', 'entra', drawEntra(sandbox))}`,
  };
}

type DiffOf = (repository: RepositoryStandIn, pull: PullState) => readonly FileDiff[];

/**
 * Asking Git takes a while, so nothing waits for it: what was known before is answered, and `changed` is called when more is
 * known. It is asked again only when GitHub was called or the pull request has changed.
 */
function createDiffs(github: Sandbox['github'], changed: () => void): DiffOf {
  interface Known {
    as: string;
    files: readonly FileDiff[];
    asking: boolean;
  }
  const known = new Map<PullState, Known>();

  async function ask(repository: RepositoryStandIn, pull: PullState, one: Known): Promise<void> {
    one.asking = true;
    // A branch that is gone has no diff.
    one.files = await repository.diff(pull.number).catch(() => []);
    one.asking = false;
    changed();
  }

  return (repository, pull) => {
    const as = `${pull.updatedAt} ${github.calls.length}`;
    const one = known.get(pull) ?? { as: '', files: [], asking: false };
    known.set(pull, one);
    if (one.as !== as && !one.asking) {
      one.as = as;
      void ask(repository, pull, one);
    }
    return one.files;
  };
}

const system = (name: string, id: string, content: Html): Html =>
  html`<details class="system" id="system-${id}" open><summary><h2>${name}</h2></summary>${content}</details>`;

const list = (items: readonly unknown[], none: string): Html =>
  items.length === 0
    ? html`<p class="none">${none}</p>`
    : html`<ul>${items.map(item => html`<li>${item}</li>`)}</ul>`;

const tag = (words: string, tone = ''): Html => html`<span class="tag ${tone}">${words}</span>`;

function drawOtterize({ otterize: { state } }: Sandbox): Html {
  return html`${state.organizations.map(
    organization => html`<div class="thing" id="${organization.id}">
    <h3>${organization.name}</h3> <code>${organization.id}</code>
    ${drawOrganization(state, organization)}</div>`,
  )}`;
}

function drawOrganization(state: Sandbox['otterize']['state'], { id }: Organization): Html {
  const environments = state.environments.filter(each => each.organizationId === id);
  const integrations = state.integrations.filter(each => each.organizationId === id);
  const invites = state.invites.filter(each => each.organization.id === id);
  const members = state.members.filter(each => each.organizationId === id);
  const mails = members.map(({ userId }) => state.users.find(each => each.id === userId)?.email ?? userId);
  return list(
    [
      html`Members: ${mails.join(', ')}`,
      ...environments.map(
        ({ name, labels }) =>
          html`Environment <b>${name}</b> ${labels.map(({ key, value }) => tag(value === undefined ? key : `${key}=${value}`))}`,
      ),
      ...integrations.map(drawIntegration),
      ...invites.map(
        ({ email, status }) =>
          html`Invite ${email} ${tag(status.toLowerCase(), status === 'ACCEPTED' ? 'good' : '')}`,
      ),
    ],
    'Empty.',
  );
}

const drawIntegration = ({ name, type, credentials, components }: Integration): Html => {
  const states = Object.values(components ?? {}).map(({ status }) => status.type);
  const connected = states.length > 0 && states.every(state => state === 'CONNECTED');
  return html`Integration <b>${name}</b> ${tag(type.toLowerCase())} ${tag(connected ? 'connected' : 'not connected yet', connected ? 'good' : '')}
    <br><code>${credentials.clientId}</code>, secret ${masked}`;
};

const masked: Html = html`<span class="masked" role="img" aria-label="hidden">••••••••</span>`;

function drawVaults({ vault }: Sandbox): Html {
  const all = [...vault.vaults.values()];
  const used = all.filter(({ secrets }) => secrets.size > 0);
  const empty = all.length - used.length;
  return html`${used.map(
    ({ name, secrets }) => html`<div class="thing"><h3>${name}</h3>
    ${list([...secrets.values()].map(drawSecret), 'Empty.')}</div>`,
  )}
    <p class="none">${empty} ${empty === 1 ? 'vault is' : 'vaults are'} empty.</p>`;
}

function drawSecret({
  name,
  versions,
  state,
}: {
  name: string;
  versions: readonly { version: string }[];
  state: string;
}): Html {
  const count = `${versions.length} ${versions.length === 1 ? 'version' : 'versions'}`;
  return html`<b>${name}</b> ${tag(count)} ${state === 'live' ? '' : tag(state, 'bad')}
    ${versions.map(({ version }) => html`<br><code>${version.slice(0, 8)}</code> ${masked}`)}`;
}

function drawGitHub({ github }: Sandbox, diffOf: DiffOf): Html {
  return html`${github.repositories().map(
    repository => html`<div class="thing"><h3>${repository.name}</h3>
    ${list(
      repository.pulls.map(pull => drawPull(github.url, repository, pull, diffOf(repository, pull))),
      'No pull requests.',
    )}</div>`,
  )}`;
}

function drawPull(
  url: string,
  repository: RepositoryStandIn,
  pull: PullState,
  files: readonly FileDiff[],
): Html {
  const state = pull.mergedAt === null ? pull.state : 'merged';
  const at = `${repository.name}/pull/${pull.number}`;
  return html`<a href="${url}/${at}" target="_blank" rel="noopener noreferrer">#${pull.number} ${pull.title}</a> ${tag(state, state === 'merged' ? 'good' : '')}
    <p class="where"><code>${pull.head}</code> into <code>${pull.base}</code>, by ${pull.author}</p>
    <details class="diff" id="diff-${at}"><summary>Files changed</summary>${drawDiff(files)}</details>
    ${pull.state === 'open' ? actButton({ act: 'merge', repository: repository.name, number: pull.number }, 'Merge', { style: 'primary', label: `Merge pull request #${pull.number}` }) : ''}`;
}

function drawEntra({ entra: { directory } }: Sandbox): Html {
  const objects = [...directory.objects.values()];
  const groups = objects.flatMap(each => (each.kind === 'group' ? [each] : []));
  const people = objects.flatMap(each => (each.kind === 'user' ? [each] : []));
  const nameOf = (id: string): string => directory.objects.get(id)?.displayName ?? id;
  return html`${groups.map(
    ({ displayName, members }) => html`<div class="thing"><h3>${displayName}</h3> (group)
    <p>${members.map(nameOf).join(', ')}</p></div>`,
  )}
    ${list(
      people.map(
        ({
          displayName,
          mail,
          accountEnabled,
          userType,
        }) => html`${displayName} <span class="mail">${mail ?? 'no mail address'}</span>
      ${accountEnabled ? '' : tag('disabled', 'bad')} ${userType === 'Guest' ? tag('guest', 'bad') : ''}`,
      ),
      'Nobody.',
    )}`;
}
