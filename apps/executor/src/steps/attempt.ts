import type { DataOf, StepRequested } from '@runnel/contracts';

export type StepRequest = DataOf<typeof StepRequested>;

export interface AttemptId {
  workspace: string;
  run: string;
  step: string;
  attempt: number;
}

export const attemptIdOf = ({ workspace, run, step, attempt }: AttemptId): AttemptId => ({ workspace, run, step, attempt });

/** One string per attempt, for maps and logs. */
export const attemptName = ({ run, step, attempt }: Omit<AttemptId, 'workspace'>): string => `${run}/${step}/${attempt}`;

export const resultKey = ({ workspace, run, step, attempt }: AttemptId): string =>
  `${workspace}/attempts/${run}/${step}/${attempt}/result.json`;

export const logPrefix = ({ workspace, run, step, attempt }: AttemptId): string => `${workspace}/logs/${run}/${step}/${attempt}`;
