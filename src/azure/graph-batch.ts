import { GraphError } from '@microsoft/microsoft-graph-client';
import { z } from 'zod';

/** What Graph takes in one request. */
const mostInBatch = 20;

const Answers = z.object({
  responses: z.array(
    z.object({
      id: z.string(),
      status: z.int(),
      headers: z.record(z.string(), z.string()).nullish(),
      body: z.unknown(),
    }),
  ),
});

interface Question {
  path: string;
  answer: PromiseWithResolvers<unknown>;
}

/** How requests are sent: one alone, or several in one. `paths` is all that is asked for. */
export interface Sender {
  get(path: string): Promise<unknown>;
  post(paths: readonly string[], body: object): Promise<unknown>;
}

/**
 * Asks for what is wanted at the same moment in one request. Each answer fails for itself, as it would alone; what befalls the
 * whole request befalls each of them.
 */
export function createBatches(sender: Sender): (path: string) => Promise<unknown> {
  const waiting: Question[] = [];

  const flush = (): void => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, mostInBatch);
      send(sender, batch).catch((error: unknown) => {
        for (const { answer } of batch) answer.reject(error);
      });
    }
  };

  return path => {
    const answer = Promise.withResolvers<unknown>();
    if (waiting.push({ path, answer }) === 1) setImmediate(flush);
    return answer.promise;
  };
}

async function send({ get, post }: Sender, batch: readonly Question[]): Promise<void> {
  const [only, ...more] = batch;
  if (only !== undefined && more.length === 0) return only.answer.resolve(await get(only.path));
  const requests = batch.map(({ path }, index) => ({ id: String(index), method: 'GET', url: path }));
  const asked = batch.map(({ path }) => path);
  const { responses } = Answers.parse(await post(asked, { requests }));
  for (const [index, { answer }] of batch.entries()) {
    const response = responses.find(({ id }) => id === String(index));
    // As if the one request had brought no answer.
    if (response === undefined) answer.reject(new GraphError(-1));
    else if (response.status === 200) answer.resolve(response.body);
    else answer.reject(refusalOf(response.status, response.headers ?? {}));
  }
}

/** In the form in which the client throws what a request alone is answered. */
const refusalOf = (status: number, headers: Record<string, string>): GraphError =>
  Object.assign(new GraphError(status), { headers: new Headers(headers) });
