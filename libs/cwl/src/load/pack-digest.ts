import type { CwlPackage, Json } from '../model.ts';

/** Canonical JSON (keys sorted, no spaces): its sha256 names the package. */
export function packDigestText(pkg: CwlPackage): string {
  return canonicalJson(pkg as unknown as Json);
}

function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${fields.join(',')}}`;
}
