import { z } from 'zod';
import { UserError } from '../errors.ts';

/** A document was written by a newer Holt. It is left as it is, for a process that knows its form. */
export class Newer extends UserError {
  constructor() {
    super(
      'newer',
      'This onboarding was written by a newer Holt and goes on there; this older one leaves it alone until its update is finished.',
    );
  }
}

type Stored = Readonly<Record<string, unknown>>;

/**
 * The migration under `n` turns a document of version n into one of version n + 1. Each is pure and stays as it was
 * released: documents of every version may be met for as long as a store is kept.
 */
export type Migrations = Readonly<Record<number, (document: Stored) => Stored>>;

const Version = z.looseObject({ schema: z.int().min(0).default(0) });

/**
 * Brings a stored document to the version that this process writes, step by step. Throws Newer when it is beyond that. A
 * document that tells no version, or that no migration leads from, is answered as it is: it is the schema's to refuse.
 */
export function migrate(document: unknown, version: number, migrations: Migrations): unknown {
  const read = Version.safeParse(document);
  if (!read.success) return document;
  if (read.data.schema > version) throw new Newer();
  let migrated: Stored = read.data;
  for (let from = read.data.schema; from < version; from += 1) {
    const step = migrations[from];
    if (step === undefined) return document;
    migrated = { ...step(migrated), schema: from + 1 };
  }
  return migrated;
}
