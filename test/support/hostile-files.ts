const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** Files that are made to hold up, to fool or to break whoever reads them. */
export const hostileFiles: Readonly<Record<string, string>> = {
  'sixty thousand keys': many(60_000, index => `k${index}: 1`),
  'as many keys as fit, behind characters that end a line elsewhere': many(
    20_000,
    index => `${index.toString(36)}\u2028#:`,
  ),
  'thousands of keys in braces, as JSON': `a: {${many(7_000, index => `"k${index}":1,`)}}`,
  'more than half a megabyte': `a: "${'x'.repeat(575 * 1024)}"\n`,
  'a scalar that is all of it': `a: >\n${many(60_000, () => '  y')}\nb: *none\n`,
  'brackets that are never closed': `a: ${'['.repeat(100_000)}`,
  'brackets that were never opened': ']'.repeat(100_000),
  'braces within braces': `a: ${'{a: '.repeat(1_900)}${'}'.repeat(1_900)}`,
  'pairs without a comma': `{${'"a":"b"'.repeat(20_000)}}`,
  'lists within lists on one line': `${'- '.repeat(120_000)}x`,
  'keys that are keys of keys': `${'? '.repeat(1_000)}x`,
  'a bomb of aliases': [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefgh'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefg'[index]}, `.repeat(9)}]`),
  ].join('\n'),
  'an anchor and an alias in each line': many(9_000, index => `- &a${index} x\n- *a${index}`),
  'a merge on the way': 'x: &x { global: {} }\notterize-kubernetes:\n  <<: *x\n',
  'a key that stands there twice': 'otterize-kubernetes:\n  a: 1\notterize-kubernetes:\n  b: 1\n',
  'several documents': 'a: 1\n---\nb: 2\n',
  'a template': '{{- range .Values.clusters }}\notterize-kubernetes: {}\n{{- end }}\n',
  'a tag on the way': 'otterize-kubernetes: !!js/function "process.exit()"\n',
  'a tag that makes another map': 'otterize-kubernetes: !omap\n  - a: 1\n',
  'zero bytes': 'a: 1\u0000\notterize-kubernetes:\u0000\n  b: \u0000x\n\u0000: y\n@\n',
  'tabs for spaces': `otterize-kubernetes:\n${'\t'.repeat(200_000)}b: 1`,
};

/** Files that look dangerous and are not: they are edited, and nothing else in them changes. */
export const oddFiles: Readonly<Record<string, string>> = {
  'keys of JavaScript':
    '__proto__:\n  polluted: true\nconstructor:\n  prototype: { polluted: true }\ntoString: 1\n',
  'line ends of both kinds': 'a: 1\r\nb: 2\nc:\r\n  d: 3\n',
  'a byte order mark': '\ufeffa: 1\n',
  'characters that end lines elsewhere': 'a: "x\u2028y\u0085z"\nb: 1\n',
  'letters that read backwards': 'a: "\u202egnp.exe"\n"\u202ek": 1\n',
  'commands in values': 'a: $(reboot)\nb: "`id`"\nc: ${HOME}\nd: "; rm -rf /"\n',
};
