import { randomBytes } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { Module } from '@nestjs/common';
import { type DataOf, type ExecutorHeartbeat, mostHeld } from '@runnel/contracts';
import { connect, ensureShardConsumer, ensureTopology, RunnelTransport, shardPlan, type Messaging } from '@runnel/messaging';
import { openObjectStore, tellFaults } from '@runnel/objects';
import { detectIsolation, noIsolation } from '@runnel/sandbox';
import {
  createLogger,
  createMetrics,
  Gauge,
  Histogram,
  nothingOpened,
  objectStoreErrors,
  runService,
  type Logger,
  type Opened,
  type Registry,
} from '@runnel/service';
import type { ExecutorConfig } from './config.ts';
import { openBackend } from './backend.ts';
import { filledFolders, watchDiskRoom, type DiskRoom } from './disk-room.ts';
import { startHeartbeat } from './heartbeat.ts';
import { ownShard } from './kubernetes/own-shard.ts';
import { AttemptsHolder } from './steps/attempts-holder.ts';
import { createAttempts } from './steps/attempts.ts';
import { OnStepRequested } from './steps/on-step-requested.ts';
import { OnStepStop } from './steps/on-step-stop.ts';
import { openSandbox } from './steps/open-sandbox.ts';
import { createReports } from './steps/report.ts';
import { withReuse } from './steps/reuse.ts';
import { createSlots } from './steps/slots.ts';

export interface Executor {
  id: string;
  /** Health and metrics. */
  url: string;
  /** For people: what separates tools from this host. */
  isolation: string;
  /** Drains: what is queued is handed back, running steps get their grace. */
  close(): Promise<void>;
}

@Module({})
class ExecutorModule {}

/** Steps at a time where a cluster carries them out: it queues by itself. */
const podsAtATime = 64;

