import { describe, expect, it } from 'vitest';
import { normalise } from '../../src/onboarding/normalise.ts';

const characters = (text: string): string[] => text.split('');

describe('what a person typed', () => {
  it.each([
    ...characters('\u00a0\u1680\u2000\u2003\u200a\u202f\u205f\u3000\t\r\n').map(space => [
      `a${space}b`,
      'a b',
    ]),
    ...characters('\u200b\u200f\u2028\u202e\u2060\u2064\ufeff\u00ad').map(mark => [`a${mark}b`, 'ab']),
    ...characters('\u201c\u201f\u00ab\u00bb').map(quote => [`a${quote}b`, 'a"b']),
    ...characters('\u2018\u201b\u2039\u203a').map(quote => [`a${quote}b`, "a'b"]),
    ...characters('\u2010\u2013\u2014\u2015\u2212').map(dash => [`a${dash}b`, 'a-b']),
    ['  a \u00a0 b  ', 'a b'],
    ['e\u0301', '\u00e9'],
    ['', ''],
  ])('%j is %j', (typed, plain) => {
    expect(normalise(typed)).toBe(plain);
  });

  it.each([
    ['<mailto:a@b.c|a@b.c>', 'a@b.c'],
    ['<mailto:a@b.c>', 'a@b.c'],
    ['<http://a.b|A.b> <https://c.d/e|c.d/e>', 'A.b c.d/e'],
    ['<https://c.d/e>', 'c.d/e'],
    ['<https://c.d|> x', 'x'],
    ['<ftp://c.d|c>', '<ftp://c.d|c>'],
    ['<@U0ANNA|anna meyer> <@W1|w> <@U2|>', '<@U0ANNA> <@W1> <@U2>'],
    ['<@u1|x> <@X1|x>', '<@u1|x> <@X1|x>'],
    ['<#C1|platform>', '<#C1|platform>'],
    ['a&amp;b &lt;c&gt; &quot; &amp;lt;', 'a&b <c> &quot; &lt;'],
  ])('%j was typed as %j', (sent, typed) => {
    expect(normalise(sent)).toBe(typed);
  });

  it.each([
    ...characters('"\'`*_~').map(mark => [`${mark}prod${mark}`, 'prod']),
    ['**_prod_**, x', '_prod_, x'],
    ['*prod*, x', 'prod, x'],
    ['*prod*,, x', '*prod*,, x'],
    ['a*b*', 'a*b*'],
    ['*a*b', '*a*b'],
    ['*a_', '*a_'],
    ['a ** b', 'a b'],
    ['prod.', 'prod'],
    ['prod..', 'prod..'],
    ['prod .', 'prod .'],
    ['a.b c', 'a.b c'],
    ['.', '.'],
  ])('%j means %j', (marked, meant) => {
    expect(normalise(marked)).toBe(meant);
  });
});
