import { bindInputs, completeNames, isLiteral, visitPathValues } from '@runnel/cwl';
import type { CwlPackage, Diagnostic, JsonObject, Process } from '@runnel/cwl';
import type { FailureInfo } from '@runnel/engine';
import { scheme } from './addresses.ts';
import { withSecondaryFiles } from './find-secondary-files.ts';
import { resolveInputs } from './resolve-inputs.ts';
import type { InputFault, InputServices } from './resolve-inputs.ts';

type Caller = Omit<Parameters<typeof resolveInputs>[1], 'namespaces'>;
type Inputs = { readonly inputs: JsonObject } | { readonly faults: readonly InputFault[] };

interface GivenInputs {
  readonly caller: Caller;
  readonly inputs: JsonObject;
  readonly namespaces: CwlPackage['namespaces'];
  /** Of the run from which this one goes on, as that one got them: what is not given, and is still an input. */
  readonly earlier?: JsonObject;
}

/** The inputs as the run gets them: files by object with what lies beside them, formats written out, defaults in place, every value of its type. */
export async function checkInputs(
  services: InputServices,
  main: Process,
  { caller, inputs, namespaces, earlier }: GivenInputs,
  executing: string,
): Promise<Inputs> {
  const resolved = await resolveInputs(
    services,
    { ...caller, namespaces },
    { ...inputs, ...whoseInputs(main, caller.workspace, executing) },
  );
  if ('faults' in resolved) return resolved;
  const kept = Object.entries(earlier ?? {}).filter(([id]) => main.inputs.some((input) => input.id === id));
  const bound = bindInputs(main, { ...Object.fromEntries(kept), ...resolved.inputs }, { strictUnknown: true });
  if ('diagnostics' in bound) return { faults: bound.diagnostics.map(faultOf) };
  const strays = strayFiles(bound.inputs);
  if (strays.length > 0) return { faults: strays };
  return { inputs: completeNames(await withSecondaryFiles(services.objects, main, bound.inputs)) };
}

/** A service may look who calls it: inputs of these names are ours, whatever the caller says. */
function whoseInputs({ inputs }: Process, calling: string, executing: string): JsonObject {
  const known: JsonObject = { calling_workspace: calling, executing_workspace: executing };
  return Object.fromEntries(inputs.flatMap(({ id }) => (Object.hasOwn(known, id) ? [[id, known[id] ?? null]] : [])));
}

/** The failure of a run that was accepted with them all the same. */
export function refusalOf(faults: readonly InputFault[]): FailureInfo {
  const reason = faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return { class: 'inputs', reason: `the inputs do not fit: ${reason}`.slice(0, 4000) };
}

/** Files that a default of the document names: they were beside it, and are not here. */
function strayFiles(inputs: JsonObject): InputFault[] {
  const faults: InputFault[] = [];
  for (const [path, value] of Object.entries(inputs)) {
    visitPathValues(value, (file) => {
      const { location } = file;
      if (isLiteral(file) || (typeof location === 'string' && location.startsWith(scheme))) return;
      faults.push({ path, message: 'its default names a file that is not here: give one' });
    });
  }
  return faults;
}

/** `inputs.n: expected int` → path `n`: what the caller wrote is the input's name. */
function faultOf({ path, message }: Diagnostic): InputFault {
  return { path: path.replace(/^inputs\./, ''), message };
}
