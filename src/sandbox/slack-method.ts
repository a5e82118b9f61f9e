import { z } from 'zod';
import type { Workspace } from './slack-state.ts';

type Details = Record<string, unknown>;

/** Slack's way to say no: HTTP 200 with `ok: false` and a code [E, reference emulators 5]. */
export class Refusal extends Error {
  readonly code: string;
  readonly details: Details;

  constructor(code: string, details: Details = {}) {
    super(code);
    this.code = code;
    this.details = details;
  }
}

export interface Context {
  workspace: Workspace;
  /** Throws missing_scope unless the bot has it. */
  need(scope: string): void;
  granted(scope: string): boolean;
}

/** A method of the Web API. */
export interface Method {
  /** Which kind of token may call it. */
  token: 'bot' | 'app';
  scope: string | undefined;
  perMinute: number;
  /** What has a window of its own, for example each channel; the whole workspace when left out. */
  limitedBy: 'channel' | undefined;
  mutating: boolean;
  call(args: Details, context: Context): Details;
}

interface Definition<Args extends z.ZodType> {
  token?: 'bot' | 'app';
  scope?: string;
  perMinute: number;
  limitedBy?: 'channel';
  mutating?: boolean;
  args: Args;
  run(args: z.output<Args>, context: Context): Details;
}

/** A method whose arguments are checked as Slack checks them: unknown ones are ignored, missing ones named. */
export function method<Args extends z.ZodType>(definition: Definition<Args>): Method {
  return {
    token: definition.token ?? 'bot',
    scope: definition.scope,
    perMinute: definition.perMinute,
    limitedBy: definition.limitedBy,
    mutating: definition.mutating ?? false,
    call(given, context) {
      const { success, data, error } = definition.args.safeParse(given);
      if (success) return definition.run(data, context);
      const messages = error.issues.map(({ path, code }) =>
        code === 'invalid_type'
          ? `[ERROR] missing required field: ${path.join('/')}`
          : `[ERROR] invalid ${path.join('/')}`,
      );
      throw new Refusal('invalid_arguments', { response_metadata: { messages } });
    },
  };
}

/** Form bodies carry everything as text. */
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])])
  .transform(value => value === true || value === 'true' || value === '1')
  .default(false);

/** A structure, as JSON in a form body or as it is in a JSON body; `refusal` when it is not JSON. */
export const structure = (refusal: string) =>
  z.unknown().transform(value => {
    if (typeof value !== 'string') return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      throw new Refusal(refusal);
    }
  });

/** The refusal of blocks or views that break the rules, in the words of the real one [DOC of chat.postMessage and views.open]. */
export const malformed = (code: 'invalid_blocks' | 'invalid_arguments', problems: string[]): Refusal => {
  const messages = problems.map(each => `[ERROR] ${each}`);
  return new Refusal(code, { errors: problems, response_metadata: { messages } });
};
