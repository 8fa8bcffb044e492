import type { StepAttempt, StepOutcome } from '../types.ts';
import { describeFault, StepFault, type Failure } from './failures.ts';
import { prepare, type StepPorts } from './prepare.ts';
import { runCommand } from './run-command.ts';
import { runExpression } from './run-expression.ts';

/** Carries out one attempt of a step. Faults of the document, its inputs or its tool are outcomes; only broken I/O of our own is thrown. */
export async function carryOut(attempt: StepAttempt, ports: StepPorts): Promise<StepOutcome> {
  const process = attempt.package.processes[attempt.process];
  const startedAt = new Date().toISOString();
  const begun = performance.now();
  const usage: StepOutcome['usage'] = {
    wallSeconds: 0,
    cpuSeconds: 0,
    maxMemoryBytes: 0,
    cores: 1,
    memoryMiB: 0,
    inputBytes: 0,
    outputBytes: 0,
  };
  const end = (rest: { outputs: StepOutcome['outputs'] } | { failure: Failure }): StepOutcome => {
    usage.wallSeconds ||= (performance.now() - begun) / 1000;
    const common = { startedAt, finishedAt: new Date().toISOString(), usage };
    if ('failure' in rest) return { outcome: 'failed', outputs: {}, failure: rest.failure, ...common };
    return { outcome: 'success', outputs: rest.outputs, ...common };
  };
  try {
    if (process?.class === 'ExpressionTool') return end({ outputs: await runExpression(process, prepare(attempt, process, ports)) });
    if (process?.class === 'CommandLineTool') return end(await runCommand(process, prepare(attempt, process, ports), usage));
    const what = process ? `of class ${process.class}, which` : 'no process of its package and';
    throw new StepFault('inputs', `${attempt.process} is ${what} cannot be carried out`);
  } catch (error) {
    return end({ failure: describeFault(attempt.name, error, 'inputs') });
  }
}
