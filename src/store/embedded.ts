import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../errors.ts';
import type { Claims } from '../onboarding/ports.ts';
import type { Entry, Mark, Store } from '../onboarding/store.ts';
import { createTurns } from './in-process-turns.ts';

const schema = `
create table if not exists runs (
  serial integer primary key,
  id text not null unique,
  subject text not null,
  revision integer not null,
  due integer,
  document text not null,
  version integer not null default 0,
  shows integer not null default 0,
  mark text
) strict;
create unique index if not exists live on runs (subject) where due is not null;
create index if not exists latest on runs (subject, serial);
create index if not exists due on runs (due, id) where due is not null;
create index if not exists behind on runs (serial) where shows <> revision;
create table if not exists rolls (
  run text not null, member text not null, line text not null, primary key (run, member)
) strict, without rowid;
create table if not exists history (serial integer primary key, run text not null, line text not null) strict;
create index if not exists histories on history (run, serial);
create table if not exists claims (
  pool text not null, id text not null, run text not null, primary key (pool, id)
) strict, without rowid;
create table if not exists notes (
  name text primary key, text text not null, until integer
) strict, without rowid;
create table if not exists admitted (
  key text primary key, count integer not null, until integer not null
) strict, without rowid;`;

// Exclusive locking makes the file its own lock, which the kernel drops with the process, whatever ends it.
const settings = `
pragma locking_mode = exclusive;
pragma journal_mode = wal;
pragma synchronous = full;
begin immediate;
${schema}
commit;`;

/** Columns that came later than their tables. */
const later = [
  { table: 'runs', column: 'within', type: 'text' },
  { table: 'notes', column: 'until', type: 'integer' },
];

const sqliteBusy = 5;

function open(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    database = new DatabaseSync(file);
    chmodSync(file, 0o600);
    database.exec(settings);
    const columnsOf = database.prepare('select name as value from pragma_table_info(?)');
    for (const { table, column, type } of later)
      if (!values(columnsOf.all(table)).includes(column))
        database.exec(`alter table ${table} add column ${column} ${type}`);
    return database;
  } catch (error) {
    database?.close();
    throw new ConfigError([refusal(file, error)]);
  }
}

function refusal(file: string, error: unknown): string {
  const { errcode, errstr, code } = error as { errcode?: number; errstr?: string; code?: string };
  if (errcode === sqliteBusy)
    return `${file} is in use by another process of Holt. Stop that one, or set REDIS_URL so that several can share a store.`;
  return `${file} cannot be used as the store (${errstr ?? code ?? 'unknown error'}). Choose a place that Holt may write to.`;
}

/**
 * Documents in one SQLite file, for one process. The folder is made when it is missing; the file is the owner's alone.
 * Throws a ConfigError when the file is in use or cannot be used.
 */
export function openEmbeddedStore(file: string): Store {
  const database = open(file);
  // Node closes a database that is no longer referenced, and the lock would go with it.
  const close = (): void => {
    process.off('exit', close);
    if (database.isOpen) database.close();
  };
  process.on('exit', close);

  return {
    claims: createClaims(database),
    notes: createNotes(database),
    admit: createAdmission(database),
    turns: createTurns(() => performance.now()),
    now: async () => Date.now(),
    ...createWriters(database),
    ...createReaders(database),
    check: async () => [],
    close: async () => close(),
  };
}

function createWriters(database: DatabaseSync): Pick<Store, 'insert' | 'swap' | 'setMark'> {
  const known = database.prepare('select id from runs where id = ?');
  const holderOf = database.prepare('select id from runs where subject = ? and due is not null');
  const insert = database.prepare(
    'insert into runs (id, subject, revision, due, document, within) values (?, ?, ?, ?, ?, ?)',
  );
  const enter = database.prepare('insert or replace into rolls (run, member, line) values (?, ?, ?)');
  const outdate = database.prepare('update runs set shows = 0 where id = ?');
  const call = (within: Entry['within']): void => {
    if (within === undefined) return;
    enter.run(within.run, within.member, within.line);
    outdate.run(within.run);
  };
  const swap = database.prepare('update runs set revision = ?, due = ?, document = ? where id = ?');
  const current = database.prepare('select id from runs where id = ? and revision = ?');
  const tell = database.prepare('insert into history (run, line) values (?, ?)');
  const mark = database.prepare(
    'update runs set version = ?, shows = ?, mark = ? where id = ? and version = ?',
  );

  const atOnce = <T>(act: () => T): T => {
    database.exec('begin immediate');
    try {
      const result = act();
      database.exec('commit');
      return result;
    } catch (error) {
      database.exec('rollback');
      throw error;
    }
  };

  return {
    insert: async ({ id, subject, revision, due, document, within }, audit) =>
      atOnce(() => {
        const holder = known.get(id) ?? holderOf.get(subject);
        if (holder !== undefined) return String(holder['id']);
        insert.run(id, subject, revision, due, document, within?.run ?? null);
        call(within);
        tell.run(id, audit);
        return id;
      }),
    swap: async ({ id, subject, revision, due, document, within }, audit) =>
      atOnce(() => {
        if (current.get(id, revision - 1) === undefined) return 'stale';
        const holder = holderOf.get(subject)?.['id'] ?? id;
        if (due !== null && holder !== id) return 'held';
        swap.run(revision, due, document, id);
        call(within);
        tell.run(id, audit);
        return 'swapped';
      }),
    setMark: async (id, { version, shows, document }) =>
      mark.run(version, shows, document, id, version - 1).changes === 1,
  };
}

