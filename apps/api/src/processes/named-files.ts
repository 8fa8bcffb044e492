import { visitPathValues } from '@runnel/cwl';
import type { CwlPackage, Json } from '@runnel/cwl';

/** Web addresses of files that a package names itself: in defaults and in what its tools find in their working directory. */
export function namedFiles(pkg: CwlPackage): string[] {
  const found = new Set<string>();
  visitPathValues(pkg.processes as unknown as Json, ({ class: kind, location }) => {
    if (kind === 'File' && typeof location === 'string' && /^https?:/i.test(location)) found.add(location);
  });
  return [...found];
}
