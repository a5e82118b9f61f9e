import type { TaskCardBlock } from '@slack/types';
import type { FactName } from '../onboarding/facts.ts';
import { factsOf, isLive, openGateOf, type Run } from '../onboarding/run.ts';
import { type Blocks, context, header, section } from './blocks.ts';
import { fit, isAddress, joined, link, type Markup, markup, richText } from './markup.ts';
import { situationOf } from './situation.ts';
import { facts, root, situations, stepStates } from './words/run.ts';

interface Card {
  fact: FactName;
  status: TaskCardBlock['status'];
  details: Markup;
  source?: { url: string; text: string };
}

const mostOfDetails = 500;

/** What the root message says of one step. */
function cardOf(run: Run, fact: FactName): Card {
  const { startedAt, error, retryAt } = run.steps[fact] ?? {};
  if (run.facts[fact] !== undefined) return established(run, fact);
  if (error !== undefined && retryAt !== undefined)
    return { fact, status: 'in_progress', details: root.tryingAgain(error.text, retryAt) };
  if (error !== undefined) return { fact, status: 'error', details: root.failed(error.text) };
  if (!isLive(run)) return { fact, status: 'pending', details: root.notDone };
  if (startedAt === undefined) return { fact, status: 'pending', details: root.notBegun };
  const asking = fact === 'approval' && openGateOf(run) !== undefined;
  return {
    fact,
    status: 'in_progress',
    details: asking ? root.waitingForPeople : markup`${facts[fact].doing}`,
  };
}

function established(run: Run, fact: FactName): Card {
  const details = doneWords(run, fact);
  const { url, number } = run.facts.pullRequest ?? {};
  if (fact !== 'pullRequest' || url === undefined || !isAddress(url))
    return { fact, status: 'complete', details };
  const text = `${run.request.target.gitops.repository}#${number ?? ''}`;
  return { fact, status: 'complete', details, source: { url, text } };
}

function doneWords(run: Run, name: FactName): Markup {
  // Each fact has its own words; the compiler cannot see that the two belong together.
  const say = facts[name].done as (fact: Run['facts'][FactName]) => Markup;
  return say(run.facts[name]);
}

const cardBlock = ({ fact, status, details, source }: Card): TaskCardBlock => ({
  type: 'task_card',
  task_id: fact,
  title: facts[fact].title,
  status,
  details: richText(fit(details, mostOfDetails)),
  ...(source === undefined ? {} : { sources: [{ type: 'url' as const, ...source }] }),
});

/** A step in one line, its state in words: for screen readers, and where cards are not to be had. */
const line = ({ fact, status, details, source }: Card): Markup => {
  const where = source === undefined ? markup`` : markup` (${link(source.url, source.text)})`;
  const said = fit(details, mostOfDetails);
  const state = status === 'pending' ? said : markup`${stepStates[status]}: ${said}`;
  return markup`*${facts[fact].title}*: ${state}${where}`;
};

/** The root message: every step and how it stands, edited in place as the run goes on. */
export function progress(run: Run): { text: string; blocks: Blocks; plainBlocks: Blocks } {
  const cards = factsOf(run).map(fact => cardOf(run, fact));
  const title = root.title(run);
  const situation = situations[situationOf(run)];
  const begun = cards.filter(({ status }) => status !== 'pending').map(line);
  const summary = markup`${title}: ${situation}. ${joined(begun, '; ')}`;
  const footer = context(root.footer(run));
  return {
    text: fit(summary, 3500).markup,
    blocks: [header(title), { type: 'plan', title: situation, tasks: cards.map(cardBlock) }, footer],
    plainBlocks: [
      section(markup`*${title}*: ${situation}`),
      ...cards.map(card => section(line(card))),
      footer,
    ],
  };
}
