import { z } from 'zod';
import type { Builder } from './kit.ts';

const Batch = z.object({
  // [DOC] twenty at most.
  requests: z
    .array(z.object({ id: z.string(), method: z.literal('GET'), url: z.string().startsWith('/') }))
    .min(1)
    .max(20),
});

/** [DOC] Several requests in one, each served, counted and refused as if it had come alone. Their answers come in any order. */
export function addBatchRoute({ app, calls }: Builder): void {
  app.post('/v1.0/$batch', async context => {
    const { requests } = Batch.parse(await context.req.json());
    const { method, path } = context.req;
    calls.push({
      service: 'Entra',
      operation: 'batch',
      method,
      path,
      mutating: false,
      at: Date.now(),
      status: 200,
    });
    const authorization = context.req.header('authorization') ?? '';
    const root = context.req.url.slice(0, -'/$batch'.length);
    const responses = requests.map(async ({ id, url }) => {
      const request = new Request(`${root}${url}`, { headers: { authorization } });
      const response = await app.fetch(request, context.env);
      const text = await response.text();
      return {
        id,
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: bodyOf(text),
      };
    });
    return context.json({ responses: (await Promise.all(responses)).toReversed() });
  });
}

/** [DOC] What is not JSON stands there as text in base64. */
function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return Buffer.from(text).toString('base64');
  }
}
