import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse as parseForm } from 'node:querystring';
import type { App } from '@slack/bolt';
import { ConfigError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { type Desk, inTime, memoryMs } from './desk.ts';
import { createGuard } from './guard.ts';
import type { Transport } from './transport.ts';

export interface HttpConnection {
  /** What Slack signs with; two of them while one replaces the other. */
  signingSecrets: readonly Secret[];
  host: string;
  /** 0 takes any. */
  port: number;
}

/** Where Slack sends everything; the manifest says it too. */
export const requestPath = '/slack';

const mostBytes = 256 * 1024;

/**
 * Longer than load balancers keep an idle connection (60 s is usual): whoever closes first loses what the other is just sending, and
 * a command of Slack's is not sent again.
 */
const keepAliveTimeout = 75_000;

/** Connections that wait to be taken; one that finds no place tries again after a second. The system may have a lower limit. */
const backlog = 4_096;

type Body = Record<string, unknown>;

/** Requests of Slack's to a port of the bot's own. Nothing reaches Bolt that the guard did not let through. */
export function createHttpTransport(
  { signingSecrets, host, port }: HttpConnection,
  { store, log }: Pick<Desk, 'store' | 'log'>,
): Transport {
  const guard = createGuard({
    secrets: signingSecrets,
    admit: (...given) => inTime(store.admit(...given), memoryMs),
    now: Date.now,
  });
  const bolt: { app?: App } = {};

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, content?: unknown): void =>
      reply(response, status, { content, last: !server.listening });
    if (request.method !== 'POST' || request.url !== requestPath) return answer(404);
    if (!server.listening) return answer(503);
    const bytes = await bytesOf(request);
    if (bytes === undefined) return answer(413);
    const ruling = await guard({ headers: request.headersDistinct, body: bytes });
    if (!ruling.accepted) {
      const { status, reason, error } = ruling;
      log.warn({ reason, error }, 'refused: a request to the port for Slack');
      return answer(status);
    }
    const body = read(bytes.toString(), request.headers['content-type']);
    if (body === undefined) return answer(400);
    // Slack looks now and then whether the address answers; it wants nothing else then, whatever stands beside it.
    if (body['ssl_check'] !== undefined) return answer(200);
    // And before it sends events to an address, that whoever is there reads what it sends.
    if (body['type'] === 'url_verification') return answer(200, { challenge: body['challenge'] });
    await bolt.app?.processEvent({ body, ack: async content => answer(200, content) });
    answer(404);
  }

  const server = createServer({ requestTimeout: 10_000, keepAliveTimeout }, (request, response) => {
    receive(request, response).catch((error: unknown) => {
      log.error({ error }, 'a request of Slack’s could not be handled');
      reply(response, 500);
    });
  });
  return {
    receiver: {
      init: app => Object.assign(bolt, { app }),
      async start() {
        await once(server.listen({ port, host, backlog }), 'listening').catch(
          ({ code }: NodeJS.ErrnoException) => {
            throw new ConfigError([
              `HOLT_HTTP_HOST and SLACK_HTTP_PORT: nothing can listen on ${host}:${port} (${code}).`,
            ]);
          },
        );
        log.info({ port: (server.address() as AddressInfo).port }, 'listening for Slack');
      },
      async stop() {
        server.close();
        await once(server, 'close');
      },
    },
    problems: () => (server.listening ? [] : ['Nothing listens for Slack’s requests.']),
  };
}

/** The first answer counts. A connection is kept only for Slack, and none outlives a stop. */
function reply(
  response: ServerResponse,
  status: number,
  { content, last = false }: { content?: unknown; last?: boolean } = {},
): void {
  if (response.headersSent) return;
  const close = last || status !== 200 ? { connection: 'close' } : {};
  if (content === undefined) response.writeHead(status, close).end();
  else
    response.writeHead(status, { ...close, 'content-type': 'application/json' }).end(JSON.stringify(content));
}

/** Nothing when it is more than may be, or breaks off. */
async function bytesOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > mostBytes) return undefined;
      chunks.push(chunk as Buffer);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

/** A command is a form, an interaction is JSON in a form's field `payload`, an event is JSON. Nothing when it is none of these. */
function read(text: string, type = ''): Body | undefined {
  if (/^application\/json\b/i.test(type)) return objectIn(text);
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return undefined;
  const form = parseForm(text);
  return form['payload'] === undefined ? form : objectIn(String(form['payload']));
}

function objectIn(text: string): Body | undefined {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null ? (content as Body) : undefined;
  } catch {
    return undefined;
  }
}
