import { randomUUID } from 'node:crypto';
import { ExecutorHeartbeat, StepFinished, StepRequested, StepStarted, StepStopped } from '@runnel/contracts';
import type { DataOf, StepStop } from '@runnel/contracts';
import {
  attemptMessageId,
  consumeBatches,
  ensureShardConsumer,
  outgoing,
  publishEphemeral,
  publishUntilStored,
  shardPlan,
} from '@runnel/messaging';
import type { Message, Messaging } from '@runnel/messaging';
import { putValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';

type Request = DataOf<typeof StepRequested>;
export type Answer = 'success' | 'failed' | 'infrastructure' | 'silence' | 'object-only' | 'start-only';

export interface ScriptedExecutor {
  readonly id: string;
  /** Every request as it came, also repeated ones. */
  readonly requests: Request[];
  readonly stops: DataOf<typeof StepStop>[];
  /** What it reports in heartbeats. */
  readonly held: Set<Request>;
  finish(request: Request, outcome?: 'success' | 'failed' | 'infrastructure'): Promise<void>;
  heartbeat(): void;
  close(): Promise<void>;
}

export interface Script {
  id?: string;
  slots?: number;
  cores?: number;
  /** Default: process. A cluster queues by itself: it is given no more than it has slots. */
  backend?: 'process' | 'kubernetes';
  heartbeatEvery?: number;
  /** What happens to a request; default: success. Output `out` is the input `x`. */
  answer?: (request: Request, times: number) => Answer | Promise<Answer>;
  confirmStops?: boolean;
  /** Why its disk takes nothing new; asked at each heartbeat. */
  full?: () => string | undefined;
}

/** An executor that speaks the real messages over the real bus, and runs nothing. */
export async function startScriptedExecutor(messaging: Messaging, objects: ObjectStore, script: Script = {}): Promise<ScriptedExecutor> {
  const { id = 'x-1', slots = 2, cores = 2, backend = 'process', answer = () => 'success' as const, confirmStops = true } = script;
  const requests: Request[] = [];
  const stops: DataOf<typeof StepStop>[] = [];
  const held = new Set<Request>();
  const incarnation = randomUUID();

  const heartbeat = (): void => {
    const steps = [...held].map(({ run, step, attempt }) => ({ run, step, attempt }));
    const full = script.full?.();
    const resources = { slots, cores, memoryMiB: 4096, isolation: 'none', accepting: true };
    publishEphemeral(
      messaging,
      outgoing(ExecutorHeartbeat, { executor: id, incarnation, backend, ...resources, ...(full === undefined ? {} : { full }), steps }),
    );
  };
  const started = async ({ workspace, run, step, attempt }: Request): Promise<void> => {
    const message = outgoing(StepStarted, { workspace, run, step, attempt, executor: id, at: new Date().toISOString() });
    await publishUntilStored(messaging, message, attemptMessageId(run, step, attempt, 'started'));
  };
  const resultOf = (
    { workspace, run, step, attempt, inputs }: Request,
    outcome: 'success' | 'failed' | 'infrastructure',
  ): DataOf<typeof StepFinished> => ({
    workspace,
    run,
    step,
    attempt,
    executor: id,
    startedAt: new Date().toISOString(),
    finishedAt: new Date().toISOString(),
    outcome: outcome === 'success' ? 'success' : 'failed',
    outputs: outcome === 'success' ? { out: inputs['x'] ?? null } : {},
    result: `${workspace}/attempts/${run}/${step}/${attempt}/result.json`,
    usage: { wallSeconds: 0, cpuSeconds: 0, maxMemoryBytes: 0, cores: 1, memoryMiB: 256, inputBytes: 0, outputBytes: 0 },
    logs: [{ key: `${workspace}/logs/${run}/${step}/${attempt}/0.log`, size: 3 }],
    ...(outcome === 'failed' ? { failure: { class: 'tool' as const, reason: 'the tool exited with code 3', exitCode: 3 } } : {}),
    ...(outcome === 'infrastructure' ? { failure: { class: 'infrastructure' as const, reason: 'the disk is away' } } : {}),
  });
  const finish = async (request: Request, outcome: 'success' | 'failed' | 'infrastructure' = 'success', tell = true): Promise<void> => {
    const result = resultOf(request, outcome);
    await putValue(objects, result.result, result);
    held.delete(request);
    if (tell)
      await publishUntilStored(
        messaging,
        outgoing(StepFinished, result),
        attemptMessageId(request.run, request.step, request.attempt, 'finished'),
      );
  };
  const onRequest = async (request: Request): Promise<void> => {
    requests.push(request);
    const times = requests.filter(
      ({ run, step, attempt }) => run === request.run && step === request.step && attempt === request.attempt,
    ).length;
    const wanted = await answer(request, times);
    if (wanted === 'silence') return;
    held.add(request);
    await started(request);
    if (wanted === 'start-only') return;
    await finish(request, wanted === 'object-only' ? 'success' : wanted, wanted !== 'object-only');
  };
  const onStop = async (stop: DataOf<typeof StepStop>): Promise<void> => {
    stops.push(stop);
    for (const one of held)
      if (one.run === stop.run && stop.steps.some(({ step, attempt }) => step === one.step && attempt === one.attempt)) held.delete(one);
    for (const { step, attempt } of confirmStops ? stop.steps : []) {
      const message = outgoing(StepStopped, { workspace: stop.workspace, run: stop.run, step, attempt, executor: id });
      await publishUntilStored(messaging, message, attemptMessageId(stop.run, step, attempt, 'stopped', stops.length));
    }
  };
  const handle = (message: Message): Promise<void> =>
    message.contract.name === StepRequested.name ? onRequest(message.data as Request) : onStop(message.data as DataOf<typeof StepStop>);

  await ensureShardConsumer(messaging, id);
  const consumption = consumeBatches({
    messaging,
    plan: shardPlan(id, messaging.prefix),
    ensure: () => ensureShardConsumer(messaging, id),
    handleBatch: async (messages) => void (await Promise.all(messages.map(handle))),
  });
  const timer = setInterval(heartbeat, script.heartbeatEvery ?? 200);
  heartbeat();
  return {
    id,
    requests,
    stops,
    held,
    finish: (request, outcome) => finish(request, outcome),
    heartbeat,
    close: async () => {
      clearInterval(timer);
      await consumption.close();
    },
  };
}
