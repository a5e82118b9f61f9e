import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, leavesOutTarget, parseCommand, targetName } from '../../src/onboarding/command.ts';
import type { Part } from '../../src/onboarding/parts.ts';

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
const plan = { verb: 'plan', cluster: 'payments-eu', stage: 'prod', invite: [] } as const;
const anna = { user: 'U0ANNA' };
const ben = { address: 'ben@harbour.example' };

const type = {
  help: 'Type `/otterize help`.',
  onboard: 'Type `/otterize onboard <cluster>[,<cluster>…] <stage> [invite @person, …]`.',
  plan: 'Type `/otterize plan <cluster> <stage> [invite @person, …]`.',
  status: 'Type `/otterize status [<cluster> <stage> | mine]`.',
  cancel: 'Type `/otterize cancel <cluster> <stage>`.',
};
const nobody =
  'I cannot invite a group or everybody. Mention the people, or list an Entra group in holt.yaml.';

const name = (called: string): Part => ({ kind: 'name', name: called });
const glob = (of: string): Part => ({ kind: 'glob', glob: of });
const label = (of: string, value: string): Part => ({ kind: 'label', label: of, value });
const a = (length: number): string => 'a'.repeat(length);

describe('several clusters', () => {
  it.each<[string, string, Part[]]>([
    ['--all prod', '--all', [{ kind: 'all' }]],
    ['--ALL PROD', '--all', [{ kind: 'all' }]],
    ['b,A prod', 'a,b', [name('b'), name('a')]],
    ['b, a prod', 'a,b', [name('b'), name('a')]],
    ['b ,a prod', 'a,b', [name('b'), name('a')]],
    ['b , a prod', 'a,b', [name('b'), name('a')]],
    ['b,,a,b prod', 'a,b', [name('b'), name('a')]],
    ['Payments-* prod', 'payments-*', [glob('payments-*')]],
    ['*-eu-1 prod', '*-eu-1', [glob('*-eu-1')]],
    ['?ay prod', '?ay', [glob('?ay')]],
    [`${a(39)}* prod`, `${a(39)}*`, [glob(`${a(39)}*`)]],
    ['Region=EU prod', 'region=eu', [label('region', 'eu')]],
    ['a.io/b_c-1=x.y_z-2 prod', 'a.io/b_c-1=x.y_z-2', [label('a.io/b_c-1', 'x.y_z-2')]],
    [`${a(63)}=${a(63)} prod`, `${a(63)}=${a(63)}`, [label(a(63), a(63))]],
    ['1=2 prod', '1=2', [label('1', '2')]],
    ['region=eu,b-*,c prod', 'b-*,c,region=eu', [label('region', 'eu'), glob('b-*'), name('c')]],
  ])('%j is understood', (text, cluster, several) => {
    const target = { cluster, stage: 'prod', several };
    for (const verb of ['retry', 'cancel'] as const)
      expect(parseCommand(`${verb} ${text}`)).toEqual({ verb, ...target });
    for (const verb of ['onboard', 'plan'] as const)
      expect(parseCommand(`${verb} ${text}`)).toEqual({ verb, ...target, invite: [] });
    expect(parseCommand(`status ${text}`)).toEqual({ verb: 'status', target });
    expect(parseCommand(`can retry ${text}`)).toEqual({ verb: 'can', question: 'retry', ...target });
  });

  it.each(['a,A prod', ',a prod', 'a,,a prod'])('%j is one', text => {
    expect(parseCommand(`cancel ${text}`)).toEqual({ verb: 'cancel', cluster: 'a', stage: 'prod' });
  });

  it.each([
    '1*',
    '-*',
    'a*!',
    '!a*',
    'a_*',
    `${a(40)}*`,
    'a=',
    '=a',
    'a=b=c',
    '!a=b',
    'a!=b',
    'a=!b',
    'a=b!',
    'a=-b',
    `${a(64)}=b`,
    `a=${a(64)}`,
  ])('%j is no part of a selection', part => {
    const text = `\`${part.slice(0, 60)}${part.length > 60 ? '…' : ''}\` cannot be the name of a cluster: lower-case letters, digits and single hyphens, at most 40, a letter first. ${type.cancel}`;
    expect(parseCommand(`cancel a,${part},b prod`)).toEqual({ verb: 'usage', text });
  });
});