const values = (rows: Record<string, unknown>[]): string[] => rows.map(row => String(row['value']));

type Readers = 'load' | 'loadAll' | 'roll' | 'latest' | 'recent' | 'due' | 'history' | 'mark' | 'behind';

function createReaders(database: DatabaseSync): Pick<Store, Readers> {
  const load = database.prepare('select document as value from runs where id = ?');
  const latest = database.prepare(
    'select id as value from runs where subject = ? order by serial desc limit 1',
  );
  const recent = database.prepare(
    'select id as value from runs where within is null order by serial desc limit ?',
  );
  const due = database.prepare('select id as value from runs where due <= ? order by due, id');
  const history = database.prepare('select line as value from history where run = ? order by serial');
  const mark = database.prepare(
    'select version, shows, mark as document from runs where id = ? and version > 0',
  );
  const behind = database.prepare(
    'select id as value from runs where shows <> revision and within is null order by serial',
  );
  const roll = database.prepare('select member, line from rolls where run = ?');
  return {
    load: async id => values(load.all(id))[0],
    loadAll: async ids => ids.map(id => values(load.all(id))[0]),
    roll: async id => Object.fromEntries(roll.all(id).map(({ member, line }) => [member, String(line)])),
    latest: async subject => values(latest.all(subject))[0],
    recent: async limit => values(recent.all(limit)),
    due: async now => values(due.all(now)),
    history: async id => values(history.all(id)),
    mark: async id => {
      const row = mark.get(id);
      return row === undefined ? undefined : ({ ...row } as unknown as Mark);
    },
    behind: async () => values(behind.all()),
  };
}

function createClaims(database: DatabaseSync): Claims {
  const claim = database.prepare(
    'insert into claims (pool, id, run) values (?, ?, ?) on conflict do nothing',
  );
  const holder = database.prepare('select run from claims where pool = ? and id = ?');
  const holders = database.prepare('select id, run from claims where pool = ?');
  const release = database.prepare('delete from claims where pool = ? and id = ?');
  return {
    claim: async (pool, id, run) => {
      claim.run(pool, id, run);
      return holder.get(pool, id)?.['run'] === run;
    },
    holders: async pool => Object.fromEntries(holders.all(pool).map(({ id, run }) => [id, run])),
    release: async (pool, id) => {
      release.run(pool, id);
    },
  };
}

function createNotes(database: DatabaseSync): Store['notes'] {
  const forget = database.prepare('delete from notes where until <= ?');
  const read = database.prepare(
    'select text as value from notes where name = ? and (until is null or until > ?)',
  );
  const write = database.prepare('insert or replace into notes (name, text, until) values (?, ?, ?)');
  return {
    read: async name => values(read.all(name, Date.now()))[0],
    write: async (name, text, forMs) => {
      const now = Date.now();
      forget.run(now);
      write.run(name, text, forMs === undefined ? null : now + forMs);
    },
  };
}

function createAdmission(database: DatabaseSync): Store['admit'] {
  const forget = database.prepare('delete from admitted where until <= ?');
  const count = database.prepare(
    'insert into admitted (key, count, until) values (?, 1, ?) on conflict do update set count = count + 1 returning count',
  );
  return async (key, { most, withinMs }) => {
    const now = Date.now();
    forget.run(now);
    return Number(count.get(key, now + withinMs)?.['count']) <= most;
  };
}
