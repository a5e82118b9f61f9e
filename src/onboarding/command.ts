import { normalise } from './normalise.ts';
import { nameOfSelection, type Part } from './parts.ts';
import { type Question, questions } from './questions.ts';
import { didYouMean } from './suggest.ts';

/** A person named in a command: a Slack user, or a mail address. */
type Named = { user: string } | { address: string };

export type Command =
  | ({ verb: 'onboard'; invite: Named[] } & Asked)
  | ({ verb: 'plan'; invite: Named[] } & Asked)
  | { verb: 'status'; target?: Asked; mine?: true }
  | { verb: 'list' }
  | ({ verb: 'retry' } & Asked)
  | { verb: 'whoami' }
  | ({ verb: 'can'; question: Question } & Asked)
  | ({ verb: 'cancel' } & Asked)
  /** An onboarding of something that is still to be chosen. */
  | { verb: 'choose' }
  | { verb: 'help' }
  /** Not understood; the text says what to type. */
  | { verb: 'usage'; text: string };

/** One cluster at a stage; or several, selected by names, globs and labels. */
export interface Asked {
  /** The cluster, or the selection as it is called. */
  cluster: string;
  stage: string;
  several?: readonly Part[];
}

export const usages = {
  onboard: 'onboard <cluster>[,<cluster>…] <stage> [invite @person, …]',
  plan: 'plan <cluster> <stage> [invite @person, …]',
  status: 'status [<cluster> <stage> | mine]',
  list: 'list',
  retry: 'retry <cluster> <stage>',
  cancel: 'cancel <cluster> <stage>',
  whoami: 'whoami',
  can: 'can <verb> <cluster> <stage>',
  help: 'help',
} as const;

const verbs = Object.keys(usages) as (keyof typeof usages)[];

/** What names of clusters and stages look like, for people and in holt.yaml. */
export const targetName = /^(?=.{1,40}$)[a-z](?:-?[a-z0-9])*$/;

