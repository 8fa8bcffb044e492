import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

import {
  buildCommand,
  checkFormats,
  collectOutputs,
  completeInputs,
  evaluatorFor,
  exitMeaning,
  locationToPath,
  requirementsInForce,
  resources,
  runExpressionTool,
  runtimeFor,
  stageInputs,
  visitPathValues,
  type CommandLineTool,
  type Command,
  type EvaluateJavaScript,
  type Evaluator,
  type ExpressionTool,
  type Json,
  type JsonObject,
  type RequirementsInForce,
  type ResourceRequest,
} from '@runnel/cwl';

import { noImages, type LocalImages } from '../images/local-images.ts';
import type { FileExchange, Spawner, SpawnRequest, SpawnResult, StepAttempt, StepLimits, StepOutcome } from '../types.ts';
import { chooseImage } from './choose-image.ts';
import { describeFault, StepFault, toolFailure, type Failure } from './failures.ts';
import { hostPath, localFiles, type PathMapping } from './local-files.ts';
import { placeFiles } from './place-files.ts';
import { takeOutputs } from './take-outputs.ts';

/** What carrying out a step needs from its surroundings. */
export interface StepPorts {
  exchange: FileExchange;
  evaluateJavaScript: EvaluateJavaScript;
  spawner: Spawner;
  limits: StepLimits;
  images?: LocalImages;
  onLog?: (chunk: Buffer) => void;
  /** What the user should know although nothing failed. */
  onWarning?: (text: string) => void;
  /** Ends the step; the outcome is then a failure of class `stopped`. */
  signal?: AbortSignal;
}

/** Carries out one attempt of a step. Faults of the document, its inputs or its tool are outcomes; only broken I/O of our own is thrown. */
export async function carryOut(attempt: StepAttempt, ports: StepPorts): Promise<StepOutcome> {
  const process = attempt.package.processes[attempt.process];
  const startedAt = new Date().toISOString();
  const begun = performance.now();
  const usage: StepOutcome['usage'] = {
    wallSeconds: 0,
    cpuSeconds: 0,
    maxMemoryBytes: 0,
    cores: 1,
    memoryMiB: 0,
    inputBytes: 0,
    outputBytes: 0,
  };
  const end = (rest: { outputs: StepOutcome['outputs'] } | { failure: Failure }): StepOutcome => {
    usage.wallSeconds ||= (performance.now() - begun) / 1000;
    const common = { startedAt, finishedAt: new Date().toISOString(), usage };
    if ('failure' in rest) return { outcome: 'failed', outputs: {}, failure: rest.failure, ...common };
    return { outcome: 'success', outputs: rest.outputs, ...common };
  };
  try {
    if (process?.class === 'ExpressionTool') return end({ outputs: await runExpression(process, prepare(attempt, process, ports)) });
    if (process?.class === 'CommandLineTool') return end(await runTool(process, prepare(attempt, process, ports), usage));
    throw new StepFault(
      'inputs',
      `${attempt.process} is ${process ? `of class ${process.class}, which` : 'no process of its package and'} cannot be carried out`,
    );
  } catch (error) {
    return end({ failure: describeFault(attempt.name, error, 'inputs') });
  }
}

interface Preparation {
  attempt: StepAttempt;
  ports: StepPorts;
  requirements: RequirementsInForce;
  evaluator: Evaluator;
  mayBringIn: (location: string) => boolean;
}

function prepare(attempt: StepAttempt, process: CommandLineTool | ExpressionTool, ports: StepPorts): Preparation {
  const requirements = requirementsInForce(process, attempt);
  const evaluator = evaluatorFor(process, {
    requirements,
    evaluateJavaScript: ports.evaluateJavaScript,
    now: attempt.acceptedAt,
    seed: attempt.seed,
  });
  return { attempt, ports, requirements, evaluator, mayBringIn: allowedLocations(attempt, process) };
}

