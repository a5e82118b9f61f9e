import { z } from 'zod';
import type { Log } from '../log.ts';
import { targetName } from './command.ts';
import type { Fleet } from './fleet-schema.ts';
import type { RepositoryReader } from './ports.ts';
import type { Store } from './store.ts';

// The clusters that a GitOps repository has folders for. The bot says where to look, a worker looks, and the bot reads what it found:
// the one has the configuration, the other the right to read the repository.

/** Where clusters have their folders. */
const Wanted = z.strictObject({ repository: z.string(), base: z.string(), folders: z.array(z.string()) });
type Wanted = z.infer<typeof Wanted>;

const Found = z.strictObject({ at: z.int(), wanted: Wanted, clusters: z.array(z.string()) });

type Notes = Pick<Store, 'notes' | 'now'>;

const names = { wanted: 'catalogue-wanted', found: 'catalogue' } as const;

/** The tick by which a worker is asked to look; no run has such an id. */
export const catalogueTick = 'catalogue';

/** How old the catalogue may become. */
const freshMs = 120_000;

/** What the configuration says of where to look; undefined when it lists all clusters itself. */
export function wantedOf({ discover, stages, gitops }: Fleet): Wanted | undefined {
  const repository = discover?.repository ?? gitops?.repository;
  if (discover === undefined || repository === undefined) return undefined;
  const [parent = ''] = discover.folders.split('/{cluster}');
  const folders = Object.keys(stages).map(stage => parent.replaceAll('{stage}', stage));
  return { repository, base: discover.base ?? gitops?.base ?? 'main', folders: [...new Set(folders)] };
}

/** Whether a worker should look now. */
export async function isStale({ notes, now }: Notes): Promise<boolean> {
  const wanted = await notes.read(names.wanted);
  if (wanted === undefined) return false;
  const found = await readFound(notes);
  return found === undefined || JSON.stringify(found.wanted) !== wanted || (await now()) > found.at + freshMs;
}

const readFound = async (notes: Notes['notes']) => {
  const text = await notes.read(names.found);
  return text === undefined ? undefined : Found.safeParse(JSON.parse(text)).data;
};

/** Reads the repository's folders into the catalogue, as far as they can be names of clusters. What cannot be read leaves the last one as it is, and is logged. */
export async function lookForClusters(
  { notes, now }: Notes,
  repository: Pick<RepositoryReader, 'listFolders'>,
  log: Log,
): Promise<void> {
  const text = await notes.read(names.wanted);
  if (text === undefined) return;
  const wanted = Wanted.parse(JSON.parse(text));
  try {
    const at = await now();
    const { folders } = wanted;
    const listed = await Promise.all(
      folders.map(folder => repository.listFolders(wanted.repository, wanted.base, folder)),
    );
    const clusters = [...new Set(listed.flat().filter(name => targetName.test(name)))].toSorted();
    await notes.write(names.found, JSON.stringify({ at, wanted, clusters }));
    log.info(
      { clusters: clusters.length, repository: wanted.repository },
      'looked for clusters in the repository',
    );
  } catch (error) {
    log.warn({ error, repository: wanted.repository }, 'the clusters in the repository could not be listed');
  }
}

export interface Catalogue {
  /** The configuration, with the clusters that were found. */
  fleet(): Fleet;
  /** Says where to look, and reads what was found, now and from then on. */
  load(): Promise<void>;
  close(): void;
}

const readEveryMs = 15_000;

/** The bot's side: a fleet that grows as the repository does. */
export function createCatalogue(fleet: Fleet, { notes }: Notes, log: Log): Catalogue {
  const wanted = wantedOf(fleet);
  let now = fleet;
  let timer: NodeJS.Timeout | undefined;

  async function read(): Promise<void> {
    const found = await readFound(notes);
    if (found === undefined || JSON.stringify(found.wanted) !== JSON.stringify(wanted)) return;
    const discovered = Object.fromEntries(found.clusters.map(cluster => [cluster, null]));
    const listed = fleet.clusters === 'any' ? {} : fleet.clusters;
    now = { ...fleet, clusters: { ...listed, ...discovered, ...listed } };
  }

  return {
    fleet: () => now,
    async load() {
      if (wanted === undefined) return;
      await notes.write(names.wanted, JSON.stringify(wanted));
      await read();
      timer = setInterval(() => {
        read().catch((error: unknown) => log.warn({ error }, 'the catalogue could not be read'));
      }, readEveryMs).unref();
    },
    close: () => clearInterval(timer),
  };
}
