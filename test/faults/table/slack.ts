import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../../../src/sandbox/kit.ts';
import { answer, broken, type Fault, type Happen, type Scene } from '../fault.ts';
import { rootsOf } from '../person.ts';

// Trouble in Slack never fails an onboarding, and repeats none of it.

const service = 'Slack';
const refusal = (error: string): Happen => answer(200, { ok: false, error });

const once = [
  'is_archived',
  'not_in_channel',
  'token_revoked',
  'invalid_auth',
  'invalid_blocks',
  'internal_error',
  'fatal_error',
  'channel_not_found',
  'msg_too_long',
  'restricted_action',
].map((code): Fault => ({ service, name: code, end: 'recovered', happen: refusal(code) }));

const channelOf = ({ lane: { sandbox } }: Scene) => sandbox.slack.channel(sandbox.channel);

/** What is done to the channel, and undone again after a while. */
const forAWhile =
  (spoil: (scene: Scene) => void, restore: (scene: Scene) => void): Happen =>
  async (act, scene) => {
    spoil(scene);
    scene.beside(sleep(1_500).then(() => restore(scene)));
    return await act.apply();
  };

const archived = forAWhile(
  scene => void (channelOf(scene).archived = true),
  scene => void (channelOf(scene).archived = false),
);
const expelled = forAWhile(
  ({ lane: { sandbox } }) => sandbox.slack.kick(sandbox.channel),
  ({ lane: { sandbox } }) => sandbox.slack.invite(sandbox.channel),
);

const isOfTheBot = ({ service: whose, operation }: Call): boolean =>
  whose === service && !['response_url', 'apps.connections.open'].includes(operation);

/** Nothing is accepted until the bot has said on its readiness page what is wrong; then everything, and it says that it is well. */
const revoked: Happen = async (act, scene) => {
  const none = refusal('token_revoked');
  const refused = await none(act, scene);
  scene.meanwhile = call => (isOfTheBot(call) ? refused.clone() : undefined);
  scene.beside(
    (async () => {
      await readiness(scene, text => text.includes('token'));
      scene.meanwhile = undefined;
      await readiness(scene, (_, ready) => ready);
    })().finally(() => {
      scene.meanwhile = undefined;
    }),
  );
  return refused.clone();
};

async function readiness(
  { lane }: Scene,
  holds: (text: string, ready: boolean) => boolean,
  lookEveryMs = 200,
): Promise<void> {
  const last = { text: '' };
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(lookEveryMs)) {
    const response = await fetch(`${lane.running('bot')?.url}/readyz`);
    last.text = await response.text();
    if (holds(last.text, response.ok)) return;
  }
  throw new Error(`the bot's readiness stays ${last.text}`);
}

export const slack: Fault[] = [
  ...once,
  {
    service,
    name: '429',
    end: 'recovered',
    happen: answer(429, { ok: false, error: 'ratelimited' }, { 'Retry-After': '1' }),
  },
  ...broken(service, () => ({}), 'recovered'),
  { service, name: 'half of it', end: 'recovered', happen: answer(200, '{"ok": tr') },
  { service, name: '503', end: 'recovered', happen: answer(503, 'upstream connect error') },
  { service, name: 'the channel is archived for a while', fits: /^chat/, end: 'recovered', happen: archived },
  { service, name: 'the bot is expelled for a while', fits: /^chat/, end: 'recovered', happen: expelled },
  { service, name: 'the token is revoked for a while', fits: /^chat/, end: 'recovered', happen: revoked },
  {
    service,
    name: 'the root message is deleted',
    fits: /^chat\.update #/,
    end: 'recovered',
    async happen(act, { lane, cluster }) {
      for (const { channel, ts } of rootsOf(lane, cluster)) lane.sandbox.slack.deleteMessage(channel, ts);
      return await act.apply();
    },
  },
];