/** Rule: a location is a claim. Right are those of the inputs and those that the document itself names. */
function allowedLocations(attempt: StepAttempt, process: CommandLineTool | ExpressionTool): (location: string) => boolean {
  let known: Set<string> | undefined;
  return (location) => {
    if (known === undefined) {
      const found = (known = new Set());
      const note = (value: Json): void => visitPathValues(value, ({ location: one }) => typeof one === 'string' && found.add(one));
      note(attempt.inputs);
      for (const requirement of [...process.requirements, ...process.hints, ...attempt.requirements, ...attempt.hints])
        note(requirement);
    }
    for (let at = location.replace(/\/+$/, ''); at.includes('/'); at = at.slice(0, at.lastIndexOf('/'))) {
      if (known.has(at) || known.has(`${at}/`)) return !location.includes('/../') && !location.endsWith('/..');
    }
    return false;
  };
}

async function completed(
  process: CommandLineTool | ExpressionTool,
  { attempt, requirements, evaluator }: Preparation,
): Promise<JsonObject> {
  const inputs = await completeInputs(attempt.inputs, {
    parameters: process.inputs,
    cwlVersion: process.cwlVersion,
    requirements,
    evaluator,
    files: localFiles(),
    discoverSecondaryFiles: false,
  });
  await checkFormats(inputs, { package: attempt.package, parameters: process.inputs, evaluator });
  return inputs;
}

async function runExpression(tool: ExpressionTool, preparation: Preparation): Promise<JsonObject> {
  const { attempt, ports, evaluator } = preparation;
  const collected = await runExpressionTool(tool, await completed(tool, preparation), evaluator);
  if ('failure' in collected) throw new StepFault(collected.failure.class, collected.failure.reason);
  const literals = join(attempt.directory, 'literals');
  mkdirSync(attempt.directory, { recursive: true });
  const taken = await takeOutputs(collected.outputs, {
    exchange: ports.exchange,
    onHost: (path) => path,
    allowed: [realpathSync(attempt.directory)],
    literals,
  });
  return taken.outputs;
}

interface Folders {
  out: string;
  tmp: string;
  in: string;
  log: string;
  /** The output directory as the tool sees it. */
  outInTool: string;
  mappings: PathMapping[];
}

async function runTool(
  tool: CommandLineTool,
  preparation: Preparation,
  usage: StepOutcome['usage'],
): Promise<{ outputs: JsonObject } | { failure: Failure }> {
  const { attempt, ports, requirements, evaluator, mayBringIn } = preparation;
  const { exchange } = ports;
  const inputs = await completed(tool, preparation);
  const request = await resources({ requirements, evaluator, inputs, cwlVersion: tool.cwlVersion });
  const folders = makeFolders(attempt, requirements, ports.images ?? noImages);
  const staged = stageInputs(inputs, { directory: folders.in, ...(exchange.resident && { resident: exchange.resident.bind(exchange) }) });
  const runtime = runtimeFor(request, folders.outInTool, folders.tmp);
  const command = await buildCommand(tool, staged.inputs, { requirements, evaluator, runtime });
  const onHost = (path: string): string => hostPath(path, folders.mappings);
  const linked = await placeFiles([...staged.entries, ...command.initialWorkDir], { exchange, mayBringIn, onHost });

  const limits = limitsFor(command, request, ports.limits);
  const spawned = spawnRequest(command, folders, preparation, limits, staged.entries.length > 0);
  const result = await runToEnd(spawned, ports);
  Object.assign(usage, measured(result, request, inputs));
  const failed = result.limit !== undefined || result.cancelled || exitMeaning(result.exitCode, command) !== 'success';
  if (failed) return { failure: toolFailure(attempt.name, result, limits) };

  const readable = [...inputPlaces(staged.inputs), ...linked];
  const files = localFiles(folders.mappings);
  const collected = await collectOutputs(tool, {
    runtime,
    exitCode: result.exitCode,
    inputs: command.inputs,
    requirements,
    evaluator,
    files,
    readable,
  });
  if ('failure' in collected)
    return { failure: { ...collected.failure, reason: `${attempt.name}: ${collected.failure.reason}`, ...logTailOf(result) } };
  const allowed = [folders.out, ...readable].map(realPath);
  const taken = await takeOutputs(collected.outputs, { exchange, onHost, allowed, literals: join(attempt.directory, 'literals') });
  usage.outputBytes = taken.bytes;
  return { outputs: taken.outputs };
}

