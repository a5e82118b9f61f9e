const spaces = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\t\r\n]/g;
const invisible = /[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad]/g;
const doubleQuotes = /[\u201c-\u201f\u00ab\u00bb]/g;
const singleQuotes = /[\u2018-\u201b\u2039\u203a]/g;
const dashes = /[\u2010-\u2015\u2212]/g;
const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/** `<mailto:a@b|a@b>` and `<https://x|x>`, as Slack writes what people typed plainly. */
const autoLink = /<(?:mailto:|https?:\/\/)([^|>]*)(?:\|([^>]*))?>/g;

/**
 * What a person typed, as plain text: Slack's escapes undone, links reduced to what was typed, typographic spaces, quotes and
 * dashes made plain, marks of bold and code and a closing full stop dropped. Mentions stay, as `<@U1>`: a label may have spaces.
 */
export function normalise(text: string): string {
  return text
    .normalize('NFC')
    .replace(invisible, '')
    .replace(spaces, ' ')
    .replace(/<@([UW][A-Z0-9]+)\|[^>]*>/g, '<@$1>')
    .replace(autoLink, (_, address: string, label: string | undefined) => label ?? address)
    .replace(/&(?:amp|lt|gt);/g, entity => entities[entity] ?? entity)
    .replace(doubleQuotes, '"')
    .replace(singleQuotes, "'")
    .replace(dashes, '-')
    .split(' ')
    .map(unmark)
    .filter(word => word !== '')
    .join(' ')
    .replace(/(?<=[^.\s])\.$/, '');
}

/** `*prod*`, `_prod_`, `` `prod` ``, `"prod"` → `prod`. */
const unmark = (word: string): string => word.replace(/^(["'`*_~]+)(.*?)\1(,?)$/, '$2$3');
