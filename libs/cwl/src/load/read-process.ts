import type { CommandLineBinding, CommandLineTool, CwlVersion, ExpressionTool, Process, Requirement } from '../model.ts';
import { checkShape } from './check-shape.ts';
import { didYouMean } from './did-you-mean.ts';
import { isAtLeast } from './field-rules.ts';
import { readMetadata } from './metadata.ts';
import { compact, describeValue, docOf, isRaw, listOf, numbersOf, textOf, textsOf, type Raw } from './raw.ts';
import { toBinding } from './read-bindings.ts';
import { readInputs, readOutputs } from './read-ports.ts';
import { declareTypes, readRequirements } from './read-requirements.ts';
import { readWorkflow, type ResolveRun } from './read-workflow.ts';
import { at, classOf, join, type Scope } from './scope.ts';
import { DOCUMENT_FIELDS, INPUT_BINDING, PROCESS_SHAPES } from './shapes.ts';
import { stableHash } from './stable-hash.ts';

/** Reads one process; its steps' processes are asked of `resolveRun`. Undefined where not even its class can be told. */
export async function readProcess(scope: Scope, raw: Raw, id: string, path: string, resolveRun: ResolveRun): Promise<Process | undefined> {
  const processClass = classOf(scope, raw);
  const shape = processClass !== undefined && Object.hasOwn(PROCESS_SHAPES, processClass) ? PROCESS_SHAPES[processClass] : undefined;
  if (processClass === undefined || !shape) {
    const found = processClass === undefined ? describeValue(raw['class']) : `"${processClass}"`;
    const message = `expected a process (${Object.keys(PROCESS_SHAPES).join(', ')}), found the class ${found}`;
    scope.report.error(join(path, 'class'), at(scope, raw, 'class'), message, didYouMean(processClass ?? '', Object.keys(PROCESS_SHAPES)));
    return undefined;
  }
  if (processClass === 'Operation') refuseOperation(scope, raw, path);
  checkShape(scope, raw, shape, path, { ignore: DOCUMENT_FIELDS });
  declareTypes(scope, raw);
  const process = await readBody(scope, raw, id, path, processClass as Process['class'], resolveRun);
  return scope.sources.derive(process, raw);
}

async function readBody(
  scope: Scope,
  raw: Raw,
  id: string,
  path: string,
  processClass: Process['class'],
  resolveRun: ResolveRun,
): Promise<Process> {
  const base = compact<ProcessBase>({
    id,
    label: textOf(raw['label']),
    doc: docOf(raw['doc']),
    cwlVersion: scope.version,
    requirements: readRequirements(scope, raw, 'requirements', path),
    hints: [...readRequirements(scope, raw, 'hints', path), ...formerDefaults(scope.version, processClass)],
    metadata: readMetadata(raw, scope.namespaces),
  });
  switch (processClass) {
    case 'CommandLineTool':
      return readTool(scope, raw, path, base);
    case 'ExpressionTool':
      return {
        ...base,
        class: 'ExpressionTool',
        ...ports(scope, raw, path),
        expression: textOf(raw['expression']) ?? '',
      } satisfies ExpressionTool;
    case 'Operation':
      return { ...base, class: 'Operation', ...ports(scope, raw, path) };
    case 'Workflow':
      return { ...base, class: 'Workflow', ...(await readWorkflow(scope, raw, id, path, resolveRun)) };
  }
}

type ProcessBase = Omit<CommandLineTool, 'class' | 'inputs' | 'outputs' | ToolFields>;
type ToolFields =
  'baseCommand' | 'arguments' | 'stdin' | 'stdout' | 'stderr' | 'successCodes' | 'temporaryFailCodes' | 'permanentFailCodes';

function ports(scope: Scope, raw: Raw, path: string) {
  return { inputs: readInputs(scope, raw, path), outputs: readOutputs(scope, raw, path) };
}

function readTool(scope: Scope, raw: Raw, path: string, base: ProcessBase): CommandLineTool {
  let stdin = textOf(raw['stdin']);
  const inputs = readInputs(scope, raw, path, (input) => {
    if (stdin !== undefined) {
      scope.report.error(
        join(path, 'inputs', input),
        at(scope, raw, 'stdin'),
        `standard input is already given; "${input}" cannot be of type stdin`,
      );
    }
    stdin = `$(inputs[${JSON.stringify(input)}].path)`;
  });
  const streams = { stdout: textOf(raw['stdout']), stderr: textOf(raw['stderr']) };
  // The name of an unnamed stream must be the same on every machine and in every attempt, and hit no file of the tool's own.
  const outputs = readOutputs(
    scope,
    raw,
    path,
    (kind) => (streams[kind] ??= `${stableHash(JSON.stringify([base.id, raw['baseCommand'], raw['arguments']]))}.${kind}`),
  );
  return compact<CommandLineTool>({
    ...base,
    class: 'CommandLineTool',
    inputs,
    outputs,
    baseCommand: textsOf(raw['baseCommand']),
    arguments: readArguments(scope, raw, path),
    stdin,
    ...streams,
    successCodes: numbersOf(raw['successCodes']),
    temporaryFailCodes: numbersOf(raw['temporaryFailCodes']),
    permanentFailCodes: numbersOf(raw['permanentFailCodes']),
  });
}

function readArguments(scope: Scope, raw: Raw, path: string): (string | CommandLineBinding)[] {
  return listOf(raw['arguments']).flatMap((item, index): (string | CommandLineBinding)[] => {
    if (typeof item === 'string') return [item];
    const place = join(path, 'arguments', `[${index}]`);
    if (isRaw(item)) {
      checkShape(scope, item, INPUT_BINDING, place);
      if (typeof item['valueFrom'] !== 'string') scope.report.error(place, at(scope, item), 'an argument needs the field "valueFrom"');
      return [scope.sources.derive(toBinding(item), item)];
    }
    const where = at(scope, raw['arguments'] as object, String(index));
    scope.report.error(place, where, `expected a text or a binding, found ${describeValue(item)}`);
    return [];
  });
}

/** What v1.0 did without being asked and v1.1 asks for: deep listings and the network. Hints, so that any requirement wins. */
function formerDefaults(version: CwlVersion, processClass: Process['class']): Requirement[] {
  if (isAtLeast(version, 'v1.1') || processClass === 'Workflow') return [];
  return [
    { class: 'LoadListingRequirement', loadListing: 'deep_listing' },
    ...(processClass === 'CommandLineTool' ? [{ class: 'NetworkAccess', networkAccess: true }] : []),
  ];
}

function refuseOperation(scope: Scope, raw: Raw, path: string): void {
  if (!isAtLeast(scope.version, 'v1.2')) {
    scope.report.error(
      join(path, 'class'),
      at(scope, raw, 'class'),
      `Operation exists since CWL v1.2, but this is a ${scope.version} document`,
    );
    return;
  }
  const message = 'an Operation describes a step without saying how to carry it out: it cannot be run';
  scope.report.error(join(path, 'class'), at(scope, raw, 'class'), message, { code: 'unsupported' });
}
