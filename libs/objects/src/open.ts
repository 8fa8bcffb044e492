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
  if (!URL.canParse(uri)) throw new ObjectStoreMisconfigured(`the object store's address is not a URI: ${uri} (wanted: file:///folder/)`);
  const url = new URL(uri);
  switch (url.protocol) {
    case 'file:':
      if (url.host !== '')
        throw new ObjectStoreMisconfigured(`a directory store is on this machine, ${url.host} is not: use file:///folder/`);
      return openDirectoryStore(fileURLToPath(url), options);
    case 's3:':
      throw new ObjectStoreMisconfigured('S3 object stores come with the Kubernetes backend; this release takes file:///folder/');
    default:
      throw new ObjectStoreMisconfigured(`object stores are at file:// addresses, not ${url.protocol}//`);
  }
}
