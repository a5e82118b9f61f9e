import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLog } from '../../src/log.ts';
import { type Gate, isHeld, openGateOf, type Run } from '../../src/onboarding/run.ts';
import type { Store } from '../../src/onboarding/store.ts';
import { boxOf } from '../../src/slack/review.ts';
import { connectForCommands } from '../../src/store/connection.ts';
import { createRedisStore } from '../../src/store/redis.ts';
import { type Lane, openLane } from '../faults/lane.ts';

// Makes the fixtures of records: what stands in the store of a real product at moments in which a later Holt may take it up.
// To be run when a version of the schema is given out for the first time, and never again for that version; with names, those alone.

interface Stage {
  lane: Lane;
  cluster: string;
  type(words?: string): Promise<void>;
  press(who: 'approver' | 'requester', button: 'approve' | 'decline' | 'retry'): Promise<void>;
  /** Approves with the first of the boxes alone. */
  approveSome(): Promise<void>;
  /** Waits until the run is so and its thread shows it. */
  until(holds: (run: Run) => boolean): Promise<void>;
  /** Holds this call, and the worker with it. */
  hold(operation: string): void;
}

const lastGate = (state: Gate['state']) => (run: Run) => run.gates.at(-1)?.state === state;
const asked = (run: Run): boolean => run.status === 'waiting' && openGateOf(run) !== undefined;
const intended = (key: RegExp) => (run: Run) =>
  Object.entries(run.effects).some(([name, { result }]) => key.test(name) && result === undefined);
const stands = (status: Run['status']) => (run: Run) => run.status === status && run.due === null;

async function untilAsked(stage: Stage): Promise<void> {
  await stage.type();
  await stage.until(asked);
}

async function held(stage: Stage, operation: string, key: RegExp): Promise<void> {
  stage.hold(operation);
  await stage.type();
  await stage.until(intended(key));
}

async function refused({ lane, cluster, type, until }: Stage): Promise<void> {
  lane.sandbox.vault.vault(`kv-${cluster}-prod`).rights.set = false;
  await type();
  await until(stands('failed'));
  lane.sandbox.vault.vault(`kv-${cluster}-prod`).rights.set = true;
}

const scenes: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  async fresh({ lane, type, until }) {
    await lane.stop('worker');
    await type();
    await until(run => run.thread !== undefined);
  },
  'at-organization': stage => held(stage, 'createOrganization', /^organization$/),
  'at-integration': stage => held(stage, 'createIntegration', /^integration$/),
  'at-secret': stage => held(stage, 'setSecret', /otterize-cloud-client-secret/),
  'at-pull-request': stage => held(stage, 'createPull', /^pull request/),
  async 'tries-again'({ lane, type, until }) {
    lane.sandbox.otterize.faults.push({ operation: 'createEnvironment', kind: 'answer', status: 503 });
    await type();
    await until(run => run.steps.environment?.retryAt !== undefined);
    lane.sandbox.otterize.faults.length = 0;
  },
  asked: untilAsked,
  async approved(stage) {
    await untilAsked(stage);
    await stage.lane.stop('worker');
    await stage.press('approver', 'approve');
    await stage.until(lastGate('approved'));
  },
  async 'asked-anew'(stage) {
    await untilAsked(stage);
    const { objects } = stage.lane.sandbox.entra.directory;
    const anna = [...objects.values()].find(({ displayName }) => displayName === 'Anna Meyer');
    Object.assign(anna ?? {}, { mail: 'anna.weber@harbour.example' });
    await stage.press('approver', 'approve');
    await stage.until(run => run.gates.length === 2 && asked(run));
    Object.assign(anna ?? {}, { mail: 'anna.meyer@harbour.example' });
  },
  async cancelling(stage) {
    await untilAsked(stage);
    await stage.lane.stop('worker');
    await stage.type('cancel');
    await stage.until(run => run.cancel !== undefined);
  },
  failed: refused,
  async retried(stage) {
    await refused(stage);
    await stage.press('requester', 'retry');
    await stage.until(run => run.retries.length === 1 && asked(run));
  },
  async cancelled(stage) {
    await untilAsked(stage);
    await stage.type('cancel');
    await stage.until(stands('cancelled'));
  },
  async 'left-out'(stage) {
    await untilAsked(stage);
    await stage.lane.stop('worker');
    await stage.approveSome();
    await stage.until(lastGate('approved'));
  },
  async declined(stage) {
    await untilAsked(stage);
    await stage.press('approver', 'decline');
    await stage.until(stands('done'));
  },
  async done(stage) {
    await untilAsked(stage);
    await stage.press('approver', 'approve');
    await stage.until(stands('done'));
  },
};

