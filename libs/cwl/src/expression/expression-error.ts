import type { ExpressionContext } from '../ports.ts';
import { toText } from './json-text.ts';
import { shorten } from './shorten.ts';

export interface ExpressionFault {
  /** The expression as the document has it. */
  expression: string;
  /** Plain sentence: what is wrong with it. */
  reason: string;
  /** Where in the document, e.g. `steps.tile.when`. */
  path?: string | undefined;
  /** What the expression saw; kept shortened. */
  context?: ExpressionContext | undefined;
}

const longestInputs = 400;

/** An expression that cannot be parsed or evaluated; the message names place, expression, reason and the inputs it saw. */
export class ExpressionError extends Error {
  override readonly name: string = 'ExpressionError';
  readonly expression: string;
  readonly reason: string;
  readonly path: string | undefined;
  /** JSON of the inputs the expression saw, at most 400 characters. */
  readonly inputs: string | undefined;

  constructor(fault: ExpressionFault) {
    const inputs = fault.context === undefined ? undefined : shorten(toText(fault.context.inputs), longestInputs);
    const place = fault.path === undefined ? '' : `${fault.path}: `;
    const seen = inputs === undefined ? '' : ` (inputs: ${inputs})`;
    super(`${place}${shorten(fault.expression, longestInputs)}: ${fault.reason}${seen}`);
    this.expression = fault.expression;
    this.reason = fault.reason;
    this.path = fault.path;
    this.inputs = inputs;
  }

  /** The same fault with what only the caller knows: the place in the document and the inputs. */
  at(path: string | undefined, context: ExpressionContext): ExpressionError {
    if (this.path !== undefined && this.inputs !== undefined) return this;
    return new ExpressionError({ expression: this.expression, reason: this.reason, path: this.path ?? path, context });
  }
}
