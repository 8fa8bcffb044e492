import type { Json, JsonObject } from '@runnel/cwl';
import { isObject } from './check-document.ts';

const everywhere = [-180, -90, 180, 90];

/** The extent of a collection made for these items; of what none of them says, the whole world and the time of publication. */
export function extentOf(items: readonly JsonObject[], publishedAt: string): JsonObject {
  const boxes = items.flatMap((item) => (Array.isArray(item['bbox']) ? [flat(item['bbox'] as number[])] : []));
  const times = items.flatMap((item) => (isObject(item['properties']) ? timesIn(item['properties']) : []));
  const instants = times.map((time) => Date.parse(time)).sort((one, other) => one - other);
  const [first = Date.parse(publishedAt), last = first] = [instants.at(0), instants.at(-1)];
  return {
    spatial: { bbox: [boxes.length > 0 ? boxes.reduce(union) : everywhere] },
    temporal: { interval: [[new Date(first).toISOString(), new Date(last).toISOString()]] },
  };
}

function timesIn({ datetime, start_datetime: start, end_datetime: end }: JsonObject): string[] {
  return [datetime, start, end].filter((time: Json | undefined): time is string => typeof time === 'string');
}

/** Without heights. */
function flat(box: number[]): number[] {
  return box.length === 6 ? [box[0] ?? 0, box[1] ?? 0, box[3] ?? 0, box[4] ?? 0] : box;
}

function union(one: number[], other: number[]): number[] {
  const pick = (choose: (a: number, b: number) => number, index: number): number => choose(one[index] ?? 0, other[index] ?? 0);
  return [pick(Math.min, 0), pick(Math.min, 1), pick(Math.max, 2), pick(Math.max, 3)];
}
