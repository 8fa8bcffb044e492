/** What a caller prefers of an execution (RFC 7240). */
export interface Preference {
  /** Seconds it would wait for the results; absent: it does not say. */
  readonly wait?: number;
  readonly async: boolean;
  /** Results by their addresses, or in the answer (what 18-062r3 adds). Absent: it does not say. */
  readonly form?: 'minimal' | 'representation';
}

/** Seconds that an answer is waited for at most. */
const longestWait = 60;

export function readPrefer(header: string | string[] | undefined): Preference {
  const wishes = [header].flat().join(',').split(/[,;]/);
  const names = wishes.map((wish) => wish.trim().toLowerCase());
  const wait = names.map((name) => /^wait\s*=\s*"?(\d+)"?$/.exec(name)?.[1]).find((seconds) => seconds !== undefined);
  const form = names.map((name) => /^return\s*=\s*"?(minimal|representation)"?$/.exec(name)?.[1]).find((one) => one !== undefined);
  return {
    async: names.includes('respond-async'),
    ...(wait === undefined || Number(wait) === 0 ? {} : { wait: Math.min(Number(wait), longestWait) }),
    ...(form === 'minimal' || form === 'representation' ? { form } : {}),
  };
}

export interface Mode {
  /** Seconds for which the answer waits for the results; 0: it does not. */
  readonly wait: number;
  /** `Preference-Applied` of an answer with results; absent: no preference was. */
  readonly applied?: string;
}

/**
 * How an execution answers (18-062r2, 7.11.2.3): without a preference with the results where the process can, else with the job. A caller that
 * says how long it waits is waited for, whatever the process advertises.
 */
export function modeOf({ async, wait }: Preference, options: readonly string[]): Mode {
  const canWait = options.includes('sync-execute');
  if (wait !== undefined) return { wait, applied: `wait=${wait}` };
  if (!canWait) return { wait: 0 };
  if (async && options.includes('async-execute')) return { wait: 0 };
  return { wait: longestWait };
}
