import type { CommandLineTool, CwlVersion, Json, JsonObject, OutputParameter } from '../model.ts';
import { valueFaults } from '../check/check-value.ts';
import { ExpressionError } from '../expression/expression-error.ts';
import type { Evaluator } from '../expression/evaluate.ts';
import { isWithin, joinPath } from '../files/names.ts';
import { isObject } from '../files/values.ts';
import type { ExpressionContext, ToolFiles } from '../ports.ts';
import { ProcessFault } from '../process-fault.ts';
import type { RequirementsInForce } from '../requirements.ts';
import type { Runtime } from '../resources.ts';
import { describeValue } from '../load/raw.ts';
import { collectOutput } from './collect-output.ts';
import type { LinkEnd } from './output-tree.ts';
import { outputTree } from './output-tree.ts';
import type { OutputScope } from './output-values.ts';
import { knownInputs, settleOutput } from './output-values.ts';

export interface CollectContext {
  /** As the tool saw it. */
  runtime: Runtime;
  exitCode: number;
  /** As `buildCommand` gave them: with the paths they had while the tool ran. */
  inputs: JsonObject;
  requirements: RequirementsInForce;
  evaluator: Evaluator;
  files: ToolFiles;
  /** Places outside of the output directory where links may lead: staged inputs and what their links lead to. */
  readable?: readonly string[];
}

/** What one parameter needs to be collected. */
export interface CollectScope extends OutputScope {
  evaluator: Evaluator;
  requirements: RequirementsInForce;
  files: ToolFiles;
  cwlVersion: CwlVersion;
  seen: Omit<ExpressionContext, 'self'>;
}

/** `class` as in the failures of runs: a fault of an expression, or of what the tool left. */
export type Collected = { outputs: JsonObject } | { failure: { class: 'outputs' | 'expression'; reason: string } };

const outputObject = 'cwl.output.json';
/** No limit of its own: cwl.output.json may be as large as memory allows (§ CommandOutputBinding.outputEval). */
const noLimit = Number.MAX_SAFE_INTEGER;

/**
 * Makes the output object of a finished tool: from cwl.output.json where there is one, else by the output bindings (§ Output binding). Files have
 * `path` where they lie in the output directory, `location` where an input is passed on, `contents` where they are literals.
 */
export async function collectOutputs(tool: CommandLineTool, context: CollectContext): Promise<Collected> {
  try {
    return { outputs: await collect(tool, context) };
  } catch (error) {
    return collectionFailure(error);
  }
}

/** Faults of document, tool and expressions are outcomes; anything else is thrown on. */
export function collectionFailure(error: unknown): Collected {
  if (error instanceof ProcessFault) return { failure: { class: 'outputs', reason: error.message } };
  if (error instanceof ExpressionError) return { failure: { class: 'expression', reason: error.message } };
  throw error;
}

async function collect(tool: CommandLineTool, context: CollectContext): Promise<JsonObject> {
  const { inputs, runtime, files, evaluator, requirements } = context;
  const { outdir } = runtime;
  const known = knownInputs(inputs);
  const allowed = [...(context.readable ?? []), ...known.byPath.keys()].filter((path) => !isWithin(path, outdir));
  const scope: CollectScope = {
    outdir,
    tree: outputTree(outdir, files, allowed),
    inputs: known,
    evaluator,
    requirements,
    files,
    cwlVersion: tool.cwlVersion,
    seen: { inputs, runtime: tool.cwlVersion === 'v1.0' ? runtime : { ...runtime, exitCode: context.exitCode } },
  };
  const written = await scope.tree.find(joinPath(outdir, outputObject));
  if (written !== undefined) return validated(tool.outputs, await readOutputObject(written, scope), scope);
  const outputs: JsonObject = {};
  for (const parameter of tool.outputs) outputs[parameter.id] = await collectOutput(parameter, `outputs.${parameter.id}`, scope);
  return validated(tool.outputs, outputs, scope);
}

async function readOutputObject(end: LinkEnd, scope: CollectScope): Promise<JsonObject> {
  if (!('entry' in end) || end.entry.type !== 'file') throw new ProcessFault(outputObject, 'is no regular file in the output directory');
  try {
    const value = JSON.parse(await scope.files.readText(end.entry.path, noLimit)) as Json;
    if (isObject(value)) return value;
    throw new ProcessFault(outputObject, `must hold one object, not ${describeValue(value)}`);
  } catch (error) {
    throw error instanceof SyntaxError ? new ProcessFault(outputObject, `is no JSON: ${error.message}`) : error;
  }
}

async function validated(parameters: OutputParameter[], outputs: JsonObject, scope: CollectScope): Promise<JsonObject> {
  const settled: JsonObject = {};
  for (const parameter of parameters) {
    const where = `outputs.${parameter.id}`;
    const value = await settleOutput(outputs[parameter.id] ?? null, scope, where);
    assertType(value, parameter, where);
    settled[parameter.id] = value;
  }
  return settled;
}

function assertType(value: Json, declared: OutputParameter, where: string): void {
  const [fault] = valueFaults(value, declared.type, where);
  if (fault === undefined) return;
  const { glob } = declared.outputBinding ?? {};
  const patterns = glob === undefined || glob.length === 0 ? '' : ` (glob ${glob.join(', ')})`;
  throw new ProcessFault(fault.path, fault.message + patterns);
}
