import type { CommandLineTool, Json, JsonObject } from '../model.ts';
import type { Evaluator } from '../expression/evaluate.ts';
import { interpolated } from '../expression/json-text.ts';
import type { ExpressionContext } from '../ports.ts';
import { ProcessFault } from '../process-fault.ts';
import type { DockerRequirement, RequirementsInForce } from '../requirements.ts';
import { requirement } from '../requirements.ts';
import type { Runtime } from '../resources.ts';
import { describeValue } from '../load/raw.ts';
import { bindingArguments, shellQuote } from './arguments.ts';
import { collectBindings } from './bindings.ts';
import { planInitialWorkDir } from './initial-work-dir.ts';
import type { StagingEntry } from './staging.ts';

export interface CommandContext {
  requirements: RequirementsInForce;
  evaluator: Evaluator;
  /** As the tool sees it. */
  runtime: Runtime;
}

/** Everything that carries out one invocation of a tool. */
export interface Command {
  /** With ShellCommandRequirement `/bin/sh -c` and one string. Starts with the entry point of an image only after the sandbox put it there. */
  argv: string[];
  shell: boolean;
  /** Path as the tool sees it. */
  stdin?: string;
  /** Names in the output directory; absent: the stream goes to the log. */
  stdout?: string;
  stderr?: string;
  /** HOME, TMPDIR and EnvVarRequirement; PATH is the sandbox's to add. */
  env: { [name: string]: string };
  /** What goes into the output directory before the start. */
  initialWorkDir: StagingEntry[];
  /** Inputs with the paths they have after the initial work directory was filled; output expressions see these. */
  inputs: JsonObject;
  /** Seconds; absent: no limit. */
  timeLimit?: number;
  network: boolean;
  /** May the result of an equal invocation be used instead (WorkReuse)? */
  reuse: boolean;
  /** The container asked for, as requirement (`mandatory`) or as hint. */
  image?: DockerRequirement & { mandatory: boolean };
  /** Processes that an MPI launcher starts (MPIRequirement of cwltool); absent: the command itself is started. */
  mpiProcesses?: number;
  successCodes: number[];
  temporaryFailCodes: number[];
  permanentFailCodes: number[];
}

/**
 * Turns a tool and its staged, completed inputs into a command (CommandLineTool § Running a Command). Throws ProcessFault and ExpressionError for
 * faults of the document or its inputs.
 */
export async function buildCommand(tool: CommandLineTool, stagedInputs: JsonObject, context: CommandContext): Promise<Command> {
  const { requirements, evaluator, runtime } = context;
  const workDir = await planInitialWorkDir({
    requirements,
    evaluator,
    runtime,
    inputs: stagedInputs,
    outdir: runtime.outdir,
    cwlVersion: tool.cwlVersion,
  });
  const scope: Scope = { ...context, seen: { inputs: workDir.inputs, self: null, runtime } };
  const shell = requirement(requirements, 'ShellCommandRequirement') !== undefined;
  const argv = await commandLine(tool, shell, scope);
  const stdin = await streamName('stdin', tool.stdin, scope);
  const stdout = await streamName('stdout', tool.stdout, scope);
  const stderr = await streamName('stderr', tool.stderr, scope);
  const timeLimit = await timeLimitOf(scope);
  const image = requirement(requirements, 'DockerRequirement');
  const mpiProcesses = await mpiProcessesOf(scope);
  return {
    argv,
    shell,
    ...(stdin !== undefined && { stdin }),
    ...(stdout !== undefined && { stdout }),
    ...(stderr !== undefined && { stderr }),
    env: await environment(scope),
    initialWorkDir: workDir.entries,
    inputs: workDir.inputs,
    ...(timeLimit !== undefined && { timeLimit }),
    network: await flag(
      requirement(requirements, 'NetworkAccess')?.networkAccess ?? tool.cwlVersion === 'v1.0',
      'NetworkAccess.networkAccess',
      scope,
    ),
    reuse: await flag(requirement(requirements, 'WorkReuse')?.enableReuse ?? true, 'WorkReuse.enableReuse', scope),
    ...(image !== undefined && { image }),
    ...(mpiProcesses !== undefined && { mpiProcesses }),
    successCodes: tool.successCodes,
    temporaryFailCodes: tool.temporaryFailCodes,
    permanentFailCodes: tool.permanentFailCodes,
  };
}

interface Scope extends CommandContext {
  seen: ExpressionContext;
}

