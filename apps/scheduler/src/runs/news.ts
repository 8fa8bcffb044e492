import type { RunCommand } from '@runnel/engine';

/** A command for one run, and what came with it that the engine has no use for. */
export interface News {
  run: string;
  command: RunCommand;
  /** With news of an attempt: what its executor says of it. */
  attempt?: {
    startedAt?: string;
    finishedAt?: string;
    logs?: readonly { key: string; size: number }[];
    /** What it did with which inputs, and whose result it took. */
    reuseKey?: string;
    reused?: object;
  };
  /** With `grant-steps`: the row that the request takes, and what each element was admitted for. */
  grant?: { id: string; cores: number; memoryMiB: number };
  /** The message that brought it. */
  cause?: { id: string; traceparent?: string | undefined };
  /** Another service appended to the run: what is in memory is old. */
  reload?: true;
}

/** News of runs, by run, in order of arrival. */
export function byRun(news: readonly News[]): Map<string, News[]> {
  const groups = new Map<string, News[]>();
  for (const item of news) {
    const group = groups.get(item.run);
    if (group) group.push(item);
    else groups.set(item.run, [item]);
  }
  return groups;
}

/** The time of a command (RFC 3339). */
export const now = (): string => new Date().toISOString();
