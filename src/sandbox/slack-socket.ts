import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { randomId } from './kit.ts';
import type { Deliver, Delivery } from './slack-delivery.ts';
import { PER_MINUTE } from './slack-limits.ts';
import { type Method, method } from './slack-method.ts';
import type { Workspace } from './slack-state.ts';

const PING_MS = 5000;
const MOST_SOCKETS = 10;

export interface Sockets {
  /** apps.connections.open. */
  open: Method;
  /** How many apps are connected and not asked to leave. */
  connected(): number;
  /** Sends an envelope to one of the sockets, at random [I: bolt-python#448], and waits for its acknowledgement. */
  deliver: Deliver;
  /** Asks every connected app to come back with a new connection. */
  disconnect(reason: 'refresh_requested' | 'warning' | 'link_disabled'): void;
  attach(server: Server, url: string): void;
  close(): void;
}

const textOf = (data: RawData): string => Buffer.from(data as Buffer).toString();

const Ack = z.object({ envelope_id: z.string(), payload: z.unknown().optional() });

/** The Socket Mode side: tickets, hello, envelopes, acknowledgements, pings [E, reference emulators 5; D, slack A7]. */
export function createSockets(workspace: Workspace, received: string[]): Sockets {
  const wss = new WebSocketServer({ noServer: true });
  const tickets = new Set<string>();
  const live = new Set<WebSocket>();
  const waiting = new Map<string, (payload: unknown) => void>();
  let base = '';

  const ping = setInterval(() => {
    for (const socket of wss.clients) socket.ping();
  }, PING_MS).unref();

  const leave = (socket: WebSocket, reason: string) => {
    live.delete(socket);
    socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'sandbox' } }));
  };

  wss.on('connection', socket => {
    live.add(socket);
    socket.on('close', () => live.delete(socket));
    socket.on('message', data => {
      received.push(textOf(data));
      const { success, data: ack } = Ack.safeParse(JSON.parse(textOf(data)));
      if (success) waiting.get(ack.envelope_id)?.(ack.payload);
    });
    if (live.size > MOST_SOCKETS) return leave(socket, 'too_many_websockets');
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: live.size,
        connection_info: { app_id: workspace.app.id },
        debug_info: { host: 'sandbox', approximate_connection_time: 18060 },
      }),
    );
  });

  return {
    open: method({
      token: 'app',
      scope: 'connections:write',
      perMinute: PER_MINUTE.connections,
      args: z.object({}),
      run() {
        const ticket = randomId(20);
        tickets.add(ticket);
        return { url: `${base}/link/?ticket=${ticket}&app_id=${workspace.app.id}` };
      },
    }),
    connected: () => live.size,
    disconnect(reason) {
      for (const socket of live) leave(socket, reason);
    },
    async deliver(kind, payload, retry) {
      const sockets = [...live].filter(each => each.readyState === each.OPEN);
      const socket = sockets[Math.floor(Math.random() * sockets.length)];
      if (socket === undefined) return { acknowledged: false, error: 'dispatch_failed' };
      const envelope_id = randomUUID();
      const acknowledged = new Promise<Delivery>(resolve => {
        const timer = setTimeout(
          () => resolve({ acknowledged: false, error: 'operation_timeout' }),
          workspace.settings.ackMs,
        );
        waiting.set(envelope_id, payload => {
          clearTimeout(timer);
          resolve({ acknowledged: true, payload });
        });
      });
      const envelope = JSON.stringify({
        envelope_id,
        type: kind,
        accepts_response_payload: kind !== 'events_api',
        payload,
        ...(retry === undefined ? {} : { retry_attempt: retry.attempt, retry_reason: retry.reason }),
      });
      for (let copy = 0; copy < workspace.settings.copies; copy += 1) socket.send(envelope);
      return await acknowledged.finally(() => waiting.delete(envelope_id));
    },
    attach(server, url) {
      base = url.replace(/^http/, 'ws');
      server.on('upgrade', (request, connection, head) => {
        const ticket = new URL(request.url ?? '', url).searchParams.get('ticket') ?? '';
        if (tickets.delete(ticket))
          wss.handleUpgrade(request, connection, head, socket => wss.emit('connection', socket, request));
        else connection.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
      });
    },
    close() {
      clearInterval(ping);
      for (const socket of wss.clients) socket.terminate();
      wss.close();
    },
  };
}
