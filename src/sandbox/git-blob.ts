import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

/**
 * Writes a loose blob as `git hash-object -w` does; answers its sha. A process for each file would be most of what a commit of
 * many files costs, and would be taken for GitHub's time.
 */
export async function writeBlob(folder: string, content: string | Uint8Array): Promise<string> {
  const bytes = Buffer.from(content);
  const object = Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]);
  const sha = createHash('sha1').update(object).digest('hex');
  const place = join(folder, 'objects', sha.slice(0, 2));
  const half = join(folder, `blob-${randomUUID()}`);
  await Promise.all([mkdir(place, { recursive: true }), writeFile(half, deflateSync(object))]);
  await rename(half, join(place, sha.slice(2)));
  return sha;
}
