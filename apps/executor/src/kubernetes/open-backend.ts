import { setTimeout as sleep } from 'node:timers/promises';
import { keys, stagingAudience } from '@runnel/kube-pod';
import type { DirectAccess, ObjectStore } from '@runnel/objects';
import type { Backend, BackendContext } from '../backend.ts';
import type { ExecutorConfig } from '../config.ts';
import { logPrefix, type AttemptId, type StepRequest } from '../steps/attempt.ts';
import { carryOutStep, infrastructureFault, refuseReferences, resultOf } from '../steps/carry-out-step.ts';
import { createConcealment } from '../steps/concealment.ts';
import { openStepLog } from '../steps/step-log.ts';
import { storeLargeOutputs } from '../steps/store-large-outputs.ts';
import { carryOutOnCluster, ensureGone, isTool, type ClusterSurroundings } from './carry-out-on-cluster.ts';
import { openCluster, type Cluster } from './cluster.ts';
import { createHostAliases } from './host-aliases.ts';
import { namespaceMaker } from './make-namespaces.ts';
import type { PodDefaults } from './pod-choices.ts';
import { startPodWatch } from './pod-watch.ts';
import { createAdoption, createTidying } from './pods-left.ts';
import { createPreparations } from './preparations.ts';
import type { PreparedStep } from './prepare-step.ts';
import { Left } from './run-pod.ts';
import { stagingAnswers } from './staging-answers.ts';
import { startStagingServer } from './staging-server.ts';
import { createTooLarge } from './too-large.ts';
import { tokenVerifier } from './verify-token.ts';

/** What a cluster can take is its scheduler's to say. */
const boundless = 1_000_000;

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
  const preparations = createPreparations(context, defaults);
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
  const tidying = createTidying(here, logger);
  const adoption = createAdoption(here, logger);
  const staging = await startStaging(config, { store, direct, cluster, logger, prepared: preparations.byId });
  return {
    cores: boundless,
    memoryMiB: boundless * 1024,
    isolation: 'pods',
    ports: {
      carryOut: (request, signal, toolEnded) => carryOut(request, { context, here, signal, toolEnded }),
      ensureGone: (id) => ensureGone(here, id),
      tidy: (id) => {
        preparations.forget(id);
        tidying.tidy(id);
      },
    },
    adopt: (attempts) => adoption.adopt(attempts),
    pending: () => adoption.pending(),
    // Pods go on by themselves. Where the bus is away nobody else has this shard; where its lease is lost, another one does.
    onLost: (attempts) => context.mayStart() || attempts.abandon(new Left('the shard is lost; its pods go on')),
    leavesSteps: true,
    async drain(attempts, graceSeconds) {
      adoption.close();
      attempts.abandon(new Left('the executor ends; its pods go on'));
      await attempts.settled();
      // Whoever has the shard next removes the others.
      await Promise.race([tidying.settled(), sleep(graceSeconds * 1000, undefined, { ref: false })]);
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
  // What could not be prepared is told by its own outcome, without secrets.
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
