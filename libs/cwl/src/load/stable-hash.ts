/** FNV-1a over UTF-16 units, twice with different seeds: 16 hex digits. For names, not for security. */
export function stableHash(text: string): string {
  return [0x811c9dc5, 0x9747b28c].map((seed) => hashFrom(seed, text)).join('');
}

function hashFrom(seed: number, text: string): string {
  let hash = seed;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
