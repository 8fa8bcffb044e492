import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readFileSync } from 'node:fs';
import { isFreshContent, type ObjectStore } from '@runnel/objects';
import type { FileExchange } from '@runnel/sandbox';
import { crashPoint } from '@runnel/service';

const scheme = 'runnel:';
const smallFile = 1024 * 1024;

const locationOf = (key: string): string => `${scheme}${key}`;

/**
 * Brings a workspace's objects to an attempt's folder and keeps its outputs as content-addressed objects; an object that exists already is
 * not written again. Which locations a step may name is checked before (rule 14, `carryOut`); here they must at least be objects.
 */
export function objectExchange(store: ObjectStore, workspace: string): FileExchange {
  return {
    async bringIn(location, path) {
      if (!location.startsWith(scheme)) throw new Error(`${location} is no object of this installation`);
      await store.materialize(location.slice(scheme.length), path);
      return path;
    },
    async takeOut(path) {
      const { sha256, sha1, size } = await digests(path);
      const key = `${workspace}/objects/${sha256}`;
      const found = await store.head(key);
      // What nobody touched for long may be about to be collected: it is written again.
      if (found === undefined || !isFreshContent(found, Date.now())) {
        crashPoint('executor.output.before-put');
        await store.putFile(key, path, { move: true, derived: true });
        crashPoint('executor.output.after-put');
      }
      return { location: locationOf(key), checksum: `sha1$${sha1}`, size };
    },
  };
}

/** Both checksums in one read: sha256 names the object, sha1 is what CWL shows. */
async function digests(path: string): Promise<{ sha256: string; sha1: string; size: number }> {
  const sha256 = createHash('sha256');
  const sha1 = createHash('sha1');
  let size = 0;
  // One synchronous read of a small file is cheaper than four trips to the thread pool.
  const chunks = lstatSync(path).size <= smallFile ? [readFileSync(path)] : createReadStream(path);
  for await (const chunk of chunks as AsyncIterable<Buffer> | Buffer[]) {
    sha256.update(chunk);
    sha1.update(chunk);
    size += chunk.length;
  }
  return { sha256: sha256.digest('hex'), sha1: sha1.digest('hex'), size };
}
