import { resolveValues } from '@runnel/engine';
import { keys, mayRun, namespaceObjects, namespaceOf, StagedAttempt, stagingAudience, staysFor } from '@runnel/kube-pod';
import { ObjectNotFound, readValue, type DirectAccess, type ObjectStore } from '@runnel/objects';
import { z } from 'zod';
import type { Backend, BackendContext } from '../backend.ts';
import type { ExecutorConfig } from '../config.ts';
import { attemptName, logPrefix, type AttemptId, type StepRequest } from '../steps/attempt.ts';
import type { Attempts } from '../steps/attempts.ts';
import { carryOutStep, infrastructureFault, readOwn, refuseReferences, resultOf } from '../steps/carry-out-step.ts';
import { secretsOf } from '../steps/attempt-secrets.ts';
import { createConcealment } from '../steps/concealment.ts';
import { openStepLog } from '../steps/step-log.ts';
import { storeLargeOutputs } from '../steps/store-large-outputs.ts';
import { carryOutOnCluster, ensureGone, isTool, stopGrace, type ClusterSurroundings } from './carry-out-on-cluster.ts';
import { openCluster, type Cluster } from './cluster.ts';
import { planKey, podName } from './keys.ts';
import { createHostAliases } from './host-aliases.ts';
import type { PodDefaults } from './pod-choices.ts';
import { startPodWatch } from './pod-watch.ts';
import { prepareStep, type PreparedStep } from './prepare-step.ts';
import { Left } from './run-pod.ts';
import { stagingAnswers, StagingRefused } from './staging-answers.ts';
import { startStagingServer } from './staging-server.ts';
import { createTooLarge } from './too-large.ts';
import { tokenVerifier } from './verify-token.ts';

/** What a cluster can take is its scheduler's to say. */
const boundless = 1_000_000;
/** Attempts whose preparation is kept. */
const kept = 500;

/** Runs steps as pods. Rejects where the configuration lacks what a cluster needs. */
export async function openKubernetesBackend(config: ExecutorConfig, context: BackendContext): Promise<Backend> {
  const { surroundings, logger } = context;
  const { store, executor: shard } = surroundings;
  const { direct } = store;
  if (direct === undefined) throw new Error('the kubernetes backend needs an object store that pods reach (RUNNEL_OBJECTS=s3://…)');
  if (config.stagingUrl === undefined) throw new Error('the kubernetes backend needs RUNNEL_STAGING_URL: where pods reach this executor');
  const cluster = await openCluster({
    ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
    writesPerSecond: config.apiWritesPerSecond,
  });
  const selector = `${keys.managedBy}=runnel,${keys.shard}=${shard}`;
  const watch = await startPodWatch({ cluster, selector, onWarning: (text) => logger.warn(text) });
  const defaults = defaultsOf(config, config.stagingUrl);
  const preparations = rememberPreparations((request) => prepare(request, { context, defaults }), store);
  const here: ClusterSurroundings = {
    cluster,
    watch,
    store,
    shard,
    settings: config.workspacePods,
    defaults,
    ensureNamespace: namespaceMaker(cluster, config, logger),
    prepare: preparations.of,
    tooLarge: createTooLarge(cluster, config.autoscaled),
    mayStart: context.mayStart,
    hostAliases: createHostAliases(() => namesForPods(config, direct)),
  };
  const staging = await startStaging(config, { store, direct, cluster, logger, prepared: preparations.byId });
  return {
    cores: boundless,
    memoryMiB: boundless * 1024,
    isolation: 'pods',
    ports: {
      carryOut: (request, signal, toolEnded) => carryOut(request, { context, here, signal, toolEnded }),
      ensureGone: (id) => ensureGone(here, id),
      tidy: (id) => tidy(here, preparations, id, context),
    },
    adopt: (attempts) => adopt(attempts, here, context),
    // Pods go on by themselves. Where the bus is away nobody else has this shard; where its lease is lost, another one does.
    onLost: (attempts) => context.mayStart() || attempts.abandon(new Left('the shard is lost; its pods go on')),
    leavesSteps: true,
    async drain(attempts) {
      attempts.abandon(new Left('the executor ends; its pods go on'));
      await attempts.settled();
    },
    async close() {
      await staging.close();
      await watch.close();
    },
  };
}

