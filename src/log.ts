import { pino } from 'pino';

/** What every part of Holt logs through: JSON lines, a static message, the fields beside it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log that adds these fields to each of its lines, for example `{ run }`. */
  child(fields: object): Log;
}

const serializeError = (error: unknown): object =>
  error instanceof Error
    ? { type: error.name, message: error.message, stack: error.stack }
    : { type: typeof error };

/** A log that writes one JSON document a line to standard output. Secrets print as `[secret]`. */
export function createLog(level: string, fields: object = {}): Log {
  return pino({
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    serializers: { error: serializeError, err: serializeError },
  });
}