/** No address that begins like an option, and nothing that an address of a person does not need. */
const addressName = /^[A-Za-z0-9][A-Za-z0-9._+'-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/;

const usage = (text: string): Command => ({ verb: 'usage', text });
const shown = (word: string): string => (word.length > 60 ? `${word.slice(0, 60)}…` : word);
const typeThis = (verb: keyof typeof usages): string => `Type \`/otterize ${usages[verb]}\`.`;

/** Slack takes no longer message either. In UTF-16 units. */
const longestCommand = 4_000;

/** Reads what a person typed after the command's name. Never throws: what it does not understand is a usage answer. */
export function parseCommand(text: string): Command {
  if (text.length > longestCommand) return usage('That is too long for a command. Type `/otterize help`.');
  const words = normalise(text).split(' ').filter(Boolean);
  const [first = 'help', ...rest] = words;
  const verb = verbs.find(each => each === first.toLowerCase());
  if (verb === undefined) {
    return usage(
      `I do not know \`${shown(first)}\`.${didYouMean(first.toLowerCase(), verbs)} Type \`/otterize help\`.`,
    );
  }
  const option = rest.find(
    word => word.startsWith('-') && (!takesClusters.has(verb) || word.toLowerCase() !== everything),
  );
  if (option !== undefined)
    return usage(`There are no options such as \`${shown(option)}\`. ${typeThis(verb)}`);
  return parsers[verb](rest);
}

/** Whether this is a verb alone that means one onboarding: within the thread of one, that one. */
export const leavesOutTarget = (text: string): boolean => /^(?:status|retry|cancel)$/i.test(normalise(text));

function alone(verb: 'help' | 'list' | 'whoami'): (words: string[]) => Command {
  return words =>
    words.length === 0 ? { verb } : usage(`\`${verb}\` takes nothing more. ${typeThis(verb)}`);
}

const parsers: Readonly<Record<keyof typeof usages, (words: string[]) => Command>> = {
  help: alone('help'),
  list: alone('list'),
  whoami: alone('whoami'),

  status(words) {
    if (words.length === 0) return { verb: 'status' };
    if (words.length === 1 && words[0]?.toLowerCase() === 'mine') return { verb: 'status', mine: true };
    return withTarget('status', words, (target, more) =>
      more.length > 0 ? tooMuch('status', more) : { verb: 'status', target },
    );
  },

  retry: words =>
    withTarget('retry', words, (target, more) =>
      more.length > 0 ? tooMuch('retry', more) : { verb: 'retry', ...target },
    ),

  can([first, ...words]) {
    const question = questions.find(each => each === first?.toLowerCase());
    if (first === undefined) return usage(`May you do what? ${typeThis('can')}`);
    if (question === undefined) {
      return usage(
        `\`${shown(first)}\` is nothing that I can tell about.${didYouMean(first.toLowerCase(), questions)} Ask about ${questions.join(', ')}.`,
      );
    }
    return withTarget('can', words, (target, more) =>
      more.length > 0 ? tooMuch('can', more) : { verb: 'can', question, ...target },
    );
  },

  cancel: words =>
    withTarget('cancel', words, (target, more) =>
      more.length > 0 ? tooMuch('cancel', more) : { verb: 'cancel', ...target },
    ),

  onboard: words => (words.length === 0 ? { verb: 'choose' } : inviting('onboard')(words)),
  plan: inviting('plan'),
};

function inviting(verb: 'onboard' | 'plan'): (words: string[]) => Command {
  return words =>
    withTarget(verb, words, (target, more) => {
      const [keyword, ...people] = more;
      if (keyword === undefined) return { verb, ...target, invite: [] };
      if (keyword.toLowerCase() !== 'invite') {
        return usage(
          `I do not know \`${shown(keyword)}\` after the stage.${didYouMean(keyword.toLowerCase(), ['invite'])} ${typeThis(verb)}`,
        );
      }
      const named = parsePeople(verb, people);
      return typeof named === 'string' ? usage(named) : { verb, ...target, invite: named };
    });
}

const tooMuch = (verb: keyof typeof usages, more: string[]): Command =>
  usage(`\`${shown(more.join(' '))}\` is too much. ${typeThis(verb)}`);

function withTarget(
  verb: keyof typeof usages,
  words: readonly string[],
  then: (target: Asked, more: string[]) => Command,
): Command {
  const [selection, stage, ...more] = joined(words);
  if (selection === undefined) return usage(`Which cluster and stage? ${typeThis(verb)}`);
  if (stage === undefined) return usage(`Which stage of ${shown(selection)}? ${typeThis(verb)}`);
  const parts = selection.toLowerCase().split(',').filter(Boolean).map(partOf);
  const wrong = parts.find(part => typeof part === 'string');
  if (wrong !== undefined) return usage(unnamed(verb, 'cluster', wrong));
  if (!targetName.test(stage.toLowerCase())) return usage(unnamed(verb, 'stage', stage));
  const several = [...new Map((parts as Part[]).map(part => [nameOfSelection([part]), part])).values()];
  const target = { cluster: nameOfSelection(several), stage: stage.toLowerCase() };
  const isOne = several.length === 1 && several[0]?.kind === 'name';
  return then(isOne ? target : { ...target, several }, more);
}

const unnamed = (verb: keyof typeof usages, kind: string, name: string): string =>
  `\`${shown(name)}\` cannot be the name of a ${kind}: lower-case letters, digits and single hyphens, at most 40, a letter first. ${typeThis(verb)}`;

/** `a, b prod` is `a,b prod`: what is beside a comma is part of the selection, which is never commas alone. */
function joined(words: readonly string[]): string[] {
  const [first = '', second, ...others] = words;
  if (second === undefined) return words.length === 0 ? [] : [first];
  const one = first.endsWith(',') || second.startsWith(',');
  return one ? joined([`${first}${second}`, ...others]) : [first, second, ...others];
}

const everything = '--all';
const takesClusters: ReadonlySet<string> = new Set(['onboard', 'plan', 'status', 'retry', 'cancel', 'can']);
const glob = /^(?=.{1,40}$)[a-z*?][a-z0-9*?-]*$/;
const labelled = /^([a-z0-9][a-z0-9._/-]{0,62})=([a-z0-9][a-z0-9._-]{0,62})$/;

/** A part of a selection; the text itself when it is none. */
function partOf(text: string): Part | string {
  if (text === everything) return { kind: 'all' };
  if (targetName.test(text)) return { kind: 'name', name: text };
  if (/[*?]/.test(text) && glob.test(text)) return { kind: 'glob', glob: text };
  const [, label, value] = labelled.exec(text) ?? [];
  return label === undefined || value === undefined ? text : { kind: 'label', label, value };
}

/** `@anna, bob@harbour.example and <@U1>`: the people, or a sentence about the first that is none. */
function parsePeople(verb: keyof typeof usages, words: readonly string[]): Named[] | string {
  const parts = words
    .flatMap(word => word.split(/[,;]/))
    .filter(part => part !== '' && part.toLowerCase() !== 'and');
  if (parts.length === 0) return `Whom to invite? ${typeThis(verb)}`;
  const people = new Map<string, Named>();
  for (const part of parts) {
    const user = /^<@([UW][A-Z0-9]+)>$/.exec(part)?.[1];
    if (user !== undefined) people.set(user, { user });
    else if (addressName.test(part)) people.set(part.toLowerCase(), { address: part.toLowerCase() });
    else if (part.startsWith('<#')) return 'I cannot invite a channel. Mention the people.';
    else if (part.startsWith('<!'))
      return 'I cannot invite a group or everybody. Mention the people, or list an Entra group in holt.yaml.';
    else
      return `\`${shown(part)}\` is neither a person I can see here nor a mail address. Mention people with @.`;
  }
  return [...people.values()];
}
