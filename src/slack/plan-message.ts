import type { Finding, Plan } from '../onboarding/plans.ts';
import type { Request } from '../onboarding/request.ts';
import { nameOf } from './approval-message.ts';
import { type Blocks, context, section } from './blocks.ts';
import {
  codeBlock,
  foreign,
  isNothing,
  joined,
  lengthOf,
  listed,
  type Markup,
  markup,
  nothing,
  words,
} from './markup.ts';
import type { Answer } from './words/answers.ts';
import { headings, plan as say, things } from './words/plan.ts';
import { facts, reasons } from './words/run.ts';

type Kind = Finding['kind'];

/** What each part of the message may take, in code points: together less than the 13,200 that Slack takes. */
const budgets: Readonly<Record<Kind, number>> = {
  conflict: 1_800,
  unread: 1_200,
  missing: 1_300,
  unsure: 1_000,
  there: 1_000,
};
const [forInvited, forLeftOut, forFiles, forFile] = [1_300, 700, 4_000, 2_600];

/** What an onboarding would do, for the one person who asked and may see it all. */
export function planMessage(request: Request, plan: Plan): Answer & { blocks: Blocks } {
  const { target } = request;
  const findings = toldOf(plan.findings);
  const groups = (Object.keys(headings) as Kind[]).map(kind => groupOf(kind, findings, request));
  const inPlace = findings.every(({ kind }) => kind === 'there') && plan.people?.people.length === 0;
  const opening = [say.title(target), plan.running ? say.running : nothing, inPlace ? say.inPlace : nothing];
  const parts = [joined(opening, '\n'), ...groups, peopleOf(request, plan), pullRequestOf(plan)];
  return {
    text: say.summary(target).markup,
    blocks: [
      ...parts.filter(part => !isNothing(part)).map(section),
      ...filesOf(plan.files),
      context(say.footer),
    ],
  };
}

/** Without what is said elsewhere in the message, and nothing twice. */
function toldOf(findings: readonly Finding[]): Finding[] {
  const nameless = findings.some(
    ({ thing, kind }) => thing?.kind === 'organization' && kind !== 'there' && kind !== 'missing',
  );
  const made = findings.some(({ thing, kind }) => thing?.kind === 'organization' && kind === 'missing');
  return findings.filter((finding, index) => {
    const { fact, thing, kind, text } = finding;
    if (fact === 'approval' || fact === 'invites') return false;
    if (thing?.kind === 'organization-name') return !nameless && !made;
    if (thing !== undefined || text === undefined) return true;
    // Of the same obstacle the line that says most about it is kept: that of a thing, or of the later step.
    return !findings.some(
      (other, at) =>
        at !== index &&
        other.text === text &&
        (other.thing !== undefined || (at > index && other.kind === kind)),
    );
  });
}

function groupOf(kind: Kind, findings: readonly Finding[], request: Request): Markup {
  const lines = findings
    .filter(each => each.kind === kind)
    .map(({ fact, thing, text }) => {
      const what =
        thing === undefined ? markup`${facts[fact].title}` : things[thing.kind](thing.name, request.target);
      return text === undefined ? markup`• ${what}` : markup`• ${what}: ${foreign(text, 500)}`;
    });
  if (lines.length === 0) return nothing;
  return joined([words(headings[kind]), listed(lines, '\n', budgets[kind])], '\n');
}

function peopleOf({ named }: Pick<Request, 'named'>, { people, findings }: Plan): Markup {
  if (people === undefined) return nothing;
  const asked = people.people.map(({ name, address }) => markup`• ${name}: ${address}`);
  const leftOut = people.leftOut.map(each => {
    const address = each.address === undefined ? '' : `: ${each.address}`;
    return markup`• ${nameOf(named, each)}${address} (${reasons[each.reason]})`;
  });
  const organization = findings.find(({ thing }) => thing?.kind === 'organization')?.kind;
  const known = organization === 'there' || organization === 'missing';
  return joined(
    [
      asked.length === 0
        ? say.people.nobody
        : say.people.asked(asked.length, listed(asked, '\n', forInvited)),
      leftOut.length === 0 ? nothing : say.people.leftOut(leftOut.length, listed(leftOut, '\n', forLeftOut)),
      known ? nothing : say.people.unknownMembers,
    ],
    '\n',
  );
}

function pullRequestOf({ pullRequest }: Plan): Markup {
  const { state, url = '', number = 0 } = pullRequest ?? {};
  if (state === 'nothing-to-change') return say.repositoryHasIt;
  return url === '' ? nothing : say.pullRequest(url, number, state === 'merged');
}

/** Each file in a section of its own, for as long as there is room. */
function filesOf(files: Plan['files']): Blocks {
  const shown: Blocks = [];
  let room = forFiles;
  for (const { path, isNew, lines, more } of files) {
    const title = say.file(path, isNew);
    const most = Math.min(room, forFile) - lengthOf(title.markup) - 60;
    const block = codeBlock(lines, most);
    if (block.shown === 0 && lines.length > 0) break;
    const hidden = lines.length - block.shown + more;
    const parts = [
      title,
      lines.length === 0 ? nothing : block.code,
      hidden === 0 ? nothing : say.moreLines(hidden),
    ];
    const text = joined(parts, '\n');
    room -= lengthOf(text.markup);
    shown.push(section(text));
  }
  const rest = files.length - shown.length;
  return rest === 0 ? shown : [...shown, context(say.moreFiles(rest))];
}
