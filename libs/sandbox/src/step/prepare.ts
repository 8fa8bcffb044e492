import {
  checkFormats,
  completeInputs,
  evaluatorFor,
  requirementsInForce,
  stepInputs,
  visitPathValues,
  type CommandLineTool,
  type EvaluateJavaScript,
  type Evaluator,
  type ExpressionTool,
  type Json,
  type JsonObject,
  type RequirementsInForce,
  type ToolFiles,
} from '@runnel/cwl';

import type { ContainerEngine } from '../images/container-command.ts';
import type { LocalImages } from '../images/local-images.ts';
import type { MpiLauncher } from './plan-spawn.ts';
import type { FileExchange, Spawner, StepAttempt, StepLimits } from '../types.ts';
import { localFiles } from './local-files.ts';

/** What carrying out a step needs from its surroundings. */
export interface StepPorts {
  exchange: FileExchange;
  /** Reads inputs where they stand, before they are brought in, as far as `mayBringIn` allows; default: from the local disk. */
  inputFiles?: (mayBringIn: (location: string) => boolean) => ToolFiles;
  evaluateJavaScript: EvaluateJavaScript;
  spawner: Spawner;
  limits: StepLimits;
  images?: LocalImages;
  /** Runs the images that are not among the local ones. */
  engine?: ContainerEngine;
  /** Starts tools with MPIRequirement; default `mpirun -n`. */
  mpi?: MpiLauncher;
  /** Image of tools that name none. */
  defaultImage?: string;
  /** What is run where a tool names an image; throws StepFault for one that may not be run. */
  chooseImage?: (image: string) => string;
  onLog?: (chunk: Buffer) => void;
  /** Of our own environment, for tools that run with the programs of this machine. */
  environment?: { [name: string]: string };
  /** The command that is started, for whoever watches. */
  onCommand?: (step: string, argv: string[]) => void;
  /** What the user should know although nothing failed. */
  onWarning?: (text: string) => void;
  /** Ends the step; the outcome is then a failure of class `stopped`. */
  signal?: AbortSignal;
}

/** An attempt with all that follows from its process and its requirements. */
export interface Preparation {
  attempt: StepAttempt;
  ports: StepPorts;
  requirements: RequirementsInForce;
  evaluator: Evaluator;
  mayBringIn: (location: string) => boolean;
}

/** Throws ProcessFault where the step brings what its process does not take. */
export function prepare(given: StepAttempt, process: CommandLineTool | ExpressionTool, ports: StepPorts): Preparation {
  const attempt = { ...given, inputs: stepInputs(process, given.inputs) };
  const requirements = requirementsInForce(process, attempt);
  const { evaluateJavaScript } = ports;
  const evaluator = evaluatorFor(process, { requirements, evaluateJavaScript, now: attempt.acceptedAt, seed: attempt.seed });
  return { attempt, ports, requirements, evaluator, mayBringIn: allowedLocations(attempt, process) };
}

/** The inputs as expressions see them, checked for their formats. */
export async function completedInputs(process: CommandLineTool | ExpressionTool, preparation: Preparation): Promise<JsonObject> {
  const { attempt, ports, requirements, evaluator, mayBringIn } = preparation;
  const { inputs: parameters, cwlVersion } = process;
  const files = ports.inputFiles?.(mayBringIn) ?? localFiles();
  const inputs = await completeInputs(attempt.inputs, {
    parameters,
    cwlVersion,
    requirements,
    evaluator,
    files,
    discoverSecondaryFiles: false,
  });
  await checkFormats(inputs, { package: attempt.package, parameters, evaluator });
  return inputs;
}

/** A location is a claim, not a right: allowed are those of the inputs and those that the document itself names, and what lies below them. */
export function allowedLocations(
  attempt: Pick<StepAttempt, 'inputs' | 'requirements' | 'hints'>,
  process: CommandLineTool | ExpressionTool,
): (location: string) => boolean {
  let known: Set<string> | undefined;
  return (location) => {
    known ??= namedLocations([attempt.inputs, ...process.requirements, ...process.hints, ...attempt.requirements, ...attempt.hints]);
    if (/(?:^|\/)\.\.(?:\/|$)/.test(location)) return false;
    for (let at = location.replace(/\/+$/, ''); at.includes('/'); at = at.slice(0, at.lastIndexOf('/'))) {
      if (known.has(at) || known.has(`${at}/`)) return true;
    }
    return false;
  };
}

function namedLocations(values: Json[]): Set<string> {
  const found = new Set<string>();
  for (const value of values) visitPathValues(value, ({ location }) => typeof location === 'string' && found.add(location));
  return found;
}
