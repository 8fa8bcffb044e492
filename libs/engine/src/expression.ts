import { evaluate, ExpressionError, hasExpression, parseTemplate } from '@runnel/cwl';
import type { TemplatePart } from '@runnel/cwl';
import type { ExpressionRules } from './scope.ts';
import type { EvaluationRequest, FailureInfo, RunValue, RunValues } from './types.ts';
import { chunksOf, containsReference, storedOf } from './values.ts';

export type LoadFlags = NonNullable<EvaluationRequest['load']>;

/** What an evaluation needs but its key, seed and time: those belong to the run. */
export type Ask = Pick<EvaluationRequest, 'template' | 'context' | 'path' | 'load' | 'selfInput' | 'javascript' | 'library' | 'cwlVersion'>;

/** The value of a template, or that somebody with JavaScript and the store must be asked. */
export type Answer = { value: RunValue } | { ask: Ask } | { failure: FailureInfo };

type Reference = (TemplatePart & { kind: 'reference' })['reference'];

export interface Question {
  template: string;
  inputs: RunValues;
  self: RunValue;
  path: string;
  rules: ExpressionRules;
  /** Inputs whose contents or listing must be loaded before an expression sees them. */
  load?: LoadFlags;
  /** The input that `self` is, where it is one. */
  own?: string;
}

/** Evaluates what needs neither JavaScript nor the content of a stored value or file; the rest is asked. */
export function answer(question: Question): Answer {
  const { template, inputs, self, path, rules } = question;
  if (!hasExpression(template)) return { value: template };
  try {
    const parsed = parseTemplate(template, { cwlVersion: rules.cwlVersion });
    const mustAsk = parsed.parts.some((part) => {
      if (part.kind === 'reference') return needsALook(part.reference, question, parsed.whole);
      return part.kind === 'javascript' && rules.javascript;
    });
    if (mustAsk) return { ask: toAsk(question) };
    const value = evaluate(parsed, { inputs, self }, { path, ...(rules.javascript && { javascript: { library: [] } }) });
    if (value instanceof Promise) throw new Error(`${path}: JavaScript reached the engine`);
    return { value };
  } catch (error) {
    if (error instanceof ExpressionError) return { failure: { class: 'expression', reason: error.message } };
    throw error;
  }
}

function toAsk({ template, inputs, self, path, rules, load, own }: Question): Ask {
  const loads = load && Object.keys(load).length > 0 && { load };
  return { template, context: { inputs, self }, path, ...rules, ...loads, ...(own !== undefined && { selfInput: own }) };
}

/** Whether a parameter reference passes through, or puts into text, something that is not in the state. */
function needsALook({ root, keys }: Reference, { inputs, self, load = {}, own }: Question, whole: boolean): boolean {
  const name = root === 'inputs' ? keys[0] : root === 'self' ? own : undefined;
  if (name === undefined ? root === 'inputs' && Object.keys(load).length > 0 : Object.hasOwn(load, name)) return true;
  let current: RunValue | undefined = root === 'inputs' ? inputs : root === 'self' ? self : null;
  for (const key of keys) {
    if (storedOf(current) ?? chunksOf(current)) return true;
    if (typeof current !== 'object' || current === null) return false;
    current = Object.hasOwn(current, key) ? (current as { [name: string | number]: RunValue })[key] : undefined;
  }
  return !whole && current !== undefined && containsReference(current);
}

/** A template whose value is its `self`, read from the store. */
export const lookAt = (value: RunValue, path: string, rules: ExpressionRules): Ask => ({
  template: '$(self)',
  context: { inputs: {}, self: value },
  path,
  ...rules,
});
