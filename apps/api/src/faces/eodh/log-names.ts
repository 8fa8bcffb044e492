/**
 * Names of logs are those of steps, as clients know them: `tile` for a step or its first element, `tile_2` for its second. Whatever lies deeper,
 * and what would have the name of another step, has its whole path.
 */
export function logName(step: string, taken: (name: string) => boolean): string {
  const [, name, index] = /^([^/[]+)(?:\[(\d+)\])?$/.exec(step) ?? [];
  if (name === undefined) return step;
  if (index === undefined) return name;
  const short = index === '0' ? name : `${name}_${Number(index) + 1}`;
  return taken(short) ? step : short;
}

/** Steps that a name may stand for; the first that there is has it. */
export function stepsNamed(name: string): string[] {
  const [, scattered, number] = /^(.+)_([1-9]\d{0,6})$/.exec(name) ?? [];
  return [name, `${name}[0]`, ...(scattered === undefined || Number(number) < 2 ? [] : [`${scattered}[${Number(number) - 1}]`])];
}
