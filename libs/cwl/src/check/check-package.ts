import { createReport, type Report } from '../load/report.ts';
import type { Positions } from '../load/load-package.ts';
import type { CwlPackage, Diagnostic, InputParameter, OutputParameter, Process } from '../model.ts';
import { checkFeatures, featuresOf } from './check-features.ts';
import { checkLinks } from './check-links.ts';
import { checkStepOrder } from './check-step-order.ts';
import { checkPorts } from './check-ports.ts';
import { findCycles } from './cycles.ts';

/** What every check works with. */
export interface CheckContext {
  pkg: CwlPackage;
  report: Report;
  positions: Positions;
  /** Path of an element of a process; the main process contributes nothing. */
  path: (process: Process, ...names: string[]) => string;
  ports: (process: Process) => Ports;
}

/** The parameters of a process by id. */
interface Ports {
  inputs: ReadonlyMap<string, InputParameter>;
  outputs: ReadonlyMap<string, OutputParameter>;
}

/** Checks what no run should have to find out: types of links, cycles, unknown sources, missing inputs and feature requirements. */
export function checkPackage(pkg: CwlPackage, positions: Positions = () => undefined): Diagnostic[] {
  const report = createReport();
  const path: CheckContext['path'] = (process, ...names) => (process.id === pkg.main ? names : [process.id, ...names]).join('.');
  const indexed = new Map<Process, Ports>();
  const ports = (process: Process): Ports => {
    const known = indexed.get(process);
    if (known) return known;
    const made = {
      inputs: new Map(process.inputs.map((one) => [one.id, one])),
      outputs: new Map(process.outputs.map((one) => [one.id, one])),
    };
    indexed.set(process, made);
    return made;
  };
  const context: CheckContext = { pkg, report, positions, path, ports };
  for (const process of Object.values(pkg.processes)) {
    if (report.isFull()) break;
    checkPorts(context, process);
    if (process.class !== 'Workflow') continue;
    checkLinks(context, process);
    checkStepOrder(context, process);
  }
  if (checkNesting(context)) checkInheritedFeatures(context);
  return report.diagnostics;
}

/** A process that runs itself, by whatever detour, would never end. Answers whether there is none. */
function checkNesting({ pkg, report, positions, path }: CheckContext): boolean {
  const next = (id: string) => stepsOf(pkg, id).map((step) => step.run);
  const cycles = findCycles(Object.keys(pkg.processes), next);
  for (const cycle of cycles) {
    const [first = '', second = first] = cycle;
    const process = pkg.processes[first];
    const step = stepsOf(pkg, first).find((one) => one.run === second);
    if (!process || !step) continue;
    const message = `processes run one another in a circle: ${[...cycle, first].join(' -> ')}`;
    report.error(path(process, 'steps', step.id, 'run'), positions(step, 'run'), message);
  }
  return cycles.length === 0;
}

/** Requirements are inherited, so whether a feature is declared depends on how a workflow is reached. */
function checkInheritedFeatures(context: CheckContext): void {
  const { pkg } = context;
  const used = new Set(Object.keys(pkg.processes).flatMap((id) => stepsOf(pkg, id).map((step) => step.run)));
  const seen = new Set<string>();
  const pending = Object.keys(pkg.processes)
    .filter((id) => !used.has(id) || id === pkg.main)
    .map((id) => ({ id, inherited: [] as string[] }));
  for (const { id, inherited } of pending) {
    const process = pkg.processes[id];
    const key = `${id} ${inherited.join(' ')}`;
    if (process?.class !== 'Workflow' || seen.has(key)) continue;
    seen.add(key);
    const declared = featuresOf(inherited, process);
    checkFeatures(context, process, declared);
    for (const step of process.steps) pending.push({ id: step.run, inherited: featuresOf(declared, step) });
  }
}

function stepsOf(pkg: CwlPackage, id: string) {
  const process = pkg.processes[id];
  return process?.class === 'Workflow' ? process.steps : [];
}
