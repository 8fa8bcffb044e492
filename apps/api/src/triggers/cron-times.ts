import { Cron } from 'croner';

export interface CronLine {
  readonly cron: string;
  readonly timeZone: string;
}

/** Why a line is refused: it does not parse, its time zone is unknown, or it never fires. */
export function cronFault(
  { cron, timeZone }: CronLine,
  now: Date,
): { readonly path: 'cron' | 'timeZone'; readonly message: string } | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return { path: 'timeZone', message: `there is no time zone ${timeZone} (Europe/Berlin, UTC)` };
  }
  try {
    if (lineOf({ cron, timeZone }).nextRun(now)) return undefined;
    return { path: 'cron', message: `${cron} never fires` };
  } catch (error) {
    return { path: 'cron', message: `${cron} is not understood: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const lineOf = ({ cron, timeZone }: CronLine): Cron => new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true });

/** The next times after an instant, in order. */
export const nextTimes = (line: CronLine, after: Date, count: number): Date[] => lineOf(line).nextRuns(count, after);

/** Milliseconds by which a time may be late and is not yet missed. */
const grace = 60_000;
const mostMissed = 100;

/**
 * Which of the times from `due` to `now` are to be run, and when it is due next. Missed ones (later than a minute): none, the last alone, or
 * each of the last hundred.
 */
export function dueTimes(line: CronLine, missed: 'skip' | 'once' | 'all', due: Date, now: Date): { run: Date[]; next: Date | undefined } {
  const times: Date[] = [due];
  const cron = lineOf(line);
  // Of a line that was not looked at for long only the end counts.
  let at = new Date(Math.max(due.getTime(), now.getTime() - 31 * 86_400_000));
  for (let seen = 0; seen < 50_000; seen += 1) {
    const next = cron.nextRun(at);
    if (!next || next > now) return { run: chosen(times, missed, now), next: next ?? undefined };
    times.push(next);
    if (times.length > mostMissed) times.shift();
    at = next;
  }
  return { run: chosen(times, missed, now), next: cron.nextRun(now) ?? undefined };
}

function chosen(times: readonly Date[], missed: 'skip' | 'once' | 'all', now: Date): Date[] {
  if (missed === 'all') return [...times];
  const last = times.slice(-1);
  return missed === 'once' ? last : last.filter((time) => now.getTime() - time.getTime() <= grace);
}
