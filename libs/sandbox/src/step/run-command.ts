import { join } from 'node:path';

import {
  buildCommand,
  collectOutputs,
  exitMeaning,
  locationToPath,
  requirement,
  resources,
  runtimeFor,
  stageInputs,
  visitPathValues,
  type CommandLineTool,
  type JsonObject,
} from '@runnel/cwl';

import type { SpawnRequest, SpawnResult, StepOutcome } from '../types.ts';
import { noImages } from '../images/local-images.ts';
import { makeFolders, mapAbsoluteEntries, spareFolder } from './attempt-folders.ts';
import { chooseContainer, hasOwnFiles, type ContainerChoices } from './choose-container.ts';
import { LOG_TAIL_CHARACTERS, StepFault, toolFailure, type Failure } from './failures.ts';
import { hostPath, localFiles } from './local-files.ts';
import { placeFiles } from './place-files.ts';
import { limitsFor, planSpawn } from './plan-spawn.ts';
import { completedInputs, type Preparation, type StepPorts } from './prepare.ts';
import { takeOutputs } from './take-outputs.ts';

/** Carries out a CommandLineTool: stages, starts, waits, collects. Fills in `usage` as far as it gets. */
export async function runCommand(
  tool: CommandLineTool,
  preparation: Preparation,
  usage: StepOutcome['usage'],
): Promise<{ outputs: JsonObject } | { failure: Failure }> {
  const { attempt, ports, requirements, evaluator, mayBringIn } = preparation;
  const { exchange } = ports;
  const inputs = await completedInputs(tool, preparation);
  const request = await resources({ requirements, evaluator, inputs, cwlVersion: tool.cwlVersion });
  Object.assign(usage, { cores: request.coresMin, memoryMiB: request.ramMin, inputBytes: sizeOf(inputs) });

  const cuda = requirement(requirements, 'CUDARequirement');
  if (cuda?.mandatory) await (await import('./check-cuda.ts')).requireCuda(cuda, evaluator, inputs);
  const asked = requirement(requirements, 'DockerRequirement');
  const container = chooseContainer(asked, choicesOf(preparation));
  const folders = makeFolders(attempt, hasOwnFiles(container) ? asked?.outputDirectory : undefined);
  const staged = stageInputs(inputs, { directory: folders.in, ...(exchange.resident && { resident: exchange.resident.bind(exchange) }) });
  const runtime = runtimeFor(request, folders.outInTool, folders.tmp);
  const command = await buildCommand(tool, staged.inputs, { requirements, evaluator, runtime });
  const limits = limitsFor(command, request, ports.limits);
  const absolute = hasOwnFiles(container) ? mapAbsoluteEntries(command.initialWorkDir, folders, attempt) : [];
  folders.mappings.push(...absolute);
  const onHost = (path: string): string => hostPath(path, folders.mappings);
  const { linked, originals } = await placeFiles([...staged.entries, ...command.initialWorkDir], { exchange, mayBringIn, onHost });
  const binds = [
    ...absolute.map(({ tool, host, writable }) => ({ source: host, target: tool, writable })),
    ...originals.map((path) => ({ source: path, target: path, writable: true })),
  ];
  const spawned = planSpawn(command, folders, preparation, { limits, container, binds, hasInputs: staged.entries.length > 0 });

  ports.onCommand?.(attempt.name, spawned.argv);
  const result = await runToEnd(spawned, ports);
  const { wallSeconds, cpuSeconds, maxMemoryBytes } = result;
  Object.assign(usage, { wallSeconds, cpuSeconds, maxMemoryBytes });
  const failed = result.limit !== undefined || result.cancelled === true || exitMeaning(result.exitCode, command) !== 'success';
  if (failed) return { failure: toolFailure(attempt.name, result, limits) };

  const readable = [...inputPlaces(staged.inputs), ...linked];
  const files = localFiles(folders.mappings);
  const { exitCode } = result;
  const collected = await collectOutputs(tool, { runtime, exitCode, inputs: command.inputs, requirements, evaluator, files, readable });
  if ('failure' in collected)
    return { failure: { ...collected.failure, reason: `${attempt.name}: ${collected.failure.reason}`, ...logTailOf(result) } };
  const places = { out: folders.out, readable };
  const taken = await takeOutputs(collected.outputs, { exchange, onHost, places, literals: join(attempt.directory, 'literals') });
  usage.outputBytes = taken.bytes;
  spareFolder(folders, attempt);
  return { outputs: taken.outputs };
}

/** Where a link that the tool left may lead: its inputs, and the places where they really stand. */
function inputPlaces(inputs: JsonObject): string[] {
  const places: string[] = [];
  visitPathValues(inputs, ({ path, location }) => {
    if (typeof path === 'string') places.push(path);
    const stands = typeof location === 'string' ? locationToPath(location) : undefined;
    if (stands !== undefined && stands !== path) places.push(stands);
  });
  return places;
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

function choicesOf({ attempt, ports }: Preparation): ContainerChoices {
  return {
    images: ports.images ?? noImages,
    ...(ports.engine && { engine: ports.engine }),
    ...(ports.defaultImage !== undefined && { defaultImage: ports.defaultImage }),
    ...(ports.chooseImage && { chooseImage: ports.chooseImage }),
    warn: (text) => ports.onWarning?.(`${attempt.name}: ${text}`),
    canEnterRoot: ports.spawner.isolation.namespaces !== 'none',
  };
}

function sizeOf(inputs: JsonObject): number {
  let bytes = 0;
  visitPathValues(inputs, ({ size }) => {
    if (typeof size === 'number') bytes += size;
  });
  return bytes;
}

function logTailOf({ logTail }: SpawnResult): { logTail?: string } {
  return logTail === '' ? {} : { logTail: logTail.slice(-LOG_TAIL_CHARACTERS) };
}
