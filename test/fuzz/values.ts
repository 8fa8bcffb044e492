import type { Random } from './random.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** Types of the generated documents, as CWL writes them. */
export type Type =
  'boolean' | 'int' | 'double' | 'string' | 'File' | 'Directory' | 'int[]' | 'string[]' | 'File[]' | 'int?' | 'string?' | 'File?';

const words = ['', 'a', 'Bee', 'c d', 'é€', '-x', '$HOME', "it's", '"q"', 'a,b', '#1', 'null', '0'];

/** Text without a line break that tools can be given. */
export const aWord = (random: Random): string => random.pick(words);

/** A value of a type; files are literals, which every engine takes. */
export function valueOf(type: Type, random: Random): Json {
  switch (type) {
    case 'boolean':
      return random.chance(0.5);
    case 'int':
      return random.pick([0, 1, 2, 3, -1, 7, 1000000]);
    case 'double':
      return random.pick([0.5, -2.25, 1e-7, 3.75, 123456.789]);
    case 'string':
      return aWord(random);
    case 'File':
      return {
        class: 'File',
        basename: `${random.pick(['in', 'data.v1', 'x-y'])}.txt`,
        contents: `${aWord(random)}\n`.repeat(random.int(0, 3)),
      };
    case 'Directory':
      return { class: 'Directory', basename: 'folder', listing: [namedFile('one.txt', random), namedFile('two.dat', random)] };
    case 'int[]':
    case 'string[]':
    case 'File[]':
      return Array.from({ length: random.int(0, 3) }, () => valueOf(type.slice(0, -2) as Type, random));
    case 'int?':
    case 'string?':
    case 'File?':
      return random.chance(0.4) ? null : valueOf(type.slice(0, -1) as Type, random);
  }
}

function namedFile(basename: string, random: Random): JsonObject {
  return { class: 'File', basename, contents: aWord(random) };
}
