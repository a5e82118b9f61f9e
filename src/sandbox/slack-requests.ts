import { createHmac } from 'node:crypto';
import type { Deliver } from './slack-delivery.ts';
import type { Workspace } from './slack-state.ts';

/** What Slack sends with a body that it signed [DOC: verifying requests; D, reference slack A7]. */
export function signed(secret: string, body: string, seconds: number): Record<string, string> {
  const hash = createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex');
  return {
    'x-slack-request-timestamp': String(seconds),
    'x-slack-signature': `v0=${hash}`,
  };
}

/** The HTTP side: each delivery is a request to one of the app's addresses, as behind a load balancer [E, reference slack A1]. */
export function createRequests(workspace: Workspace, secret: string): Deliver {
  return async (kind, payload, retry) => {
    const { requestUrls, ackMs } = workspace.settings;
    const [type, body] = onTheForm(kind, payload);
    const headers = {
      'content-type': type,
      ...signed(secret, body, Math.floor(workspace.now() / 1000)),
      ...(retry !== undefined && {
        'x-slack-retry-num': String(retry.attempt),
        'x-slack-retry-reason': retry.reason,
      }),
    };
    const url = requestUrls[Math.floor(Math.random() * requestUrls.length)] ?? '';
    try {
      const signal = AbortSignal.timeout(ackMs);
      const response = await fetch(url, { method: 'POST', headers, body, signal });
      const text = await response.text();
      if (response.status !== 200) return { acknowledged: false, error: 'dispatch_failed' };
      return { acknowledged: true, payload: contentOf(response, text) };
    } catch (error) {
      const late = error instanceof Error && error.name === 'TimeoutError';
      return { acknowledged: false, error: late ? 'operation_timeout' : 'dispatch_failed' };
    }
  };
}

/** A command is a form, an interaction is JSON in a form's field, an event is JSON [DOC]. */
function onTheForm(
  kind: Parameters<Deliver>[0],
  payload: Record<string, unknown>,
): [type: string, body: string] {
  if (kind === 'events_api') return ['application/json', JSON.stringify(payload)];
  const fields =
    kind === 'interactive'
      ? { payload: JSON.stringify(payload) }
      : Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, String(value)]));
  return ['application/x-www-form-urlencoded', new URLSearchParams(fields).toString()];
}

function contentOf({ headers }: Response, text: string): unknown {
  if (text === '') return undefined;
  return headers.get('content-type')?.startsWith('application/json') === true ? JSON.parse(text) : { text };
}
