/** Where published outputs stand below their run: names are kept, and what would stand at the same place goes to a folder of its own. */
export interface FreePlaces {
  /**
   * A folder (`''` or ending with a slash) in which all these names are free, for one output; they are then taken. First choice is the top, then
   * `{output}/`, then `{output}/2/` and so on.
   */
  take(output: string, names: readonly string[]): string;
}

export function createFreePlaces(reserved: readonly string[]): FreePlaces {
  const taken = new Set<string>(reserved);
  const folders = new Set<string>();
  // Where the search for a free folder goes on: a scatter gives the same name thousands of times.
  const tried = new Map<string, number>();
  const isFree = (folder: string, names: readonly string[]): boolean =>
    !parents(folder).some((parent) => taken.has(parent)) && names.every((name) => !taken.has(folder + name) && !folders.has(folder + name));
  /** A file may already have the output's name. */
  const baseOf = (output: string): string => {
    for (let number = 1; ; number++) {
      const base = number === 1 ? output : `${output}_${number}`;
      if (!taken.has(base)) return base;
    }
  };
  return {
    take(output, names) {
      const base = baseOf(output);
      const search = `${base}/${names[0] ?? ''}`;
      let turn = tried.get(search) ?? 0;
      while (!isFree(candidate(base, turn), names)) turn++;
      tried.set(search, turn);
      const folder = candidate(base, turn);
      for (const name of names) taken.add(folder + name);
      for (const parent of parents(folder)) folders.add(parent);
      return folder;
    },
  };
}

function candidate(base: string, turn: number): string {
  if (turn === 0) return '';
  return turn === 1 ? `${base}/` : `${base}/${turn}/`;
}

/** `a/b/` → `a`, `a/b`. */
function parents(folder: string): string[] {
  const segments = folder.split('/').slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}