/** Addresses that pods are given. */
async function namesForPods({ stagingUrl, reachable }: ExecutorConfig, direct: DirectAccess): Promise<string[]> {
  // Where no policy is made pods have the cluster's DNS.
  if (reachable.length === 0) return [];
  const signed = await direct.signGets(['any']);
  return [stagingUrl ?? '', ...signed.map(({ url }) => url)].map((url) => new URL(url).hostname);
}

function defaultsOf(config: ExecutorConfig, stagingUrl: string): PodDefaults {
  return {
    stageImage: config.stageImage,
    stagingUrl,
    image: config.toolImage,
    images: config.clusterImages,
    imageSources: config.imageSources,
    timeLimitSeconds: config.stepTimeLimit,
    // For bringing and keeping files, which have no limit of their own.
    deadlineMarginSeconds: 3600,
    patienceSeconds: 300,
    imagePatienceSeconds: config.imagePatience,
    memoryLimitMiB: config.stepMemoryMib,
    diskLimitMiB: config.stepOutputMib,
  };
}

interface Here {
  context: BackendContext;
  here: ClusterSurroundings;
  signal: AbortSignal;
  toolEnded: () => void;
}

async function carryOut(request: StepRequest, { context, here, signal, toolEnded }: Here): ReturnType<Backend['ports']['carryOut']> {
  const { surroundings } = context;
  const cwl = await surroundings.packages(request.process.workspace, request.process.digest).catch(() => undefined);
  // Nothing is started for an expression; and what is no process is told as it is on a host.
  if (!isTool(cwl?.processes[request.process.id])) return carryOutStep(request, surroundings, signal, toolEnded);
  const { store, executor } = surroundings;
  const bare = openStepLog({ store, prefix: logPrefix(request), tail: (offset, text) => surroundings.tail(request, offset, text) });
  const begun = new Date().toISOString();
  // What could not be prepared is told by its own outcome, and has no secrets yet.
  const concealment = await here.prepare(request).then((prepared) => prepared.concealment, createConcealment);
  const masked = concealment.masking((chunk) => bare.write(chunk));
  const log = { ...bare, write: masked.write, tell: (text: string) => bare.tell(concealment.hide(text)) };
  let outcome: Awaited<ReturnType<typeof carryOutOnCluster>>;
  try {
    outcome = await carryOutOnCluster(request, here, log, signal);
    if ('waiting' in outcome) return outcome;
    outcome.outputs = await storeLargeOutputs(store, request, refuseReferences(outcome.outputs));
  } catch (error) {
    if (error instanceof Left) throw error;
    outcome = infrastructureFault(begun, error);
  }
  masked.end();
  if (outcome.failure !== undefined) log.tell(outcome.failure.reason);
  const logs = await bare.end().catch(() => []);
  return resultOf(request, { executor, outcome, logs, concealment });
}

interface Preparations {
  of: (request: StepRequest) => Promise<PreparedStep>;
  byId: (id: AttemptId) => Promise<PreparedStep>;
  forget: (id: AttemptId) => void;
}

/** Preparations of the attempts under way; those that another executor began are made from their stored plan. */
function rememberPreparations(make: (request: StepRequest) => Promise<PreparedStep>, store: ObjectStore): Preparations {
  const known = new Map<string, Promise<PreparedStep>>();
  const of = (request: StepRequest): Promise<PreparedStep> => {
    const name = attemptName(request);
    const making = known.get(name) ?? make(request);
    known.set(name, making);
    making.catch(() => known.delete(name));
    const oldest = known.keys().next().value;
    if (known.size > kept && oldest !== undefined) known.delete(oldest);
    return making;
  };
  return {
    of,
    async byId(id) {
      const known_ = known.get(attemptName(id));
      if (known_) return known_;
      const request = await readRequest(store, id);
      if (request === undefined) throw new StagingRefused('there is no such attempt');
      return of(request);
    },
    forget: (id) => void known.delete(attemptName(id)),
  };
}

