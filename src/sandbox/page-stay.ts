import { once } from 'node:events';
import open from 'open';
import { startPage } from './page.ts';
import { createTroubles } from './page-faults.ts';
import type { Looked } from './page-layout.ts';
import { type Relay, startRelay } from './relay.ts';
import type { Sandbox } from './sandbox.ts';
import { supervise } from './supervisor.ts';

export interface Stay {
  sandbox: Sandbox;
  /** What the product reads. */
  environment: Readonly<Record<string, string>>;
  example: Looked['example'];
  /** Ends the stay when it is aborted. */
  until: AbortSignal;
}

/** Serves the page with the product behind it until somebody ends it. Throws what kept the product from starting. */
export async function stay({ sandbox, environment, example, until }: Stay): Promise<void> {
  const relay = await relayTo(environment['REDIS_URL']);
  const own = relay === undefined ? environment : { ...environment, REDIS_URL: relay.url };
  const page = { changed: () => {} };
  const holt = supervise(own, () => page.changed());
  const troubles = createTroubles(sandbox, holt, relay);
  const served = await startPage({ sandbox, holt: holt.state, troubles, example });
  page.changed = served.changed;
  try {
    console.log(`Open ${served.url} in a browser. Press Ctrl-C to stop.\n`);
    await show(served.url);
    const { url } = await holt.ready();
    for (const [name, place] of placesOf(sandbox, url)) console.log(`${name.padEnd(10)}${place}`);
    if (!until.aborted) await once(until, 'abort');
  } finally {
    await holt.stop();
    await served.close();
    await relay?.close();
  }
}

/** Opens it for a person who sits before a screen; the address stands there for everybody else. */
async function show(url: string): Promise<void> {
  const { CI, DISPLAY, WAYLAND_DISPLAY } = process.env;
  const screen = process.platform !== 'linux' || (DISPLAY ?? WAYLAND_DISPLAY) !== undefined;
  if (!process.stdout.isTTY || CI !== undefined || !screen) return;
  const browser = await open(url).catch(() => undefined);
  browser?.on('error', () => undefined);
}

const placesOf = ({ slack, otterize, entra, vault, github }: Sandbox, holt: string): [string, string][] => [
  ['Slack', slack.url],
  ['Otterize', otterize.url],
  ['Entra', entra.url],
  ['Key Vault', vault.url],
  ['GitHub', github.url],
  ['Holt', `${holt}/readyz`],
];

/** Only a plain connection can be stood between. */
const relayTo = async (redis: string | undefined): Promise<Relay | undefined> =>
  redis?.startsWith('redis://') === true ? await startRelay(redis) : undefined;
