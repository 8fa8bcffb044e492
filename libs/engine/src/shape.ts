import type { ScatterMethod } from '@runnel/cwl';

/** More elements than this in one scatter are refused: five times what is measured (`make bench-long`), days of work for a mistyped product. */
export const largestScatter = 500_000;

export type Shape = { shape: number[]; total: number } | { reason: string };

const product = (figures: number[]): number => figures.reduce((result, n) => result * n, 1);

/** Shape of a scatter over lists of these lengths (WorkflowStep, "scatterMethod"), or why there is none. */
export function shapeOf(method: ScatterMethod, lengths: { input: string; length: number }[]): Shape {
  const figures = lengths.map(({ length }) => length);
  if (method === 'dotproduct' && new Set(figures).size > 1) {
    const named = lengths.map(({ input, length }) => `${input} has ${length}`).join(', ');
    return { reason: `dotproduct needs lists of one length: ${named}` };
  }
  const shape = method === 'nested_crossproduct' ? figures : method === 'flat_crossproduct' ? [product(figures)] : figures.slice(0, 1);
  const total = product(shape);
  if (total > largestScatter) return { reason: `the scatter has ${total} elements; the limit of one scatter is ${largestScatter}` };
  return { shape, total };
}

/** Position in each scattered list of element `index`; the last list varies fastest in cross products. */
export function positionsOf(method: ScatterMethod, lengths: number[], index: number): number[] {
  return method === 'dotproduct' ? lengths.map(() => index) : digits(index, lengths);
}

/** Mixed-radix digits of `index`, the last radix varying fastest. */
export function digits(index: number, radices: number[]): number[] {
  let rest = index;
  return radices
    .toReversed()
    .map((radix) => {
      const digit = rest % radix;
      rest = Math.floor(rest / radix);
      return digit;
    })
    .reverse();
}

/** The inverse of `digits`; undefined where a digit is out of range or their number is wrong. */
export function fromDigits(figures: number[], radices: number[]): number | undefined {
  if (figures.length !== radices.length || figures.some((digit, place) => digit >= (radices[place] ?? 0))) return undefined;
  return figures.reduce((index, digit, place) => index * (radices[place] ?? 0) + digit, 0);
}
