import { fileURLToPath } from 'node:url';
import { openDirectoryStore } from './directory/open-directory-store.ts';
import type { DirectoryStoreOptions } from './directory/open-directory-store.ts';
import { ObjectStoreMisconfigured } from './errors.ts';
import type { ObjectStore } from './store.ts';

/**
 * Opens the store at a `file:///folder/` or `s3://bucket/prefix/` address. Rejects with ObjectStoreMisconfigured where the address is wrong,
 * with ObjectStoreUnavailable where the store is away.
 */
export async function openObjectStore(uri: string, options: DirectoryStoreOptions = {}): Promise<ObjectStore> {
  if (!URL.canParse(uri))
    throw new ObjectStoreMisconfigured(`the object store's address is not a URI: ${uri} (wanted: file:///folder/ or s3://bucket/prefix/)`);
  const url = new URL(uri);
  switch (url.protocol) {
    case 'file:':
      if (url.host !== '')
        throw new ObjectStoreMisconfigured(`a directory store is on this machine, ${url.host} is not: use file:///folder/`);
      return openDirectoryStore(fileURLToPath(url), options);
    case 's3:':
      return openS3(url);
    default:
      throw new ObjectStoreMisconfigured(`object stores are at file:// or s3:// addresses, not ${url.protocol}//`);
  }
}

/** Loaded where it is used: the SDK costs a second and 30 MB. */
async function openS3(url: URL): Promise<ObjectStore> {
  const [{ parseS3Address }, { openS3Store }] = await Promise.all([import('./s3/address.ts'), import('./s3/open-s3-store.ts')]);
  return openS3Store(parseS3Address(url, process.env));
}