async function commandLine(tool: CommandLineTool, shell: boolean, scope: Scope): Promise<string[]> {
  const words = shell ? tool.baseCommand.map(shellQuote) : [...tool.baseCommand];
  const { inputs, runtime = {} } = scope.seen;
  for (const { binding, value, path } of await collectBindings(tool, inputs, {
    evaluator: scope.evaluator,
    context: { inputs, runtime },
  })) {
    const effective =
      binding.valueFrom === undefined ? value : await scope.evaluator(binding.valueFrom, { ...scope.seen, self: value }, path);
    const elements = bindingArguments(binding, effective, path);
    words.push(...(shell && binding.shellQuote !== false ? elements.map(shellQuote) : elements));
  }
  if (words.length === 0 && requirement(scope.requirements, 'DockerRequirement') === undefined) {
    throw new ProcessFault('baseCommand', 'the command line is empty: there is no program to run');
  }
  return shell ? ['/bin/sh', '-c', words.join(' ')] : words;
}

async function streamName(stream: 'stdin' | 'stdout' | 'stderr', declared: string | undefined, scope: Scope): Promise<string | undefined> {
  if (declared === undefined) return undefined;
  const value = await scope.evaluator(declared, scope.seen, stream);
  if (value === null && stream === 'stdin') return undefined;
  if (typeof value !== 'string' || value === '')
    throw new ProcessFault(stream, `must give the name of a file, not ${describeValue(value)}`);
  if (stream !== 'stdin' && (value.includes('/') || value === '.' || value === '..')) {
    throw new ProcessFault(stream, `${value} is no plain file name; the file is always made in the output directory`);
  }
  return value;
}

async function environment(scope: Scope): Promise<{ [name: string]: string }> {
  const env: { [name: string]: string } = { HOME: scope.runtime.outdir, TMPDIR: scope.runtime.tmpdir };
  for (const { name, value } of requirement(scope.requirements, 'EnvVarRequirement')?.variables ?? []) {
    const path = `requirements.EnvVarRequirement.${name}`;
    const evaluated: Json = await scope.evaluator(value, scope.seen, path);
    if (evaluated === null || typeof evaluated === 'object')
      throw new ProcessFault(path, `must give a text, not ${describeValue(evaluated)}`);
    if (!/^[^=\0]+$/.test(name)) throw new ProcessFault(path, 'is no name of an environment variable');
    env[name] = interpolated(evaluated);
  }
  return env;
}

/** 0: MPI is not used at all, as in cwltool. */
async function mpiProcessesOf(scope: Scope): Promise<number | undefined> {
  const declared = requirement(scope.requirements, 'MPIRequirement')?.processes;
  if (declared === undefined) return undefined;
  const path = 'requirements.MPIRequirement.processes';
  const count = typeof declared === 'string' ? await scope.evaluator(declared, scope.seen, path) : declared;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0)
    throw new ProcessFault(path, `must be a number of processes that is not negative, not ${describeValue(count)}`);
  return count === 0 ? undefined : count;
}

/** 0 lifts the limit (ToolTimeLimit.timelimit). */
async function timeLimitOf(scope: Scope): Promise<number | undefined> {
  const declared = requirement(scope.requirements, 'ToolTimeLimit')?.seconds;
  if (declared === undefined) return undefined;
  const path = 'requirements.ToolTimeLimit.timelimit';
  const seconds = typeof declared === 'string' ? await scope.evaluator(declared, scope.seen, path) : declared;
  if (typeof seconds !== 'number' || !(seconds >= 0))
    throw new ProcessFault(path, `must be a number of seconds that is not negative, not ${describeValue(seconds)}`);
  return seconds === 0 ? undefined : seconds;
}

async function flag(declared: boolean | string, name: string, scope: Scope): Promise<boolean> {
  if (typeof declared === 'boolean') return declared;
  const value = await scope.evaluator(declared, scope.seen, `requirements.${name}`);
  if (typeof value !== 'boolean') throw new ProcessFault(`requirements.${name}`, `must give true or false, not ${describeValue(value)}`);
  return value;
}

/** What an exit code means for a tool (§ successCodes, temporaryFailCodes, permanentFailCodes). */
export function exitMeaning(
  exitCode: number,
  codes: Pick<Command, 'successCodes' | 'temporaryFailCodes' | 'permanentFailCodes'>,
): 'success' | 'temporaryFailure' | 'permanentFailure' {
  if (codes.successCodes.includes(exitCode)) return 'success';
  if (codes.temporaryFailCodes.includes(exitCode)) return 'temporaryFailure';
  if (codes.permanentFailCodes.includes(exitCode)) return 'permanentFailure';
  return exitCode === 0 ? 'success' : 'permanentFailure';
}
