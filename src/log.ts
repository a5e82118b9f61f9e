import { type LoggerOptions, pino } from 'pino';

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

/** What JSON leaves as it is although terminals act on it: controls beyond ASCII, and marks that hide or turn text around. */
const unseen = /[\u007f-\u009f\u2028\u2029\p{Cf}]/gu;

const escaped = (line: string): string =>
  line.replaceAll(unseen, found =>
    found
      .split('')
      .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );

/** A log that writes one JSON document a line, to standard output unless told where. Secrets print as `[secret]`. */
export function createLog(
  level: string,
  fields: object = {},
  to: { write(line: string): void } = pino.destination(1),
): Log {
  const options: LoggerOptions = {
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    serializers: { error: serializeError, err: serializeError },
    hooks: { streamWrite: escaped },
  };
  return pino(options, to);
}
