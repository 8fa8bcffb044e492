import type { SpawnResult, StepOutcome } from '../types.ts';

export type Failure = NonNullable<StepOutcome['failure']>;

/** What kept a step from being carried out, in the classes of libs/contracts; the message is for the user. */
export class StepFault extends Error {
  override name = 'StepFault';
  readonly failureClass: string;

  constructor(failureClass: string, reason: string) {
    super(reason);
    this.failureClass = failureClass;
  }
}

/** Of the log, in a failure. */
export const LOG_TAIL_CHARACTERS = 2000;

/** Why a tool that ran did not succeed. */
export function toolFailure(
  step: string,
  result: SpawnResult,
  limits: { timeLimit?: number; memoryLimitMiB?: number; outputLimitBytes?: number },
): Failure {
  const { exitCode, signal } = result;
  const logTail = result.logTail.slice(-LOG_TAIL_CHARACTERS);
  const rest = { exitCode, ...(signal === undefined ? {} : { signal }), ...(logTail === '' ? {} : { logTail }) };
  if (result.cancelled) return { class: 'stopped', reason: `${step}: stopped`, ...rest };
  switch (result.limit) {
    case 'time':
      return { class: 'time-limit', reason: `${step}: took longer than its time limit of ${limits.timeLimit} s and was stopped`, ...rest };
    case 'memory':
      return { class: 'out-of-memory', reason: `${step}: needed more memory than its limit of ${limits.memoryLimitMiB} MiB`, ...rest };
    case 'output':
      return { class: 'output-limit', reason: `${step}: wrote more than its limit of ${limits.outputLimitBytes} bytes`, ...rest };
    default:
      return { class: 'tool', reason: `${step}: ${exitReason(exitCode, signal)}`, ...rest };
  }
}

function exitReason(exitCode: number, signal: string | undefined): string {
  if (signal !== undefined) return `killed by ${signal} (exit code ${exitCode})`;
  if (exitCode === 127) return 'the program was not found (exit code 127)';
  if (exitCode === 126) return 'the program could not be started (exit code 126)';
  return `exit code ${exitCode}`;
}

/** A fault found before or after the tool ran: of the document, its inputs, its outputs or its expressions. */
export function describeFault(step: string, error: unknown, otherwise: string): Failure {
  if (error instanceof StepFault) return { class: error.failureClass, reason: `${step}: ${error.message}` };
  if (error instanceof Error && error.name === 'ExpressionError') return { class: 'expression', reason: `${step}: ${error.message}` };
  if (error instanceof Error && error.name === 'ProcessFault') return { class: otherwise, reason: `${step}: ${error.message}` };
  throw error;
}
