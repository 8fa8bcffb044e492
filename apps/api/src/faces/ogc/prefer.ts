/** What a caller prefers of an execution (RFC 7240). */
export interface Preference {
  /** Seconds it would wait for the results; absent: it does not. */
  readonly wait?: number;
  readonly async: boolean;
}

/** Seconds that an answer is waited for at most. */
const longestWait = 60;

export function readPrefer(header: string | string[] | undefined): Preference {
  const wishes = [header].flat().join(',').split(/[,;]/);
  const names = wishes.map((wish) => wish.trim().toLowerCase());
  const wait = names.map((name) => /^wait\s*=\s*"?(\d+)"?$/.exec(name)?.[1]).find((seconds) => seconds !== undefined);
  return {
    async: names.includes('respond-async'),
    ...(wait === undefined || Number(wait) === 0 ? {} : { wait: Math.min(Number(wait), longestWait) }),
  };
}
