import { constants, copyFileSync, cpSync, existsSync, statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { checksumAndSize, type FileExchange } from '@runnel/sandbox';

/** Files of the local disk where they stand. With isolation tools get copies, since they may not be allowed to read the originals. */
export function createLocalExchange(isolated: boolean): FileExchange {
  const stand = (location: string): string => fileURLToPath(location);
  return {
    ...(!isolated && {
      resident: (location) => {
        const path = location.startsWith('file:') ? stand(location) : undefined;
        return path !== undefined && existsSync(path) ? path : undefined;
      },
    }),
    async bringIn(location, path) {
      if (!location.startsWith('file:')) throw new Error('only files of this machine can be used');
      const source = stand(location);
      if (!isolated) return source;
      if (statSync(source).isDirectory()) cpSync(source, path, { recursive: true, dereference: true });
      else copyFileSync(source, path, constants.COPYFILE_FICLONE);
      return path;
    },
    async takeOut(path) {
      return { location: pathToFileURL(path).href, ...(await checksumAndSize(path)) };
    },
    async takeOutDirectory(path) {
      return pathToFileURL(path).href;
    },
  };
}
