import type { CwlPackage, Json } from '@runnel/cwl';
import { createEngine } from '@runnel/engine';
import type { RunCommand, RunEngine, RunEvent, RunState } from '@runnel/engine';
import { RunStatusChanged } from '@runnel/contracts';
import type { DataOf } from '@runnel/contracts';
import { outboxRows, outgoing } from '@runnel/messaging';
import { putValue, readValue } from '@runnel/objects';
import { appendEvents, inTransaction, loadRun, notifyOutbox, query } from '@runnel/postgres';
import type { TestApi } from './test-api.ts';

type StepNews = DataOf<typeof RunStatusChanged>['steps'][number];
type Bare<C> = C extends unknown ? Omit<C, 'at'> : never;
export type Step = Bare<RunCommand>;

/** Carries a run on as the scheduler would: the same engine, events, projection and news. */
export async function advanceRun(api: TestApi, run: string, commands: readonly Step[]): Promise<void> {
  await inTransaction(api.database, async (tx) => {
    let engine: RunEngine | undefined;
    const loaded = await loadRun<RunState, RunEvent>(
      tx,
      async ({ workspace, digest, entry }) => {
        const pkg = (await readValue(api.objects, `${workspace}/packages/${digest}.json`, 1e8)) as CwlPackage;
        engine = createEngine(pkg, entry);
        return engine;
      },
      run,
    );
    if (!loaded || !engine) throw new Error(`no run ${run}`);
    const { state, version } = loaded;
    const events: RunEvent[] = [];
    for (const command of commands) {
      const advance = engine.advance(state, { ...command, at: new Date().toISOString() });
      for (const { key, content } of advance.objects) await putValue(api.objects, key, content);
      events.push(...advance.events);
    }
    const { phase, progress, message, failure, version: now } = engine.summary(state);
    const workspace = state.accepted?.workspace ?? '';
    const news = { workspace, run, version: now, status: phase, progress, message, steps: stepsOf(events) };
    const sender = { service: 'scheduler' as const, prefix: api.config.prefix };
    await appendEvents(tx, [{ runId: run, expectedVersion: version, events }], outboxRows(sender, [outgoing(RunStatusChanged, news)]));
    const finished = events.find((event) => event.type === 'run.finished');
    await query(tx, {
      text: `update runs set phase = $2, progress = $3, message = $4, version = $5, failure = $6, document = $7, stopped = $8,
        started_at = coalesce(started_at, now()), finished_at = $9, updated_at = now() where id = $1`,
      values: [
        run,
        phase,
        progress,
        message,
        now,
        failure ? JSON.stringify(failure) : null,
        finished?.data.document ?? null,
        state.stopped,
        finished?.at ?? null,
      ],
    });
    await projectSteps(tx, run, workspace, events);
    await notifyOutbox(tx);
  });
}

function stepsOf(events: readonly RunEvent[]): StepNews[] {
  return events.flatMap((event): StepNews[] => {
    if (event.type === 'step.requested') return [{ step: event.data.step, attempt: event.data.attempt, status: 'requested' }];
    if (event.type === 'step.started') return [{ step: event.data.step, attempt: event.data.attempt, status: 'running' }];
    if (event.type !== 'step.finished') return [];
    return [
      {
        step: event.data.step,
        attempt: event.data.attempt,
        status: event.data.outcome === 'success' ? 'successful' : 'failed',
      },
    ];
  });
}

async function projectSteps(tx: Parameters<typeof query>[0], run: string, workspace: string, events: readonly RunEvent[]): Promise<void> {
  for (const event of events) {
    if (event.type === 'step.requested') {
      await query(tx, {
        text: `insert into steps (run_id, step, attempt, workspace, state, executor, cores, memory_mib, requested_at) values ($1, $2, $3, $4, 'requested', $5, 1, 256, now())`,
        values: [run, event.data.step, event.data.attempt, workspace, event.data.executor],
      });
    }
    if (event.type === 'step.started')
      await query(tx, {
        text: `update steps set state = 'running', started_at = now() where run_id = $1 and step = $2`,
        values: [run, event.data.step],
      });
    if (event.type === 'step.finished') {
      const { step, outcome, failure } = event.data;
      await query(tx, {
        text: 'update steps set state = $3, finished_at = now(), failure = $4, exit_code = $5 where run_id = $1 and step = $2',
        values: [
          run,
          step,
          outcome === 'success' ? 'successful' : 'failed',
          failure ? JSON.stringify(failure) : null,
          failure?.exitCode ?? 0,
        ],
      });
    }
  }
}

/** All steps of the scatter `say` of the process `wide`, from start to publishing. */
export function stepsOfWide(count: number): Step[] {
  const each = (index: number): Step[] => {
    const ref = { step: `say[${index}]`, attempt: 1, executor: 'x-1' };
    return [
      { type: 'start-step', ...ref },
      { type: 'finish-step', ...ref, outcome: 'success', outputs: { word: `element-${index}-done` } },
    ];
  };
  return [
    { type: 'start-run' },
    { type: 'grant-steps', node: 'say', executor: 'x-1', count },
    ...Array.from({ length: count }, (_, index) => each(index)).flat(),
  ];
}

/** Publishes as the ingester would, then ends the run. */
export async function publishRun(api: TestApi, workspace: string, run: string, outputs: Json): Promise<void> {
  const document = `${workspace}/results/${run}/results.json`;
  await putValue(api.objects, document, { outputs });
  await advanceRun(api, run, [{ type: 'publish-results', document }]);
}