function makeFolders(attempt: StepAttempt, requirements: RequirementsInForce, images: LocalImages): Folders {
  const { directory } = attempt;
  const out = join(directory, 'out');
  const tmp = join(directory, 'tmp');
  mkdirSync(out, { recursive: true });
  mkdirSync(tmp);
  const inContainer = images.size > 0 ? requirements.get('DockerRequirement') : undefined;
  const declared = inContainer?.mandatory ? inContainer.requirement['dockerOutputDirectory'] : undefined;
  const outInTool = typeof declared === 'string' ? declared : out;
  return {
    out,
    tmp,
    in: join(directory, 'in'),
    log: join(directory, 'log'),
    outInTool,
    mappings: outInTool === out ? [] : [{ tool: outInTool, host: out }],
  };
}

/** Where a link that the tool left may lead: its inputs, and the places where they really stand. */
function inputPlaces(inputs: JsonObject): string[] {
  const places: string[] = [];
  visitPathValues(inputs, ({ path, location }) => {
    if (typeof path === 'string') places.push(path);
    const stands = typeof location === 'string' ? locationToPath(location) : undefined;
    if (stands !== undefined) places.push(stands);
  });
  return places;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

type Limits = { timeLimit?: number; memoryLimitMiB?: number; outputLimitBytes?: number };

function limitsFor(command: Command, request: ResourceRequest, limits: StepLimits): Limits {
  const seconds = Math.min(command.timeLimit ?? Infinity, limits.timeLimit ?? Infinity);
  const memory = limits.memoryLimitMiB === undefined ? undefined : Math.max(limits.memoryLimitMiB, request.ramMax);
  return {
    ...(Number.isFinite(seconds) && { timeLimit: seconds }),
    ...(memory !== undefined && { memoryLimitMiB: memory }),
    ...(limits.outputLimitBytes !== undefined && { outputLimitBytes: limits.outputLimitBytes }),
  };
}

function spawnRequest(
  command: Command,
  folders: Folders,
  { attempt, ports }: Preparation,
  limits: Limits,
  hasInputs: boolean,
): SpawnRequest {
  if (command.network && ports.limits.network === 'never')
    ports.onWarning?.(`${attempt.name}: NetworkAccess is not allowed here: it runs without a network`);
  const image = chooseImage(command, {
    images: ports.images ?? noImages,
    path: ports.limits.path,
    warn: (text) => ports.onWarning?.(`${attempt.name}: ${text}`),
  });
  const name = (stream: string | undefined): string | undefined => (stream === undefined ? undefined : join(folders.out, stream));
  const stdout = name(command.stdout);
  const stderr = name(command.stderr);
  return {
    argv: image.argv,
    env: image.env,
    cwd: folders.outInTool,
    ...(command.stdin !== undefined && { stdin: hostPath(command.stdin, folders.mappings) }),
    ...(stdout !== undefined && { stdout }),
    ...(stderr !== undefined && { stderr }),
    log: folders.log,
    ...limits,
    network: command.network && ports.limits.network === 'on-request',
    writable: [folders.out, folders.tmp],
    readable: hasInputs ? [folders.in] : [],
    binds: folders.outInTool === folders.out ? [] : [{ source: folders.out, target: folders.outInTool, writable: true }],
    ...(image.root !== undefined && { root: image.root }),
  };
}

async function runToEnd(request: SpawnRequest, { spawner, onLog, signal }: StepPorts): Promise<SpawnResult> {
  if (signal?.aborted) throw new StepFault('stopped', 'stopped before it began');
  const tool = spawner.run(request, onLog ? { onLog } : {});
  const cancel = (): void => void tool.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await tool.result;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function measured(result: SpawnResult, request: ResourceRequest, inputs: JsonObject): Omit<StepOutcome['usage'], 'outputBytes'> {
  let inputBytes = 0;
  visitPathValues(inputs, ({ size }) => {
    if (typeof size === 'number') inputBytes += size;
  });
  const { wallSeconds, cpuSeconds, maxMemoryBytes } = result;
  return { wallSeconds, cpuSeconds, maxMemoryBytes, cores: request.coresMin, memoryMiB: request.ramMin, inputBytes };
}

function logTailOf(result: SpawnResult): { logTail?: string } {
  return result.logTail === '' ? {} : { logTail: result.logTail.slice(-2000) };
}
