import type { CwlVersion } from '../model.ts';
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

/** The evaluator of one invocation of a process: its version, its expressionLib, its time and its seed. */
export function evaluatorFor(process: { cwlVersion: CwlVersion }, options: ProcessEvaluatorOptions): Evaluator {
  const inline = requirement(options.requirements, 'InlineJavascriptRequirement');
  const { cwlVersion } = process;
  if (inline === undefined) return createEvaluator({ cwlVersion });
  const { evaluateJavaScript: evaluate, now, seed } = options;
  return createEvaluator({ cwlVersion, javascript: { library: inline.library, evaluate, now, seed } });
}
