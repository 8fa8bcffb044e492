import { linkSync } from 'node:fs';

/** Makes `path` another name of the file; false where it lies on another file system, or is somebody else's. */
export function tryLink(source: string, path: string): boolean {
  try {
    linkSync(source, path);
    return true;
  } catch {
    return false;
  }
}
