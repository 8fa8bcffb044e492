import { randomBytes } from 'node:crypto';
import { request, requestJson, type Target } from '../client/http.ts';
import type { Journey, Way } from './journey.ts';

export interface JourneyReport {
  journey: string;
  passed: boolean;
  seconds: number;
  /** Why it failed, or what of it was not tried. */
  remark?: string;
}

export interface JourneyOptions {
  target: Target;
  /** Seconds that one may take. */
  timeout: number;
  image?: string | undefined;
}

/** Seconds for the removal of what a journey made, also when it ran out of time. */
const tidying = 15;
const prefix = 'system-test-';

/** Walks all at once: each has its own process and names, so none sees another. */
export function runJourneys(journeys: readonly Journey[], options: JourneyOptions): Promise<JourneyReport[]> {
  return Promise.all(journeys.map((journey) => runJourney(journey, options)));
}

async function runJourney(journey: Journey, { target, timeout, image }: JourneyOptions): Promise<JourneyReport> {
  const begun = performance.now();
  const signal = AbortSignal.timeout(timeout * 1000);
  const undos: ((target: Target) => Promise<unknown>)[] = [];
  const way: Way = {
    target,
    name: `${prefix}${Date.now().toString(36)}-${randomBytes(4).toString('hex')}`,
    secret: `said-${randomBytes(12).toString('hex')}`,
    image,
    signal,
    afterwards: (undo) => void undos.push(undo),
  };
  let remark: string | void;
  let passed = true;
  try {
    remark = await journey.travel(way);
  } catch (error) {
    passed = false;
    remark = signal.aborted ? `not over after ${timeout} s` : reasonOf(error);
  }
  const seconds = (performance.now() - begun) / 1000;
  for (const undo of undos.reverse()) {
    try {
      await within(tidying, undo(target));
    } catch (error) {
      passed = false;
      remark = `${remark === undefined ? '' : `${remark}; `}could not tidy up: ${reasonOf(error)}`;
    }
  }
  return { journey: journey.name, passed, seconds, ...(remark === undefined ? {} : { remark }) };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n').slice(0, 3).join(' ');

async function within(seconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${seconds} s`)), seconds * 1000);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Removes the processes of system tests that were killed an hour ago or before. */
export async function removeLeftovers(target: Target): Promise<void> {
  const base = `/${target.workspace}/ogc-api/processes`;
  const { processes } = await requestJson<{ processes: { id: string }[] }>(target, `${base}?limit=1000`);
  for (const { id } of processes.filter((process) => isLeftover(process.id, Date.now())))
    await request(target, `${base}/${id}`, { method: 'DELETE', tolerate: [404] });
}

/** Whether the id is that of a system test that began more than an hour before `now` (milliseconds since 1970). */
export function isLeftover(id: string, now: number): boolean {
  const begun = /^system-test-([0-9a-z]{8,9})-[0-9a-f]{8}$/.exec(id)?.[1];
  return begun !== undefined && now - Number.parseInt(begun, 36) > 3_600_000;
}