/** Of two clusters each, the first of which is in a wave of its own. */
const rollouts: typeof scenes = {
  'rollout-asked': untilAsked,
  async 'rollout-under-way'(stage) {
    await untilAsked(stage);
    stage.hold('createIntegration');
    await stage.press('approver', 'approve');
    await stage.until(run => run.steps.waves !== undefined);
  },
  async 'rollout-held'(stage) {
    const { rights } = stage.lane.sandbox.vault.vault('kv-held-1-prod');
    await untilAsked(stage);
    rights.set = false;
    await stage.press('approver', 'approve');
    await stage.until(isHeld);
    rights.set = true;
  },
  async 'rollout-done'(stage) {
    await untilAsked(stage);
    await stage.press('approver', 'approve');
    await stage.until(stands('done'));
  },
};
const pairOf = (name: string): string[] => [1, 2].map(number => `${name.replace('rollout-', '')}-${number}`);

async function until<T>(look: () => Promise<T | undefined> | T | undefined, what: string): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`never came: ${what}`);
    await sleep(10);
  }
}

async function stored(store: Store, cluster: string): Promise<Run | undefined> {
  const [first = ''] = pairOf(cluster);
  const ids = cluster in rollouts ? await store.recent(50) : [await store.latest(`${cluster}-prod`)];
  const runs = (await store.loadAll(ids.filter(id => id !== undefined))).map(
    text => JSON.parse(text ?? '') as Run,
  );
  return cluster in rollouts
    ? runs.find(({ request }) => request.rollout?.members.some(member => member.cluster === first))
    : runs[0];
}

function stageOf(lane: Lane, store: Store, cluster: string): Stage {
  const { slack, channel, requester, approver } = lane.sandbox;
  async function click(user: string, button: string): Promise<void> {
    const message = await until(async () => {
      const run = await stored(store, cluster);
      return slack
        .messages()
        .findLast(
          ({ blocks, metadata }) =>
            metadata?.event_payload['run'] === run?.id && JSON.stringify(blocks).includes(`"${button}"`),
        );
    }, `${button} of ${cluster}`);
    await slack.click(user, { channel: message.channel, ts: message.ts }, button);
  }
  async function fillIn(values: Record<string, string | string[]>): Promise<void> {
    const view = await until(() => slack.views(approver).at(-1), `the form of ${cluster}`);
    await slack.submitView(approver, view.id, values);
  }
  return {
    lane,
    cluster,
    async type(words = 'onboard') {
      const selection = cluster in rollouts ? pairOf(cluster).join() : cluster;
      const { ephemerals } = await slack.command(
        requester,
        channel,
        '/otterize',
        `${words} ${selection} prod`,
      );
      const shown = ephemerals.find(({ blocks }) => JSON.stringify(blocks).includes('"start"'));
      if (shown !== undefined) await slack.click(requester, shown, 'start');
    },
    async press(who, button) {
      await click({ approver, requester }[who], button);
      if (button === 'decline') await fillIn({ reason: 'Not these people.' });
    },
    async approveSome() {
      await click(approver, 'review');
      await fillIn({ 'people-1': [boxOf('anna.meyer@harbour.example')] });
    },
    until: async holds =>
      void (await until(async () => {
        const run = await stored(store, cluster);
        return run !== undefined && holds(run) ? run : undefined;
      }, `${cluster} as it should be`)),
    hold: operation =>
      lane.around((call, { apply }) =>
        call.operation === operation ? new Promise(() => undefined) : apply(),
      ),
  };
}

/** What the store holds of a run once its thread shows it. */
async function fixtureOf(store: Store, cluster: string): Promise<object> {
  return until(async () => {
    const run = await stored(store, cluster);
    const mark = run && (await store.mark(run.id));
    if (run === undefined || mark === undefined || mark.shows !== run.revision) return undefined;
    const { members } = run.request.rollout ?? {};
    const within = members && {
      members: (await store.loadAll(members.map(({ run: id }) => id))).map(
        each => JSON.parse(each ?? '') as Run,
      ),
      roll: await store.roll(run.id),
    };
    return { run, mark: JSON.parse(mark.document) as object, ...within };
  }, `the thread of ${cluster}`);
}

const only = process.argv.slice(2);
const wanted = Object.entries({ ...scenes, ...rollouts }).filter(
  ([name]) => only.length === 0 || only.includes(name),
);
const lane = await openLane({
  store: 'redis',
  clusters: wanted.flatMap(([name]) => (name in rollouts ? pairOf(name) : name)),
});
const store = createRedisStore(await connectForCommands(lane.redis?.url ?? '', createLog('silent')));
for (const [cluster, play] of wanted) {
  await lane.start();
  await play(stageOf(lane, store, cluster));
  // The run is kept as it stands: nobody advances it while its thread is drawn.
  await lane.kill('worker');
  lane.around(undefined);
  const fixture = (await fixtureOf(store, cluster)) as { run: Run };
  const folder = fileURLToPath(new URL(`../fixtures/records/v${fixture.run.schema}`, import.meta.url));
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${cluster}.json`, `${JSON.stringify(fixture, null, 2)}\n`);
  console.log(cluster, fixture.run.status, fixture.run.revision);
}
await store.close();
await lane.close();
process.exit(0);