describe('a verb alone', () => {
  it.each(['status', ' Retry ', '*cancel*', 'CANCEL.', '\u00a0status'])(
    'means the run of a thread: %j',
    text => {
      expect(leavesOutTarget(text)).toBe(true);
    },
  );

  it.each([
    '',
    'status mine',
    'status payments-eu prod',
    'my status',
    'retrying',
    'onboard',
    'list',
    'can',
    'please retry',
  ])('is not what this is: %j', text => {
    expect(leavesOutTarget(text)).toBe(false);
  });
});

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
    [
      'onboard payments-eu prod invite <@W0SAM>; AND ben@harbour.example',
      onboard('payments-eu', 'prod', { user: 'W0SAM' }, ben),
    ],
    ['PLAN payments-eu Prod', { ...plan, invite: [] }],
    ['plan payments-eu prod invite <@U0ANNA>', { ...plan, invite: [anna] }],
    ['status', { verb: 'status' }],
    ['status payments-eu prod', { verb: 'status', target: { cluster: 'payments-eu', stage: 'prod' } }],
    [' Onboard ', { verb: 'choose' }],
    ['cancel payments-eu prod', { verb: 'cancel', cluster: 'payments-eu', stage: 'prod' }],
    ['help', { verb: 'help' }],
    ['list', { verb: 'list' }],
    ['WhoAmI', { verb: 'whoami' }],
    ['status MINE', { verb: 'status', mine: true }],
    ['retry payments-eu prod', { verb: 'retry', cluster: 'payments-eu', stage: 'prod' }],
    [
      'can Approve payments-eu prod',
      { verb: 'can', question: 'approve', cluster: 'payments-eu', stage: 'prod' },
    ],
    ['', { verb: 'help' }],
    ['status mine', { verb: 'status', mine: true }],
    ['status mine prod', { verb: 'status', target: { cluster: 'mine', stage: 'prod' } }],
    [' \u200b ', { verb: 'help' }],
  ])('%j is understood', (text, command) => {
    expect(parseCommand(text)).toEqual(command);
  });

  it.each<[string, string]>([
    ['onbord payments-eu prod', 'I do not know `onbord`. Did you mean onboard? Type `/otterize help`.'],
    ['STATSU', 'I do not know `STATSU`. Did you mean status? Type `/otterize help`.'],
    ['deploy', 'I do not know `deploy`. Type `/otterize help`.'],
    ['a'.repeat(60), `I do not know \`${'a'.repeat(60)}\`. Type \`/otterize help\`.`],
    ['a'.repeat(61), `I do not know \`${'a'.repeat(60)}…\`. Type \`/otterize help\`.`],
    ['help me', `\`help\` takes nothing more. ${type.help}`],
    ['list all', '`list` takes nothing more. Type `/otterize list`.'],
    ['whoami --all', 'There are no options such as `--all`. Type `/otterize whoami`.'],
    ['retry payments-eu prod now', '`now` is too much. Type `/otterize retry <cluster> <stage>`.'],
    ['can', 'May you do what? Type `/otterize can <verb> <cluster> <stage>`.'],
    [
      'can onbord payments-eu prod',
      '`onbord` is nothing that I can tell about. Did you mean onboard? Ask about onboard, plan, approve, retry, cancel, status, list.',
    ],
    ['can onboard payments-eu', 'Which stage of payments-eu? Type `/otterize can <verb> <cluster> <stage>`.'],
    ['can onboard payments-eu prod x', '`x` is too much. Type `/otterize can <verb> <cluster> <stage>`.'],
    ['plan', `Which cluster and stage? ${type.plan}`],
    ['plan payments-eu prod now', `I do not know \`now\` after the stage. ${type.plan}`],
    ['plan payments-eu prod invite', `Whom to invite? ${type.plan}`],
    ['plan payments-eu prod --diff', `There are no options such as \`--diff\`. ${type.plan}`],
    ['help --all', `There are no options such as \`--all\`. ${type.help}`],
    ['cancel', `Which cluster and stage? ${type.cancel}`],
    ['retry', 'Which cluster and stage? Type `/otterize retry <cluster> <stage>`.'],
    [`can ${a(3_997)}`, 'That is too long for a command. Type `/otterize help`.'],
    ['onboard payments-eu', `Which stage of payments-eu? ${type.onboard}`],
    ['status payments-eu', `Which stage of payments-eu? ${type.status}`],
    [
      'onboard payments-eu prod INVIT @anna',
      `I do not know \`INVIT\` after the stage. Did you mean invite? ${type.onboard}`,
    ],
    ['onboard payments-eu prod with @anna', `I do not know \`with\` after the stage. ${type.onboard}`],
    ['onboard payments-eu prod invite', `Whom to invite? ${type.onboard}`],
    ['onboard payments-eu prod invite , and', `Whom to invite? ${type.onboard}`],
    ['onboard payments-eu prod invite <#C1|platform>', 'I cannot invite a channel. Mention the people.'],
    ['onboard payments-eu prod invite <!channel>', nobody],
    ['onboard payments-eu prod invite <!subteam^S1>', nobody],
    ['onboard payments-eu prod --dry-run', `There are no options such as \`--dry-run\`. ${type.onboard}`],
    ['onboard payments-eu prod —dry', `There are no options such as \`-dry\`. ${type.onboard}`],
    ['onboard -eu prod', `There are no options such as \`-eu\`. ${type.onboard}`],
    ['status payments-eu prod right now', `\`right now\` is too much. ${type.status}`],
    ['cancel payments-eu prod now', `\`now\` is too much. ${type.cancel}`],
  ])('%j is answered with what to type', (text, answer) => {
    expect(parseCommand(text)).toEqual({ verb: 'usage', text: answer });
  });

  it.each([
    'payments.eu',
    'pay--eu',
    'pаyments-eu',
    '../../etc',
    '1prod',
    'prod-',
    'prod!',
    '!prod',
    'a'.repeat(41),
    `a${'-a'.repeat(20)}`,
  ])('%j is no name of a cluster, and none of a stage', name => {
    const sentence = (kind: string, verb: keyof typeof type) =>
      `\`${name}\` cannot be the name of a ${kind}: lower-case letters, digits and single hyphens, at most 40, a letter first. ${type[verb]}`;
    expect(parseCommand(`cancel ${name} prod`)).toEqual({
      verb: 'usage',
      text: sentence('cluster', 'cancel'),
    });
    expect(parseCommand(`status a ${name}`)).toEqual({ verb: 'usage', text: sentence('stage', 'status') });
  });

  it('may be as long as Slack lets it be', () => {
    const text = `onboard payments-eu prod invite <@U1>`;
    expect(parseCommand(text.padEnd(4_000, ','))).toEqual(onboard('payments-eu', 'prod', { user: 'U1' }));
    expect(parseCommand(text.padEnd(4_001, ',')).verb).toBe('usage');
  });

  it.each(['a', 'a1', 'a-1', 'a'.repeat(40), `a${'-a'.repeat(19)}a`])('%j is a name', name => {
    expect(parseCommand(`cancel ${name} ${name}`)).toEqual({ verb: 'cancel', cluster: name, stage: name });
  });

  it.each([
    'anna',
    '@anna',
    '<@U>',
    '<@X1>',
    '<@u1>',
    'x<@U1>',
    '<@U1>x',
    'ben@harbour',
    'ben@harbour.',
    'ben@.example',
    'ben@@harbour.example',
    '@harbour.example',
    '.ben@harbour.example',
    '!ben@harbour.example',
    'bén@harbour.example',
    'ben!@harbour.example',
    'ben@harbour.example!',
    'ben@harb_our.example',
  ])('%j is nobody to invite', part => {
    expect(parseCommand(`onboard payments-eu prod invite ${part}, <@U1>`)).toEqual({
      verb: 'usage',
      text: `\`${part}\` is neither a person I can see here nor a mail address. Mention people with @.`,
    });
  });

  it.each(['a@b.c', "A.b+c_d'e-1@harbour-1.sub.example", '1@22.33'])('%j can be invited', address => {
    const invited = onboard('payments-eu', 'prod', { address: address.toLowerCase() });
    expect(parseCommand(`onboard payments-eu prod invite ${address}, ${address.toUpperCase()}`)).toEqual(
      invited,
    );
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
