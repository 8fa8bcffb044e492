import {
  buildCommand,
  checkFormats,
  completeInputs,
  evaluatorFor,
  requirementsInForce,
  resources,
  runtimeFor,
  stageInputs,
  stepInputs,
  visitPathValues,
  type Command,
  type CommandLineTool,
  type CwlPackage,
  type EvaluateJavaScript,
  type Evaluator,
  type JsonObject,
  type Requirement,
  type RequirementsInForce,
  type ResourceRequest,
  type Runtime,
} from '@runnel/cwl';
import { places, type PlacedMount, type StagePlan } from '@runnel/kube-pod';
import type { ObjectStore } from '@runnel/objects';
import { allowedLocations, isBelow, StepFault } from '@runnel/sandbox';
import type { StepRequest } from '../steps/attempt.ts';
import type { AttemptSecrets } from '../steps/attempt-secrets.ts';
import type { Concealment } from '../steps/concealment.ts';
import { objectFiles } from '../steps/object-files.ts';
import { absoluteMounts } from './absolute-mounts.ts';
import { stageEntries } from './stage-entries.ts';

/** An attempt with all that follows from its request: the same each time, so that any executor can go on with it. */
export interface PreparedStep {
  request: StepRequest;
  tool: CommandLineTool;
  command: Command;
  resources: ResourceRequest;
  requirements: RequirementsInForce;
  runtime: Runtime;
  evaluator: Evaluator;
  /** The output folder as the tool sees it: another one with dockerOutputDirectory. */
  outdir: string;
  mounts: PlacedMount[];
  stage: StagePlan;
  inputBytes: number;
  mayBringIn: (location: string) => boolean;
  secrets: AttemptSecrets;
  concealment: Concealment;
}

export interface PrepareContext {
  request: StepRequest;
  package: CwlPackage;
  tool: CommandLineTool;
  /** Stored values resolved. */
  inputs: JsonObject;
  store: ObjectStore;
  evaluateJavaScript: EvaluateJavaScript;
  entrypointOf: (image: string) => readonly string[];
  defaultImage: string | undefined;
  timeLimitSeconds: number;
  secrets: AttemptSecrets;
  concealment: Concealment;
}

/** Plans an attempt: files, command and limits. Throws StepFault, ProcessFault and ExpressionError for faults of the document and its inputs. */
export async function prepareStep(context: PrepareContext): Promise<PreparedStep> {
  const { request, tool, store } = context;
  const levels = { requirements: request.requirements as Requirement[], hints: request.hints as Requirement[] };
  const requirements = requirementsInForce(tool, levels);
  const evaluator = evaluatorFor(tool, {
    requirements,
    evaluateJavaScript: context.evaluateJavaScript,
    now: request.acceptedAt,
    seed: `${request.run}/${request.step}`,
  });
  const given = stepInputs(tool, context.inputs);
  const mayBringIn = allowedLocations({ inputs: given, ...levels }, tool);
  const { inputs: parameters, cwlVersion } = tool;
  const inputs = await completeInputs(given, {
    parameters,
    cwlVersion,
    requirements,
    evaluator,
    files: objectFiles(store, mayBringIn),
    discoverSecondaryFiles: false,
  });
  await checkFormats(inputs, { package: context.package, parameters, evaluator });
  const asked = await resources({ requirements, evaluator, inputs, cwlVersion });
  const staged = stageInputs(inputs, { directory: places.inputs });
  const outdir = outputFolder(requirements);
  const runtime = runtimeFor(asked, outdir, places.tmp);
  const { env, ...built } = await buildCommand(tool, staged.inputs, { requirements, evaluator, runtime });
  const command: Command = { ...built, env: { ...env, ...context.secrets.environment } };
  if (Object.values(command.env).includes('<<REPLACE>>'))
    throw new StepFault('inputs', 'it wants a token of its run (<<REPLACE>>), which steps on a cluster are not given');
  const wanted = [...staged.entries, ...command.initialWorkDir];
  const mounts = absoluteMounts(wanted, outdir);
  const entries = await stageEntries(wanted, { store, mayBringIn, onStage: (path) => inStage(path, outdir, mounts) });
  return {
    request,
    tool,
    command,
    resources: asked,
    requirements,
    runtime,
    evaluator,
    outdir,
    mounts,
    mayBringIn,
    secrets: context.secrets,
    concealment: context.concealment,
    inputBytes: sizeOf(inputs),
    stage: stagePlan(entries, { command, outdir, mounts, context }),
  };
}

/** Only a required container may say where the output folder is seen (DockerRequirement.dockerOutputDirectory). */
function outputFolder(requirements: RequirementsInForce): string {
  const container = requirements.get('DockerRequirement');
  const declared = container?.mandatory === true ? container.requirement['dockerOutputDirectory'] : undefined;
  return typeof declared === 'string' && declared.startsWith('/') ? declared : places.work;
}

/** A path of the tool as our containers see it. */
function inStage(path: string, outdir: string, mounts: readonly PlacedMount[]): string {
  if (isBelow(path, outdir)) return places.work + path.slice(outdir.length);
  const mount = mounts.find((one) => isBelow(path, one.path));
  return mount === undefined ? path : `${places.absolute}/${mount.name}${path.slice(mount.path.length)}`;
}

function stagePlan(
  entries: StagePlan['entries'],
  { command, outdir, mounts, context }: { command: Command; outdir: string; mounts: readonly PlacedMount[]; context: PrepareContext },
): StagePlan {
  const seconds = Math.min(command.timeLimit ?? Infinity, context.timeLimitSeconds);
  const hidden = context.concealment.texts();
  const image = command.image?.image ?? context.defaultImage ?? '';
  return {
    version: 1,
    roots: [places.inputs, places.work, places.tmp, places.exit, ...(mounts.length > 0 ? [places.absolute] : [])],
    entries,
    parallel: 8,
    files: { program: places.program, wrap: context.request.secrets === true ? places.hiddenWrap : places.wrap, upload: places.upload },
    wrap: {
      version: 1,
      argv: [...context.entrypointOf(image), ...command.argv],
      env: command.env,
      cwd: outdir,
      ...(command.stdin !== undefined && { stdin: command.stdin }),
      ...(command.stdout !== undefined && { stdout: `${outdir}/${command.stdout}` }),
      ...(command.stderr !== undefined && { stderr: `${outdir}/${command.stderr}` }),
      umask: '022',
      timeLimitSeconds: seconds,
      graceSeconds: 10,
      fifo: places.fifo,
      exitFile: places.exitFile,
      ...(hidden.length > 0 && { hidden }),
    },
    upload: { version: 1, outdir: places.work, fifo: places.fifo, exitFile: places.exitFile, parallel: 8, maxEntries: 200_000 },
  };
}

function sizeOf(inputs: JsonObject): number {
  let bytes = 0;
  visitPathValues(inputs, ({ size }) => {
    if (typeof size === 'number') bytes += size;
  });
  return bytes;
}
