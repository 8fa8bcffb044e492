import { pathToFileURL } from 'node:url';

/** Takes the place of `import.meta.url` in the snapshot, which is no module: the file of the bundle that the program was called as. */
export const bundleFile = {
  get url(): string {
    return pathToFileURL(process.argv[1] ?? '').href;
  },
};