async function readRequest(store: ObjectStore, id: AttemptId): Promise<StepRequest | undefined> {
  try {
    return ((await readValue(store, planKey(id), 64 * 1024 * 1024)) as { request: StepRequest }).request;
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

async function prepare(
  request: StepRequest,
  { context, defaults }: { context: BackendContext; defaults: PodDefaults },
): Promise<PreparedStep> {
  const { store, packages, evaluateJavaScript, askSecrets } = context.surroundings;
  const { workspace, process } = request;
  const cwl = await packages(process.workspace, process.digest);
  const tool = cwl.processes[process.id];
  if (!isTool(tool)) throw new StagingRefused(`${process.id} is nothing that runs in a pod`);
  const concealment = createConcealment();
  const secrets = await secretsOf(request, askSecrets, concealment);
  return prepareStep({
    request,
    secrets,
    concealment,
    package: cwl,
    tool,
    inputs: secrets.reveal(await resolveValues(request.inputs, (key) => readOwn(store, workspace, key))),
    store,
    evaluateJavaScript,
    entrypointOf: (image) => defaults.images[image]?.entrypoint ?? [],
    defaultImage: defaults.image,
    timeLimitSeconds: defaults.timeLimitSeconds,
  });
}

/** Makes a workspace's namespace once. Where that is forbidden it is expected to be there. */
function namespaceMaker(cluster: Cluster, config: ExecutorConfig, logger: BackendContext['logger']): (workspace: string) => Promise<void> {
  const made = new Map<string, Promise<void>>();
  const make = async (workspace: string): Promise<void> => {
    const { reachable, stagingPods, stagingPort } = config;
    const staging = stagingPods && { ...stagingPods, port: stagingPort };
    const plan = { workspace, workspacePods: config.workspacePods(workspace), reachable, staging };
    for (const object of namespaceObjects(plan)) {
      const answer = await cluster.ensure(object);
      if (answer === 'forbidden') logger.info({ kind: object.kind, workspace }, 'may not be made here: it is expected to be there');
    }
  };
  return (workspace) => {
    const making = made.get(workspace) ?? make(workspace);
    made.set(workspace, making);
    making.catch(() => made.delete(workspace));
    return making;
  };
}

interface StagingContext {
  store: ObjectStore;
  direct: DirectAccess;
  cluster: Cluster;
  logger: BackendContext['logger'];
  prepared: (id: AttemptId) => Promise<PreparedStep>;
}

function startStaging(
  config: ExecutorConfig,
  { store, direct, cluster, logger, prepared }: StagingContext,
): ReturnType<typeof startStagingServer> {
  return startStagingServer({
    host: config.host,
    port: config.stagingPort,
    logger,
    verify: tokenVerifier(() => cluster.tokenKeys(), stagingAudience),
    answers: (id) => stagingAnswers({ store, direct, prepared }, id),
  });
}

/** Whoever may change pods may have written anything there. */
const AnnotatedAttempt = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue('is no JSON');
      return z.NEVER;
    }
  })
  .pipe(StagedAttempt);

/** Goes on with the pods that are there: under their own names, with the same attempts (rule 8). */
async function adopt(attempts: Attempts, { watch, cluster, store }: ClusterSurroundings, { logger }: BackendContext): Promise<void> {
  for (const pod of watch.list()) {
    const { name = '', namespace = '', annotations = {} } = pod.metadata ?? {};
    const id = AnnotatedAttempt.safeParse(annotations[keys.attempt]);
    const own = id.success && name === podName(id.data) && namespace === namespaceOf(id.data.workspace);
    const request = own ? await readRequest(store, id.data) : undefined;
    if (request === undefined) {
      logger.warn({ pod: name }, 'a pod without a plan is removed');
      await cluster.deletePod(namespace, name, 0);
    } else void attempts.begin(request).catch((error: unknown) => logger.error({ error, pod: name }, 'a pod could not be taken over'));
  }
}

/** Its result is stored and told: the pod is of no use any more, unless somebody wants to look at it. */
function tidy(here: ClusterSurroundings, preparations: Preparations, id: AttemptId, { logger }: BackendContext): void {
  preparations.forget(id);
  const { cluster, watch, settings, mayStart } = here;
  const name = podName(id);
  const pod = watch.get(name);
  if (pod === undefined) return;
  const remove = (): void => {
    // Whoever has the shard next finds it, and its result.
    if (!mayStart()) return;
    // What may still run on a node that is not heard of is never force-deleted: it goes when the node is back, or is removed.
    const grace = mayRun(watch.get(name) ?? pod) ? stopGrace : 0;
    cluster
      .deletePod(namespaceOf(id.workspace), name, grace)
      .catch((error: unknown) => logger.warn({ error, pod: name }, 'a pod could not be removed'));
  };
  const stays = staysFor(pod, settings(id.workspace).keepFailedMinutes, Date.now());
  if (stays > 0) setTimeout(remove, stays).unref();
  else remove();
}
