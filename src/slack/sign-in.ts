import type { AuthTestResponse, WebClient } from '@slack/web-api';
import { explain, ServiceError } from '../errors.ts';
import { calling } from './client.ts';

export interface SignIn {
  /** Who the bot is. Throws a ServiceError when Slack refuses the token or does not answer. */
  begin(): Promise<AuthTestResponse>;
  /** What Slack last said against the token. Being asked is the occasion to ask Slack anew; nobody waits for it. */
  problems(): string[];
}

/** How old an answer may become before Slack is asked again, in milliseconds. */
const freshMs = 5_000;

/** Whether Slack still takes the token: the socket stays open with another one, so nothing else would tell. */
export function createSignIn(client: WebClient): SignIn {
  const state = { askedAt: 0, problem: undefined as string | undefined };

  async function ask(): Promise<AuthTestResponse> {
    state.askedAt = Date.now();
    try {
      const answer = await calling('sign in', client.auth.test());
      state.problem = undefined;
      return answer;
    } catch (error) {
      // An outage says nothing of the token.
      const refused = error instanceof ServiceError && error.applied === 'no';
      if (refused) state.problem = explain(error).text;
      throw error;
    }
  }

  return {
    begin: ask,
    problems() {
      if (Date.now() - state.askedAt > freshMs) ask().catch(() => undefined);
      return state.problem === undefined ? [] : [state.problem];
    },
  };
}
