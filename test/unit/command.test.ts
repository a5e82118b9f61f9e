import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, parseCommand, targetName } from '../../src/onboarding/command.ts';

const onboard = (
  cluster: string,
  stage: string,
  ...invite: ({ user: string } | { address: string })[]
): Command => ({
  verb: 'onboard',
  cluster,
  stage,
  invite,
});
const plain = onboard('payments-eu', 'prod');
const anna = { user: 'U0ANNA' };
const ben = { address: 'ben@harbour.example' };

describe('a command', () => {
  it.each<[string, Command]>([
    ['onboard payments-eu prod', plain],
    ['  onboard   payments-eu   prod  ', plain],
    ['ONBOARD Payments-EU Prod', plain],
    ['onboard\u00a0payments-eu\u202fprod', plain],
    ['onboard payments\u2011eu prod', plain],
    ['onboard payments\u2013eu prod', plain],
    ['onboard pay\u200bments-eu prod\ufeff', plain],
    ['onboard “payments-eu” ‘prod’', plain],
    ['onboard *payments-eu* `prod`', plain],
    ['onboard payments-eu prod.', plain],
    ['onboard <https://payments-eu|payments-eu> prod', plain],
    ['onboard payments-eu prod invite <@U0ANNA>', onboard('payments-eu', 'prod', anna)],
    ['onboard payments-eu prod invite <@U0ANNA|anna>', onboard('payments-eu', 'prod', anna)],
    ['onboard payments-eu prod invite <@U0ANNA|anna meyer>', onboard('payments-eu', 'prod', anna)],
    ['onboard payments-eu prod INVITE <@U0ANNA>, <@U0ANNA>', onboard('payments-eu', 'prod', anna)],
    [
      'onboard payments-eu prod invite <@U0ANNA>, <mailto:ben@harbour.example|ben@harbour.example>',
      onboard('payments-eu', 'prod', anna, ben),
    ],
    [
      'onboard payments-eu prod invite <@U0ANNA> and Ben@Harbour.example',
      onboard('payments-eu', 'prod', anna, ben),
    ],
    [
      'onboard payments-eu prod invite <@U0ANNA>,ben@harbour.example',
      onboard('payments-eu', 'prod', anna, ben),
    ],
    ['status', { verb: 'status' }],
    ['status payments-eu prod', { verb: 'status', target: { cluster: 'payments-eu', stage: 'prod' } }],
    ['cancel payments-eu prod', { verb: 'cancel', cluster: 'payments-eu', stage: 'prod' }],
    ['help', { verb: 'help' }],
    ['', { verb: 'help' }],
    [' \u200b ', { verb: 'help' }],
  ])('%j is understood', (text, command) => {
    expect(parseCommand(text)).toEqual(command);
  });

  it.each([
    ['onbord payments-eu prod', 'Did you mean onboard?'],
    ['statsu', 'Did you mean status?'],
    ['deploy', '/otterize help'],
    ['onboard', 'Which cluster and stage?'],
    ['onboard payments-eu', 'Which stage of payments-eu?'],
    ['cancel', 'Which cluster and stage?'],
    ['onboard payments-eu prod invit @anna', 'Did you mean invite?'],
    ['onboard payments-eu prod invite', 'Whom to invite?'],
    ['onboard payments-eu prod invite anna', 'neither a person'],
    ['onboard payments-eu prod invite <#C1|platform>', 'cannot invite a channel'],
    ['onboard payments-eu prod invite <!channel>', 'cannot invite a group'],
    ['onboard payments-eu prod --dry-run', 'no options'],
    ['onboard payments-eu prod —dry', 'no options'],
    ['onboard payments.eu prod', 'cannot be the name of a cluster'],
    ['onboard pay--eu prod', 'cannot be the name of a cluster'],
    ['onboard -eu prod', 'no options'],
    ['onboard pаyments-eu prod', 'cannot be the name of a cluster'],
    ['onboard ../../etc prod', 'cannot be the name of a cluster'],
    ['onboard payments-eu 1prod', 'cannot be the name of a stage'],
    ['status payments-eu prod now', 'is too much'],
    ['help me', 'takes nothing more'],
  ])('%j is answered with what to type', (text, hint) => {
    const command = parseCommand(text);
    expect(command.verb).toBe('usage');
    expect(JSON.stringify(command)).toContain(hint);
  });

  it('is never thrown at, and never yields a name or an address that is none', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'onboard',
        'status',
        'cancel',
        'invite',
        'payments-eu',
        'prod',
        '<@U1|x>',
        '<mailto:a@b.c|a@b.c>',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), words => {
        const command = parseCommand(words.join(' '));
        const { cluster = 'a', stage = 'a' } = { ...command } as { cluster?: string; stage?: string };
        expect([targetName.test(cluster), targetName.test(stage)]).toEqual([true, true]);
      }),
      { numRuns: 3_000 },
    );
  });
});
