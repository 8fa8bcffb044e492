import { showingListings } from '../files/listed-folders.ts';
import type { Process } from '../model.ts';
import type { EvaluateJavaScript } from '../ports.ts';
import type { RequirementsInForce } from '../requirements.ts';
import { requirement } from '../requirements.ts';
import type { Evaluator } from './evaluate.ts';
import { createEvaluator } from './evaluate.ts';

export interface ProcessEvaluatorOptions {
  requirements: RequirementsInForce;
  evaluateJavaScript: EvaluateJavaScript;
  /** Acceptance time of the run (RFC 3339): `Date` in expressions. */
  now: string;
  seed: string;
}

/** The evaluator of one invocation of a process: its version, its expressionLib, its time and its seed, its word about listings. */
export function evaluatorFor(process: Pick<Process, 'inputs' | 'cwlVersion'>, options: ProcessEvaluatorOptions): Evaluator {
  return showingListings(plainEvaluator(process, options), { process, requirements: options.requirements });
}

function plainEvaluator({ cwlVersion }: Pick<Process, 'cwlVersion'>, options: ProcessEvaluatorOptions): Evaluator {
  const inline = requirement(options.requirements, 'InlineJavascriptRequirement');
  if (inline === undefined) return createEvaluator({ cwlVersion });
  const { evaluateJavaScript: evaluate, now, seed } = options;
  return createEvaluator({ cwlVersion, javascript: { library: inline.library, evaluate, now, seed } });
}
