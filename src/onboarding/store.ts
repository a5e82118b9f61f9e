import type { Claims, Problem } from './ports.ts';
import type { Turns } from './turns.ts';

/** A document with what the store must know of it. A run is live, and holds its subject, exactly while `due` is a number. */
export interface Entry {
  id: string;
  /** Grows by one with each swap; 1 when inserted. */
  revision: number;
  /** What no two live runs may share: the target's names. */
  subject: string;
  /** When the run wants to be looked at, milliseconds since the epoch. */
  due: number | null;
  /** JSON, opaque to the store. */
  document: string;
  /** Of a run that is part of another: that one's roll has a line for it, and that one's thread shows it. */
  within?: {
    run: string;
    /** Its name in the roll. */
    member: string;
    /** JSON, opaque to the store. */
    line: string;
  };
}

/** What a run's thread shows, kept by the projection alone. */
export interface Mark {
  /** Grows by one with each write; 1 at first. */
  version: number;
  /** The run's revision that the thread shows. */
  shows: number;
  /** JSON, opaque to the store. */
  document: string;
}

/** How often something may happen. */
interface Limit {
  most: number;
  withinMs: number;
}

/**
 * Documents by compare-and-set. The store knows no rule of the domain. Both implementations pass one contract suite
 * (test/contract/store.test.ts). Whatever fails is a ServiceError of the service `Redis`, or for the embedded store a
 * plain Error.
 */
export interface Store {
  /** The store's clock, milliseconds since the epoch. */
  now(): Promise<number>;
  /**
   * Inserts the run unless a live run holds its subject, with the first line of its history, its place in the due list and
   * in the list of those whose thread is behind, all at once (of a run within another, that one is behind). Answers the id of the holder: the run's own when it was
   * inserted, and also when a run of that id exists already (which is then left as it is).
   */
  insert(entry: Entry, audit: string): Promise<string>;
  /**
   * Replaces the document whose revision is `entry.revision - 1`, with the audit line, the due list and the behind list,
   * all at once. `stale`: the revision is another one, or the run does not exist. `held`: the run would become live again
   * while another live run holds the subject.
   */
  swap(entry: Entry, audit: string): Promise<'swapped' | 'stale' | 'held'>;
  load(id: string): Promise<string | undefined>;
  /** The documents of these runs, in this order. */
  loadAll(ids: readonly string[]): Promise<(string | undefined)[]>;
  /** What the runs within this one wrote into its roll, by their names. */
  roll(id: string): Promise<Record<string, string>>;
  /** The id of the newest run of a subject, live or ended. */
  latest(subject: string): Promise<string | undefined>;
  /** Ids of runs, newest first. */
  recent(limit: number): Promise<string[]>;
  /** Ids of the runs whose due time has come, longest overdue first. */
  due(now: number): Promise<string[]>;
  /** The audit lines of a run, oldest first. */
  history(id: string): Promise<string[]>;
  mark(id: string): Promise<Mark | undefined>;
  /** Writes the mark if the stored version is the one before (none before version 1); the run leaves the behind list when `shows` is its newest revision. */
  setMark(id: string, mark: Mark): Promise<boolean>;
  /** Ids of runs whose thread does not show the newest revision. */
  behind(): Promise<string[]>;
  claims: Claims;
  /** Small texts under names that are known to all processes. */
  notes: {
    read(name: string): Promise<string | undefined>;
    /** Kept for so many milliseconds; until it is written again when that is left out. */
    write(name: string, text: string, forMs?: number): Promise<void>;
  };
  /**
   * Whether this is among the first `most` of its key; the count begins with the first and is forgotten after `withinMs`. One
   * count for all processes.
   */
  admit(key: string, limit: Limit): Promise<boolean>;
  /** Places in what outside services allow. Those of the embedded store are forgotten with the process. */
  turns: Turns;
  /** What keeps the store from being used safely; empty when ready. */
  check(): Promise<Problem[]>;
  close(): Promise<void>;
}

/** Hints that a run has news. Lost or repeated hints cost time and nothing else. */
export interface Nudges {
  tick(run: string): Promise<void>;
  render(run: string): Promise<void>;
}

export interface Handlers {
  /** Advances a run. One call at a time for each run; news during a call becomes one more call. */
  tick?: (run: string) => Promise<void>;
  /** Redraws a thread; same promise. May throw a SlowDown: all rendering pauses and this run is drawn again. */
  render?: (run: string) => Promise<void>;
  /** Called every few seconds in one process of all. */
  reconcile?: () => Promise<void>;
}

/** Thrown by a render handler when Slack asked for a pause. */
export class SlowDown extends Error {
  readonly ms: number;

  constructor(ms: number) {
    super(`slow down for ${ms} ms`);
    this.ms = ms;
  }
}

export interface Consumer {
  /** Takes no new work and returns when what is at work has ended. */
  close(): Promise<void>;
}

export interface Pace {
  /** How many ticks may run at the same time in this process. */
  ticks: number;
  /** The least time between the starts of two renders, over all processes, in milliseconds. */
  renderEveryMs: number;
  reconcileEveryMs: number;
}

export interface Mailboxes {
  nudges: Nudges;
  consume(handlers: Handlers, pace: Pace): Promise<Consumer>;
  close(): Promise<void>;
}