/** Starts an executor: a shard of its own (rule 7). */
export async function startExecutor(config: ExecutorConfig, options: { logger?: Logger } = {}): Promise<Executor> {
  const opened = nothingOpened();
  try {
    return await start(config, options.logger ?? createLogger({ service: 'executor' }), opened);
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

async function start(config: ExecutorConfig, base: Logger, opened: Opened): Promise<Executor> {
  const own = config.executorId ?? `${nameOfHost()}-${randomBytes(4).toString('hex')}`;
  const shard = await ownShard(config, own, base);
  const id = shard?.name ?? own;
  opened.push(async () => shard?.release());
  const logger = base.child({ executor: id });
  const registry = createMetrics('executor');
  const store = tellFaults(await openObjectStore(config.objects), objectStoreErrors(registry));
  const { natsUrl: url, natsUser: user, natsPassword: password, prefix } = config;
  const messaging = await connect({ url, user, password, prefix, service: 'executor', logger });
  opened.push(() => messaging.close());
  const isolation = config.isolation === 'none' ? noIsolation : (await detectIsolation()).mode;
  const count = config.slots ?? (config.backend === 'kubernetes' ? podsAtATime : availableParallelism());
  const { surroundings, close: closeSandbox } = await openSandbox(config, { id, count, isolation, store, messaging, logger });
  opened.push(closeSandbox);
  const slots = createSlots(count);
  slotMetrics(registry, slots, count);
  let beat = (): void => undefined;
  const room = await watchDiskRoom({
    folders: filledFolders(config.workDir, config.objects),
    limit: config.diskLimit,
    logger,
    onChanged: () => beat(),
  });
  opened.push(async () => room.close());
  diskMetrics(registry, room);
  const backend = await openBackend(config, { surroundings, messaging, logger, isolation, mayStart: () => shard?.isHeld() ?? true });
  opened.push(() => backend.close());
  const reports = createReports(messaging, store, id);
  const { packages, values } = surroundings;
  const carryOut = withReuse({ store, values, packages, backend: config.backend, executor: id, logger }, backend.ports.carryOut);
  const attempts = createAttempts({ slots, logger, onStart: startDelay(registry), reports, ...backend.ports, carryOut });
  const incarnation = randomBytes(6).toString('hex');
  let accepting = true;
  const status = (): DataOf<typeof ExecutorHeartbeat> => ({
    executor: id,
    incarnation,
    backend: config.backend,
    slots: count,
    cores: backend.cores,
    memoryMiB: backend.memoryMiB,
    isolation: backend.isolation,
    accepting,
    ...(room.full() === undefined ? {} : { full: room.full() }),
    steps: [...attempts.list(), ...backend.pending()].map(({ run, step, attempt }) => ({ run, step, attempt })),
  });
  const plan = shardPlan(id, prefix);
  const strategy = new RunnelTransport({
    messaging,
    // Lanes beyond what the scheduler requests ahead, so that a stop never queues behind requests that wait for a slot.
    consumers: [{ plan, limit: mostHeld(count) + 16, ensure: () => declareShard(messaging, id) }],
  });
  await declareShard(messaging, id);
  // Before the first heartbeat, which tells whose attempts these are.
  await backend.adopt(attempts);
  const service = await runService({
    name: 'executor',
    module: {
      module: ExecutorModule,
      controllers: [OnStepRequested, OnStepStop],
      providers: [{ provide: AttemptsHolder, useValue: new AttemptsHolder(attempts) }],
    },
    logger,
    operations: {
      metrics: registry,
      checks: new Map([
        ['nats', () => messaging.ping()],
        ['objects', () => store.ping()],
      ]),
    },
    host: config.host,
    port: config.port,
    strategy: () => strategy,
  });
  void shard?.lost.then(() => {
    logger.error('the lease of the shard was lost: another executor may have it. This one ends; its pods go on');
    backend.onLost(attempts);
    heartbeat.stop();
    process.kill(process.pid, 'SIGTERM');
  });
  const heartbeat = startHeartbeat({ messaging, status, onLost: () => backend.onLost(attempts) });
  beat = () => heartbeat.beat();
  const close = async (): Promise<void> => {
    accepting = false;
    heartbeat.beat();
    // Who leaves its steps to a successor must not say that it has them no more.
    if (backend.leavesSteps) heartbeat.stop();
    await backend.drain(attempts, config.graceSeconds);
    await service.close();
    heartbeat.stop();
    await opened.closeAll();
  };
  return { id, url: service.url, isolation: backend.isolation, close: once(close) };
}

const nameOfHost = (): string =>
  hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, 30);

/** An order of its own for the shard: made before the first heartbeat, so that no request goes nowhere. */
async function declareShard(messaging: Messaging, id: string): Promise<void> {
  await ensureTopology(messaging);
  await ensureShardConsumer(messaging, id);
}

/** Seconds from the grant of a step, which its request's time tells, to the start of its tool: the way there, and the wait for a slot. */
function startDelay(registry: Registry): (seconds: number) => void {
  const delay = new Histogram({
    name: 'runnel_step_grant_to_start_seconds',
    help: 'From the grant of a step to its start',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30],
    registers: [registry],
  });
  return (seconds) => delay.observe(Math.max(0, seconds));
}

function diskMetrics(metrics: Registry, room: DiskRoom): void {
  new Gauge({
    name: 'runnel_executor_disk_taken_percent',
    help: 'How full the disks are that this executor fills, by what the folder is for; from the limit on nothing new begins',
    labelNames: ['folder'],
    registers: [metrics],
    collect() {
      for (const [folder, percent] of room.taken()) this.set({ folder }, percent);
    },
  });
}

function slotMetrics(metrics: Registry, slots: ReturnType<typeof createSlots>, count: number): void {
  metrics.registerMetric(
    new Gauge({
      name: 'runnel_executor_slots',
      help: 'Steps this executor can carry out at a time',
      registers: [],
      collect() {
        this.set(count);
      },
    }),
  );
  metrics.registerMetric(
    new Gauge({
      name: 'runnel_executor_slots_taken',
      help: 'Slots in use',
      registers: [],
      collect() {
        this.set(slots.taken);
      },
    }),
  );
  metrics.registerMetric(
    new Gauge({
      name: 'runnel_executor_steps_queued',
      help: 'Requested steps that wait here for a slot',
      registers: [],
      collect() {
        this.set(slots.waiting);
      },
    }),
  );
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => (closing ??= close());
}
