import type { ExpressionTool, Json, JsonObject } from '../model.ts';
import type { Evaluator } from '../expression/evaluate.ts';
import { completeNames } from '../files/names.ts';
import { isObject, textField, visitPathValues, isLiteral } from '../files/values.ts';
import { ProcessFault } from '../process-fault.ts';
import { showType } from '../check/show-type.ts';
import { describeValue } from '../load/raw.ts';
import { isOfType } from '../value-type.ts';
import type { Collected } from './collect-outputs.ts';
import { collectionFailure } from './collect-outputs.ts';

/**
 * Evaluates an ExpressionTool with completed inputs. Files of its result are inputs passed on by `location` (perhaps under another basename) or
 * literals; any other location is refused.
 */
export async function runExpressionTool(tool: ExpressionTool, inputs: JsonObject, evaluator: Evaluator): Promise<Collected> {
  try {
    const result = await evaluator(tool.expression, { inputs, self: null, runtime: {} }, 'expression');
    if (!isObject(result)) throw new ProcessFault('expression', `must give an object with the outputs, not ${describeValue(result)}`);
    return { outputs: checkedOutputs(tool, inputs, result) };
  } catch (error) {
    return collectionFailure(error);
  }
}

function checkedOutputs(tool: ExpressionTool, inputs: JsonObject, result: JsonObject): JsonObject {
  const locations = new Set<string>();
  visitPathValues(inputs, (value) => locations.add(textField(value, 'location') ?? ''));
  const outputs: JsonObject = {};
  for (const { id, type } of tool.outputs) {
    const where = `outputs.${id}`;
    const value: Json = completeNames(result[id] ?? null);
    // Any of an expression's result takes null too: that is how a tool hands on a missing value.
    if (!isOfType(value, type) && !(value === null && type === 'Any'))
      throw new ProcessFault(where, `must be ${showType(type)}, but the expression gave ${describeValue(value)}`);
    visitPathValues(value, (file) => {
      const location = textField(file, 'location');
      if (isLiteral(file) || (location !== undefined && locations.has(location))) return;
      throw new ProcessFault(
        where,
        `the ${file.class} ${textField(file, 'basename') ?? ''} is neither an input (same location) nor a literal`,
      );
    });
    outputs[id] = value;
  }
  return outputs;
}
