/** Beyond this many, comparing a mistyped name with each would cost more than the hint is worth. */
const MAX_CANDIDATES = 500;

/** The candidate that a mistyped name most likely stands for: at most a third of its letters wrong, or only its case. */
function closest(name: string, candidates: Iterable<string>): string | undefined {
  // Longer names are no typing errors, and comparing them would cost the product of both lengths.
  if (name.length > 64) return undefined;
  let best: string | undefined;
  let left = MAX_CANDIDATES;
  let distance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (left-- === 0) break;
    if (candidate.toLowerCase() === name.toLowerCase()) return candidate;
    if (Math.abs(candidate.length - name.length) >= distance) continue;
    const found = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (found < distance) {
      best = candidate;
      distance = found;
    }
  }
  return best;
}

/** Names in a message, the first twenty of them. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  return names.length > 20 ? `${names.slice(0, 20).join(', ')}, ... (${names.length})` : names.join(', ');
}

export function didYouMean(name: string, candidates: Iterable<string>): { hint?: string } {
  const best = closest(name, candidates);
  return best === undefined ? {} : { hint: `did you mean "${best}"?` };
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
