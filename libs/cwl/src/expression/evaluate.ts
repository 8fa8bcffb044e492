import type { CwlVersion, Json } from '../model.ts';
import type { EvaluateJavaScript, ExpressionContext } from '../ports.ts';
import { ExpressionError } from './expression-error.ts';
import { interpolated } from './json-text.ts';
import { resolveReference } from './reference.ts';
import type { Template, TemplateOptions, TemplatePart } from './template.ts';
import { hasExpression, parseTemplate } from './template.ts';

/** InlineJavascriptRequirement as it is in force for an expression. */
export interface JavaScriptSupport {
  library: string[];
  /** Absent where the caller knows (`needsJavaScript`) that only parameter references are left. */
  evaluate?: EvaluateJavaScript;
  now?: string;
  seed?: string;
}

export interface EvaluateOptions {
  /** Absent: InlineJavascriptRequirement is not in force, only parameter references are allowed. */
  javascript?: JavaScriptSupport;
  /** Place in the document for errors. */
  path?: string;
}

/**
 * Evaluates a parsed field. The answer is a promise only where the sandbox has to run; parameter references and plain scripts are resolved at once.
 * Throws or rejects with ExpressionError.
 */
export function evaluate(template: Template, context: ExpressionContext, options: EvaluateOptions = {}): Json | Promise<Json> {
  const values = template.parts.map((part) => evaluatePart(part, context, options));
  if (areReady(values)) return combine(template, values);
  return Promise.all(values.map((value) => Promise.resolve(value))).then((ready) => combine(template, ready));
}

function areReady(values: (Json | Promise<Json>)[]): values is Json[] {
  return !values.some((value) => value instanceof Promise);
}

function combine(template: Template, values: Json[]): Json {
  return template.whole ? (values[0] ?? null) : values.map(interpolated).join('');
}

function evaluatePart(part: TemplatePart, context: ExpressionContext, options: EvaluateOptions): Json | Promise<Json> {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'javascript') return runScript(part, context, options);
  const resolved = resolveReference(part.reference, context, options.javascript !== undefined);
  if ('value' in resolved) return resolved.value;
  throw new ExpressionError({ expression: part.expression, reason: resolved.reason, path: options.path, context });
}

function runScript(
  part: TemplatePart & { kind: 'javascript' },
  context: ExpressionContext,
  options: EvaluateOptions,
): Json | Promise<Json> {
  const { javascript, path } = options;
  if (javascript === undefined) {
    const reason = 'this is no parameter reference, and JavaScript needs InlineJavascriptRequirement';
    throw new ExpressionError({ expression: part.expression, reason, path, context });
  }
  // A library may have changed what operators and fields mean.
  const plain = javascript.library.length === 0 ? part.plain?.(context) : undefined;
  if (plain !== undefined) return plain.value;
  if (javascript.evaluate === undefined) throw new TypeError(`${part.expression} needs JavaScript, which was not given to evaluate()`);
  const { library, now, seed } = javascript;
  const task = {
    kind: part.form,
    source: part.source,
    context,
    library,
    ...(now !== undefined && { now }),
    ...(seed !== undefined && { seed }),
  };
  return javascript.evaluate(task).catch((error: unknown) => {
    throw error instanceof ExpressionError ? error.at(path, context) : error;
  });
}

/** Evaluates fields of one process under its version and its requirements; text without an expression is returned as it is. */
export type Evaluator = (
  text: string,
  context: ExpressionContext,
  path: string,
  options?: Pick<TemplateOptions, 'keepWhitespace'>,
) => Json | Promise<Json>;

export interface EvaluatorOptions {
  cwlVersion: CwlVersion;
  /** Absent: InlineJavascriptRequirement is not in force. */
  javascript?: JavaScriptSupport;
}

/** Binds version and JavaScript, so that command and collection need only the text and what it sees. */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { cwlVersion, javascript } = options;
  return (text, context, path, template = {}) => {
    if (!hasExpression(text)) return text;
    try {
      const parsed = parseTemplate(text, { cwlVersion, ...template });
      return evaluate(parsed, context, { path, ...(javascript !== undefined && { javascript }) });
    } catch (error) {
      throw error instanceof ExpressionError ? error.at(path, context) : error;
    }
  };
}
