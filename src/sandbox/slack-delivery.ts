type Kind = 'slash_commands' | 'interactive' | 'events_api';

/** How the app took what it was sent. */
export type Delivery =
  | { acknowledged: true; payload: unknown }
  | { acknowledged: false; error: 'operation_timeout' | 'dispatch_failed' };

interface Retry {
  attempt: number;
  reason: string;
}

/** Sends the app what a person did, or what happened, and waits for its acknowledgement. */
export type Deliver = (kind: Kind, payload: Record<string, unknown>, retry?: Retry) => Promise<Delivery>;
