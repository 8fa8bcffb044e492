export * from './store.ts';
export * from './errors.ts';
export { checkKey } from './keys.ts';
export { contentKeptFor, isFreshContent } from './content-age.ts';
export { mediaTypeOf } from './media-types.ts';
export { putValue, readValue } from './json-objects.ts';
export { openObjectStore } from './open.ts';
export { tellFaults } from './tell-faults.ts';
export type { DirectoryStoreOptions } from './directory/open-directory-store.ts';
