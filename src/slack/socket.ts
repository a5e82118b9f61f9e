import { SocketModeReceiver } from '@slack/bolt';
import type { Secret } from '../secret.ts';
import { loggerFor, timeoutMs } from './client.ts';
import type { Desk } from './desk.ts';
import type { Transport } from './transport.ts';

export interface SocketConnection {
  /** `xapp-…` */
  appToken: Secret;
}

/** Asking for a socket goes on for as long as it takes; the SDK would give up for good, or wait for many minutes. */
const retryConfig = { forever: true, retries: 100, factor: 1.3, minTimeout: 500, maxTimeout: 30_000 };

/** Socket Mode: the bot opens a connection to Slack, and nothing reaches the bot but through it. */
export function createSocketTransport(
  { appToken }: SocketConnection,
  apiUrl: string | undefined,
  { log }: Pick<Desk, 'log'>,
): Transport {
  const address = apiUrl === undefined ? {} : { slackApiUrl: apiUrl };
  const receiver = new SocketModeReceiver({
    appToken: appToken.reveal(),
    logger: loggerFor(log),
    installerOptions: { clientOptions: { ...address, retryConfig, timeout: timeoutMs } },
    customPropertiesExtractor: ({ envelope_id }: { envelope_id: string }) => ({ envelope: envelope_id }),
  });
  const socket = { connected: false };
  receiver.client.on('connected', () => Object.assign(socket, { connected: true }));
  for (const event of ['close', 'reconnecting', 'disconnected']) {
    receiver.client.on(event, () => Object.assign(socket, { connected: false }));
  }
  return { receiver, problems: () => (socket.connected ? [] : ['There is no connection to Slack.']) };
}
