/** What a person did cannot be carried out as it is; the text says what happened and what to do. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: string;
  /** What exactly is in the way (a pull request's number, a secret's name), so that a retry can acknowledge it. */
  readonly about: string | undefined;

  constructor(code: string, text: string, about?: string) {
    super(text);
    this.code = code;
    this.about = about;
  }
}

export type Service = 'Otterize' | 'Entra' | 'Key Vault' | 'GitHub' | 'Slack' | 'Redis';

interface ServiceFailure {
  service: Service;
  /** What was attempted, in words that fit after "could not": `create the environment`. */
  operation: string;
  /** What the service said, in words of ours; never the raw text of an SDK or of a process. */
  reason: string;
  /** What a person can do about it. */
  advice?: string;
  status?: number | undefined;
  retryable: boolean;
  /** How long the service asked us to wait, in milliseconds. */
  retryAfter?: number | undefined;
  /** Whether the request may have changed something all the same: `no` when the service refused it, else `unknown`. */
  applied: 'no' | 'unknown';
}

/** An outside system failed or refused. Carries data that is safe to show; the SDK's own error never leaves its adapter. */
export class ServiceError extends Error {
  override readonly name: string = 'ServiceError';
  readonly service: Service;
  readonly operation: string;
  readonly advice: string | undefined;
  readonly status: number | undefined;
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  readonly applied: 'no' | 'unknown';

  constructor(failure: ServiceFailure) {
    super(`${failure.service} could not ${failure.operation}: ${failure.reason}`);
    this.service = failure.service;
    this.operation = failure.operation;
    this.advice = failure.advice;
    this.status = failure.status;
    this.retryable = failure.retryable;
    this.retryAfter = failure.retryAfter;
    this.applied = failure.applied;
  }
}

/**
 * Holt keeps itself back: nothing was asked of the service. Whoever waits for its turn goes on after `retryAfter`, and this counts for no
 * failed attempt.
 */
export class HeldBack extends ServiceError {
  override readonly name = 'HeldBack';
  override readonly retryAfter: number;

  constructor(held: { service: Service; operation: string; reason: string; retryAfter: number }) {
    super({ ...held, retryable: true, applied: 'no' });
    this.retryAfter = held.retryAfter;
  }
}

/** An answer in a form that we do not know. Names the place in the answer, never its values. */
export class ContractError extends ServiceError {
  override readonly name = 'ContractError';

  constructor(service: Service, operation: string, where: string) {
    super({
      service,
      operation,
      reason: `the answer has an unknown form (${where})`,
      advice: 'Check that the version in use is one that Holt supports, then retry.',
      retryable: false,
      applied: 'unknown',
    });
  }
}

/** The configuration is incomplete or contradicts itself. All problems at once; the process exits with 78. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

export interface Explanation {
  code: string;
  /** What happened and what to do, for a person. */
  text: string;
  /** What exactly is in the way, when a retry may acknowledge it. */
  about?: string;
  retryable: boolean;
  retryAfter?: number;
  /** Whether somebody should look at the code. */
  bug: boolean;
}

/** The only place that turns an error into what a person reads. */
export function explain(error: unknown): Explanation {
  if (error instanceof UserError) {
    const about = error.about === undefined ? {} : { about: error.about };
    return { code: error.code, text: error.message, ...about, retryable: false, bug: false };
  }
  if (error instanceof ServiceError) {
    const code = `${error.service.toLowerCase().replace(' ', '-')}-${error.status ?? 'failed'}`;
    const text = error.advice === undefined ? `${error.message}.` : `${error.message}. ${error.advice}`;
    const after = error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter };
    return { code, text, retryable: error.retryable, ...after, bug: false };
  }
  if (error instanceof ConfigError) {
    return { code: 'configuration', text: error.message, retryable: false, bug: false };
  }
  return {
    code: 'bug',
    text: 'Something broke inside Holt. The log has the details.',
    retryable: false,
    bug: true,
  };
}
