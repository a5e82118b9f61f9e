import type { Receiver } from '@slack/bolt';
import type { Desk } from './desk.ts';
import { createHttpTransport, type HttpConnection } from './http.ts';
import { createSocketTransport, type SocketConnection } from './socket.ts';

/** How what people do reaches the bot: over a socket that it opens, or by requests to a port. */
export type Connection = SocketConnection | HttpConnection;

export interface Transport {
  /** What Bolt drives. Its `stop` takes nothing new and returns when what was received has been acknowledged. */
  receiver: Receiver;
  /** What keeps Slack from reaching the bot; empty when nothing does. */
  problems(): string[];
}

/** The transport that the configuration names. */
export const createTransport = (
  connection: Connection,
  apiUrl: string | undefined,
  desk: Pick<Desk, 'log' | 'store'>,
): Transport =>
  'appToken' in connection
    ? createSocketTransport(connection, apiUrl, desk)
    : createHttpTransport(connection, desk);
