import type { CwlPackage, InputParameter, Json, JsonObject, OutputParameter, Process, Source, StepInput, WorkflowStep } from '@runnel/cwl';

import { CwlFault } from '../fault.ts';

/** A package as one CWL document that refers to no other: one process, or a `$graph` whose main process is `#main`. */
export function packDocument(pkg: CwlPackage): JsonObject {
  const versions = [...new Set(Object.values(pkg.processes).map(({ cwlVersion }) => cwlVersion))];
  const [cwlVersion] = versions;
  if (cwlVersion === undefined || versions.length > 1)
    throw new CwlFault(`--pack: the processes are of several versions (${versions.join(', ')}), and a packed document has one`);
  const ids = namesOf(pkg);
  const top = Object.values(pkg.processes).filter((one) => ids.has(one.id));
  const head = { cwlVersion, ...(Object.keys(pkg.namespaces).length > 0 && { $namespaces: pkg.namespaces }), ...pkg.metadata };
  const [only] = top;
  if (top.length === 1 && only !== undefined) return { ...writeProcess(only, pkg, ids), ...head, id: 'main' };
  return { ...head, $graph: top.map((one) => ({ ...writeProcess(one, pkg, ids), id: `#${ids.get(one.id) ?? one.id}` })) };
}

/** Inline processes stay inline: they have no name of their own. The main one is called main. */
function namesOf(pkg: CwlPackage): Map<string, string> {
  const names = new Map<string, string>();
  for (const id of Object.keys(pkg.processes)) if (!id.includes('/')) names.set(id, id);
  if (pkg.main !== 'main') {
    const other = [...names.keys()].find((id) => id === 'main');
    if (other !== undefined) names.set(other, 'main_');
    names.set(pkg.main, 'main');
  }
  return names;
}

function writeProcess(process: Process, pkg: CwlPackage, ids: ReadonlyMap<string, string>): JsonObject {
  const { id: _id, cwlVersion: _version, inputs, outputs, metadata, ...rest } = process;
  const written: Record<string, unknown> = { ...rest, ...metadata };
  written['inputs'] = inputs.map((one) => ({ ...(one as InputParameter & JsonObject) }));
  written['outputs'] = outputs.map(writeOutput);
  if (process.class === 'Workflow') written['steps'] = process.steps.map((step) => writeStep(step, pkg, ids));
  for (const field of ['requirements', 'hints'] as const) written[field] = process[field].map(writeRequirement);
  return withoutEmpty(written);
}

/** Extensions are known by their prefix alone. */
function writeRequirement(one: { class: string }): Record<string, unknown> {
  const isExtension = ['MPIRequirement', 'CUDARequirement', 'Secrets'].includes(one.class);
  return isExtension ? { ...one, class: `http://commonwl.org/cwltool#${one.class}` } : one;
}

function writeOutput({ outputSource, outputSourceIsList, ...rest }: OutputParameter): Record<string, unknown> {
  return { ...rest, ...(outputSource && { outputSource: writeSources(outputSource, outputSourceIsList) }) };
}

function writeStep(step: WorkflowStep, pkg: CwlPackage, ids: ReadonlyMap<string, string>): Record<string, unknown> {
  const run = pkg.processes[step.run];
  const name = ids.get(step.run);
  return withoutEmpty({
    ...step,
    in: step.in.map(writeStepInput),
    requirements: step.requirements.map(writeRequirement),
    hints: step.hints.map(writeRequirement),
    run: name === undefined && run !== undefined ? writeProcess(run, pkg, ids) : `#${name ?? step.run}`,
  });
}

function writeStepInput({ source, sourceIsList, ...rest }: StepInput): Record<string, unknown> {
  return { ...rest, ...(source && { source: writeSources(source, sourceIsList) }) };
}

function writeSources(sources: Source[], isList: boolean | undefined): Json {
  const texts = sources.map(({ step, port }) => (step === undefined ? port : `${step}/${port}`));
  return isList === true ? texts : (texts[0] ?? null);
}

/** Lists that must be there stay, the others go where they are empty. */
function withoutEmpty(fields: Record<string, unknown>): JsonObject {
  const needed = new Set(['inputs', 'outputs', 'steps', 'in', 'out', 'class']);
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => value !== undefined && (needed.has(name) || !(Array.isArray(value) && value.length === 0)),
    ),
  ) as JsonObject;
}
