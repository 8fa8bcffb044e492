import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { checksumAndSize, type FileExchange } from '@runnel/sandbox';
import { tryLink } from './try-link.ts';

/**
 * Files of the local disk where they stand. With isolation tools get links (`link`: they run as the same user) or copies in a folder that they
 * cannot write, for the originals are out of their sight.
 */
export function createLocalExchange(isolated: boolean, link = false): FileExchange {
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
      bring(source, path, link);
      return path;
    },
    original: (location) => (location.startsWith('file:') ? stand(location) : undefined),
    async takeOut(path) {
      return { location: pathToFileURL(path).href, ...(await checksumAndSize(path)) };
    },
    async takeOutDirectory(path) {
      return pathToFileURL(path).href;
    },
  };
}

function bring(source: string, path: string, link: boolean): void {
  if (statSync(source).isDirectory()) {
    mkdirSync(path, { recursive: true });
    for (const name of readdirSync(source)) bring(join(source, name), join(path, name), link);
  } else if (!link || !tryLink(realpathSync(source), path)) copyFileSync(source, path, constants.COPYFILE_FICLONE);
}
