import type { Process } from '@runnel/cwl';

import { showPosition } from './fault.ts';
import type { LoadedProcess } from './load-job.ts';

/**
 * Where the document says what a failure at run time is about: the innermost element that the reason names (`arguments[0]`, `outputs.image`),
 * else the process itself. Empty where the place is not known.
 */
export function locateFault({ package: pkg, positions }: LoadedProcess, id: string, reason: string): string {
  const process = pkg.processes[id];
  if (process === undefined) return '';
  for (const path of reason.matchAll(/(?:^|: )([a-zA-Z]+(?:\[\d+\]|\.[^\s:[\]]+)*)(?=: )/g)) {
    const found = positionOf(process, path[1] ?? '', positions);
    if (found !== undefined) return showPosition(found);
  }
  const whole = positions(process);
  return whole === undefined ? '' : showPosition(whole);
}

function positionOf(process: Process, path: string, positions: LoadedProcess['positions']): ReturnType<LoadedProcess['positions']> {
  const [field = '', name, ...rest] = path.split(/[.[\]]+/).filter(Boolean);
  if (!Object.hasOwn(process, field)) return undefined;
  const value = (process as unknown as { [name: string]: unknown })[field];
  const named = (Array.isArray(value) ? value : []) as { id?: string; class?: string }[];
  const element = named.find((one) => one.id === name || one.class === name);
  if (element === undefined) return positions(process, field);
  return (rest[0] === undefined ? undefined : positions(element, rest[0])) ?? positions(element);
}
