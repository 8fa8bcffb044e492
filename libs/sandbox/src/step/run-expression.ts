import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { runExpressionTool, type ExpressionTool, type JsonObject } from '@runnel/cwl';

import { StepFault } from './failures.ts';
import { completedInputs, type Preparation } from './prepare.ts';
import { takeOutputs } from './take-outputs.ts';

/** Carries out an ExpressionTool: nothing is started, but literals that it makes become files. */
export async function runExpression(tool: ExpressionTool, preparation: Preparation): Promise<JsonObject> {
  const { attempt, ports, evaluator } = preparation;
  const collected = await runExpressionTool(tool, await completedInputs(tool, preparation), evaluator);
  if ('failure' in collected) throw new StepFault(collected.failure.class, collected.failure.reason);
  mkdirSync(attempt.directory, { recursive: true });
  const places = { out: attempt.directory, readable: [] };
  const literals = join(attempt.directory, 'literals');
  const taken = await takeOutputs(collected.outputs, { exchange: ports.exchange, onHost: (path) => path, places, literals });
  return taken.outputs;
}
