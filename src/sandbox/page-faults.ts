import { html } from 'hono/html';
import { actButton } from './page-form.ts';
import type { Html } from './page-text.ts';
import type { Relay } from './relay.ts';
import type { Sandbox } from './sandbox.ts';
import type { Supervised } from './supervisor.ts';

/** Something that may go wrong, and how to make it. */
interface Trouble {
  title: string;
  /** What is to be seen then. */
  expect: string;
  /** Whether it goes wrong now; undefined for what happens once. */
  isOn(): boolean | undefined;
  press(): void;
}

export type Troubles = Readonly<Record<string, Trouble>>;

/** Long enough to be seen, short enough to be waited for. */
const pauseSeconds = 20;

/** What can be made to go wrong here. Redis is among it only if Holt runs on one, behind a relay. */
export function createTroubles(
  sandbox: Sandbox,
  holt: Pick<Supervised, 'kill'>,
  relay: Relay | undefined,
): Troubles {
  const { vault, github } = sandbox;
  const limit: (typeof github.faults)[number] = {
    kind: 'answer',
    times: 1,
    status: 403,
    headers: { 'retry-after': String(pauseSeconds) },
    body: {
      message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    },
  };
  const forbidden = () => [...vault.vaults.values()].some(({ rights }) => !rights.set);
  return {
    vault: {
      title: 'Key Vault answers 403',
      expect: 'Holt finds out before it makes anything, or the step fails and can be tried again.',
      isOn: forbidden,
      press() {
        const may = forbidden();
        for (const { rights } of vault.vaults.values()) Object.assign(rights, { get: may, set: may });
      },
    },
    github: {
      title: 'GitHub’s secondary limit, once',
      expect: `The pull request waits ${pauseSeconds} seconds; everything else goes on.`,
      isOn: () => github.faults.includes(limit),
      press() {
        if (github.faults.includes(limit)) github.faults.splice(github.faults.indexOf(limit), 1);
        else github.faults.push(Object.assign(limit, { times: 1 }));
      },
    },
    kill: {
      title: 'Kill Holt',
      expect: 'Bot and worker end at once, wherever they are, are started again and go on from there.',
      isOn: () => undefined,
      press: () => holt.kill(),
    },
    ...(relay === undefined ? {} : { redis: redisTrouble(relay) }),
  };
}

const redisTrouble = (relay: Relay): Trouble => ({
  title: 'Redis is gone',
  expect: 'Holt says that its records do not answer, does nothing meanwhile, and goes on when Redis is back.',
  isOn: () => relay.isCut(),
  press: () => (relay.isCut() ? relay.mend() : relay.cut()),
});

export const drawTroubles = (troubles: Troubles): Html =>
  html`<details class="system" id="system-troubles"><summary><h2>Make something fail</h2></summary>
    <ul>${Object.entries(troubles).map(([name, { title, expect, isOn }]) => {
      const pressed = isOn();
      const look = { style: pressed === undefined ? 'danger' : 'toggle', pressed };
      return html`<li class="trouble">${actButton({ act: 'fault', name }, title, look)}<p>${expect}</p></li>`;
    })}</ul></details>`;
