import { requirement, requirementsInForce, type CwlPackage, type JsonObject } from '@runnel/cwl';
import type { StepPorts } from '@runnel/sandbox';

import type { LoadedJob } from './load-job.ts';
import type { CwlOptions } from './options.ts';
import type { Progress } from './report-progress.ts';
import type { ProcessRun } from './run-process.ts';

/** What a command line adds to a run. */
export interface RunExtras {
  ports: Pick<StepPorts, 'environment' | 'onCommand' | 'mpi'>;
  run: Pick<ProcessRun, 'cache' | 'onStep'>;
  finish?: (outputs: JsonObject) => Promise<void>;
}

export async function createExtras(options: CwlOptions, job: LoadedJob, progress: Progress): Promise<RunExtras> {
  hideSecrets(job, progress);
  const cache =
    options.cachedir === undefined
      ? undefined
      : (await import('./step-cache.ts')).createStepCache(options.cachedir, surroundingsOf(options), progress);
  const crate =
    options.provenance === undefined ? undefined : (await import('./provenance/record-run.ts')).recordRun(options.provenance, options, job);
  const mpi = options.mpiConfig === undefined ? undefined : await (await import('./mpi-config.ts')).readMpiConfig(options.mpiConfig);
  return {
    ports: {
      environment: preserved(options.preserve),
      ...(mpi && { mpi }),
      ...(options.verbose && { onCommand: (step: string, argv: string[]) => progress.note(`[${step}] $ ${argv.join(' ')}`) }),
    },
    run: {
      ...(cache && { cache }),
      onStep: (step) => {
        hideSecretsOf(step.attempt.package, step.attempt.process, step.attempt.inputs, progress);
        crate?.onStep(step);
      },
    },
    ...(crate && { finish: (outputs: JsonObject) => crate.finish(outputs) }),
  };
}

/** What else decides what a tool does. */
function surroundingsOf({ preserve, containers, engine, images, defaultContainer, isolation }: CwlOptions): string {
  return JSON.stringify([process.env['PATH'], preserved(preserve), containers, engine, images, defaultContainer, isolation]);
}

function preserved(names: string[] | 'all'): { [name: string]: string } {
  const wanted = names === 'all' ? Object.keys(process.env) : names;
  return Object.fromEntries(wanted.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

/** cwltool:Secrets: the values of these inputs are masked in everything that is said. */
function hideSecrets({ package: pkg, inputs }: LoadedJob, progress: Progress): void {
  hideSecretsOf(pkg, pkg.main, inputs, progress);
  // An input of a tool may be given by the workflow under another name, or be written in the document.
  for (const process of Object.values(pkg.processes)) {
    const names = secretNames(pkg, process.id);
    for (const { id, default: value } of process.inputs) if (names.includes(id) && typeof value === 'string') progress.hide(value);
    if (process.class !== 'Workflow') continue;
    for (const step of process.steps) {
      const secret = secretNames(pkg, step.run);
      for (const { id, source, default: value } of step.in) {
        if (!secret.includes(id)) continue;
        if (typeof value === 'string') progress.hide(value);
        if (process.id === pkg.main) for (const one of source ?? []) if (one.step === undefined) hideValue(inputs[one.port], progress);
      }
    }
  }
}

function hideSecretsOf(pkg: CwlPackage, id: string, inputs: JsonObject, progress: Progress): void {
  for (const name of secretNames(pkg, id)) hideValue(inputs[name], progress);
}

function hideValue(value: unknown, progress: Progress): void {
  if (typeof value === 'string' && value !== '') progress.hide(value);
  else if (Array.isArray(value)) for (const one of value) hideValue(one, progress);
}

function secretNames(pkg: CwlPackage, id: string): string[] {
  const process = pkg.processes[id];
  return process === undefined ? [] : (requirement(requirementsInForce(process), 'Secrets')?.inputs ?? []);
}
