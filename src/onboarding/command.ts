import { normalise } from './normalise.ts';
import { didYouMean } from './suggest.ts';

/** A person named in a command: a Slack user, or a mail address. */
type Named = { user: string } | { address: string };

export type Command =
  | { verb: 'onboard'; cluster: string; stage: string; invite: Named[] }
  | { verb: 'status'; target?: { cluster: string; stage: string } }
  | { verb: 'cancel'; cluster: string; stage: string }
  | { verb: 'help' }
  /** Not understood; the text says what to type. */
  | { verb: 'usage'; text: string };

export const usages = {
  onboard: 'onboard <cluster> <stage> [invite @person, …]',
  status: 'status [<cluster> <stage>]',
  cancel: 'cancel <cluster> <stage>',
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
  const option = rest.find(word => word.startsWith('-'));
  if (option !== undefined)
    return usage(`There are no options such as \`${shown(option)}\`. ${typeThis(verb)}`);
  return parsers[verb](rest);
}

const parsers: Readonly<Record<keyof typeof usages, (words: string[]) => Command>> = {
  help: words =>
    words.length === 0 ? { verb: 'help' } : usage(`\`help\` takes nothing more. ${typeThis('help')}`),

  status(words) {
    if (words.length === 0) return { verb: 'status' };
    return withTarget('status', words, (cluster, stage, more) =>
      more.length > 0 ? tooMuch('status', more) : { verb: 'status', target: { cluster, stage } },
    );
  },

  cancel: words =>
    withTarget('cancel', words, (cluster, stage, more) =>
      more.length > 0 ? tooMuch('cancel', more) : { verb: 'cancel', cluster, stage },
    ),

  onboard: words =>
    withTarget('onboard', words, (cluster, stage, more) => {
      const [keyword, ...people] = more;
      if (keyword === undefined) return { verb: 'onboard', cluster, stage, invite: [] };
      if (keyword.toLowerCase() !== 'invite') {
        return usage(
          `I do not know \`${shown(keyword)}\` after the stage.${didYouMean(keyword.toLowerCase(), ['invite'])} ${typeThis('onboard')}`,
        );
      }
      const named = parsePeople(people);
      return typeof named === 'string' ? usage(named) : { verb: 'onboard', cluster, stage, invite: named };
    }),
};

const tooMuch = (verb: keyof typeof usages, more: string[]): Command =>
  usage(`\`${shown(more.join(' '))}\` is too much. ${typeThis(verb)}`);

function withTarget(
  verb: keyof typeof usages,
  [cluster, stage, ...more]: string[],
  then: (cluster: string, stage: string, more: string[]) => Command,
): Command {
  if (cluster === undefined) return usage(`Which cluster and stage? ${typeThis(verb)}`);
  if (stage === undefined) return usage(`Which stage of ${shown(cluster)}? ${typeThis(verb)}`);
  const named = { cluster: cluster.toLowerCase(), stage: stage.toLowerCase() };
  for (const [kind, name] of Object.entries(named)) {
    if (!targetName.test(name)) {
      return usage(
        `\`${shown(name)}\` cannot be the name of a ${kind}: lower-case letters, digits and single hyphens, at most 40, a letter first. ${typeThis(verb)}`,
      );
    }
  }
  return then(named.cluster, named.stage, more);
}

/** `@anna, bob@harbour.example and <@U1>`: the people, or a sentence about the first that is none. */
function parsePeople(words: readonly string[]): Named[] | string {
  const parts = words
    .flatMap(word => word.split(/[,;]/))
    .filter(part => part !== '' && part.toLowerCase() !== 'and');
  if (parts.length === 0) return `Whom to invite? ${typeThis('onboard')}`;
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
