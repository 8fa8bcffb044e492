import { expandPrefix } from '../load/scope.ts';
import type { CwlPackage } from '../model.ts';

/** Whether `format` is `wanted`, a subclass of it or equivalent to it, by the package's ontologies. Both are IRIs or use its prefixes. */
export function formatIsA(pkg: Pick<CwlPackage, 'namespaces' | 'formatParents'>, format: string, wanted: string): boolean {
  const goal = expandPrefix(pkg.namespaces, wanted);
  const reached = new Set([expandPrefix(pkg.namespaces, format)]);
  for (const iri of reached) {
    if (iri === goal) return true;
    if (Object.hasOwn(pkg.formatParents, iri)) for (const parent of pkg.formatParents[iri] ?? []) reached.add(parent);
  }
  return false;
}
