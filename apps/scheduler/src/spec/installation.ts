import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { partitionOf, ResultsPublished, RunAccepted, RunDismissed } from '@runnel/contracts';
import type { RunOutputsReady } from '@runnel/contracts';
import type { CwlPackage } from '@runnel/cwl';
import { createEngine } from '@runnel/engine';
import type { RunCommand, RunEvent, RunValues, AcceptedRun } from '@runnel/engine';
import { consumeBatches, durablePlans, outboxRows, outgoing, publishUntilStored } from '@runnel/messaging';
import type { Consumption, Message, Messaging } from '@runnel/messaging';
import { openObjectStore, putValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { appendEvents, inTransaction, loadRun, openDatabase } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { eventually, removeTestMessaging, testDatabase, testLogger, testMessaging, testNatsUrl } from '@runnel/testing';
import { SchedulerConfig } from '../config.ts';
import type { Timing } from '../config.ts';
import { startScheduler } from '../start-scheduler.ts';
import type { RunningScheduler } from '../start-scheduler.ts';
import { startScriptedExecutor } from './scripted-executor.ts';
import type { Script, ScriptedExecutor } from './scripted-executor.ts';

/** A run's row. */
export interface RunRow {
  phase: string;
  version: number;
  progress: number;
  message: string;
  failure: { class: string; reason: string; step?: string } | null;
  stopped: boolean;
  document: string | null;
  attention: string | null;
}

/** A step's row. */
export interface StepRow {
  step: string;
  attempt: number;
  state: string;
  executor: string;
  exit_code: number | null;
  failure: unknown;
  logs: unknown;
}

/** Real Postgres, NATS and object store of one test; what the api and the ingester do is done here by the same libraries. */
export interface Installation {
  database: Database;
  messaging: Messaging;
  objects: ObjectStore;
  scheduler(timing?: Partial<Timing>, id?: string): Promise<RunningScheduler>;
  executor(script?: Script): Promise<ScriptedExecutor>;
  /** Answers run.outputs-ready as the ingester would. */
  ingester(): Consumption;
  /** As the api accepts a run; `tell: false` leaves the message out. */
  accept(pkg: CwlPackage, inputs: RunValues, options?: { tell?: boolean } & Partial<AcceptedRun>): Promise<string>;
  dismiss(run: string): Promise<void>;
  row(run: string): Promise<RunRow>;
  ended(run: string, patience?: number): Promise<RunRow>;
  events(run: string): Promise<RunEvent[]>;
  steps(
    run: string,
  ): Promise<{ step: string; attempt: number; state: string; executor: string; exit_code: number | null; logs: unknown }[]>;
  close(): Promise<void>;
}

/** A UUIDv7 of now. */
export function newRunId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const rest = randomBytes(10).toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
}

export async function install(): Promise<Installation> {
  const testDb = await testDatabase();
  const database = await openDatabase({ url: testDb.url, name: 'test' });
  const messaging = await testMessaging();
  const dir = await mkdtemp(join(tmpdir(), 'runnel-scheduler-'));
  const objects = await openObjectStore(`${pathToFileURL(dir).href}/`);
  const open: { close(): Promise<void> }[] = [];
  const kept = <T extends { close(): Promise<void> }>(part: T): T => {
    open.push(part);
    return part;
  };
  const sender = { service: 'api' as const, prefix: messaging.prefix };
  const row = async (run: string): Promise<RunRow> => {
    const { rows } = await database.pool.query<RunRow>('select * from runs where id = $1', [run]);
    if (!rows[0]) throw new Error(`no run ${run}`);
    return rows[0];
  };
  const publish = async (message: ReturnType<typeof outgoing>): Promise<void> =>
    publishUntilStored(messaging, message, randomBytes(16).toString('hex'));

  return {
    database,
    messaging,
    objects,
    row,
    scheduler: async (timing = {}, id) => {
      const config = SchedulerConfig.parse({
        postgresUrl: testDb.url,
        natsUrl: testNatsUrl(),
        objects: objects.uri,
        prefix: messaging.prefix,
        schedulerId: id,
      });
      return kept(await startScheduler(config, { logger: testLogger('scheduler'), timing }));
    },
    executor: async (script) => kept(await startScriptedExecutor(messaging, objects, script)),
    ingester: () => {
      const plan = durablePlans(messaging.prefix).find(({ durable }) => durable === 'ingester-outputs');
      if (!plan) throw new Error('ingester-outputs');
      const handle = async (message: Message): Promise<void> => {
        const { data } = message as Message<typeof RunOutputsReady>;
        const document = `${data.workspace}/results/${data.run}/results.json`;
        await putValue(objects, document, data.outputs);
        await publish(outgoing(ResultsPublished, { workspace: data.workspace, run: data.run, document }));
      };
      return kept(consumeBatches({ messaging, plan, handleBatch: async (messages) => void (await Promise.all(messages.map(handle))) }));
    },
    accept: async (pkg, inputs, { tell = true, workspace = 'demo', ...more } = {}) => {
      const run = newRunId();
      const at = new Date().toISOString();
      const digest = createHash('sha256').update(JSON.stringify(pkg)).digest('hex');
      await putValue(objects, `${workspace}/packages/${digest}.json`, pkg);
      const engine = createEngine(pkg, pkg.main);
      const process = { workspace, id: pkg.main, version: '1', digest };
      const command: RunCommand = {
        type: 'accept-run',
        at,
        accepted: { run, workspace, process, entry: pkg.main, inputs, acceptedAt: at, ...more },
      };
      const { events } = engine.advance(engine.initialState(), command);
      await inTransaction(database, async (tx) => {
        await tx.query(
          `insert into runs (id, partition, workspace, process_workspace, process_id, process_version, process_digest, principal, phase, version, created_at, updated_at)
           values ($1, $2, $3, $3, $4, '1', $5, 'test', 'accepted', 1, now(), now())`,
          [run, partitionOf(run), workspace, pkg.main, digest],
        );
        await appendEvents(tx, [{ runId: run, expectedVersion: 0, events }], []);
      });
      if (tell) await publish(outgoing(RunAccepted, { workspace, run }));
      return run;
    },
    dismiss: async (run) => {
      await inTransaction(database, async (tx) => {
        const pkg = await tx.query<{ process_workspace: string; process_digest: string }[]>(
          'select process_workspace, process_digest from runs where id = $1',
          [run],
        );
        const found = pkg[0];
        const bytes = await objects.getBytes(`${found?.process_workspace}/packages/${found?.process_digest}.json`, 1e6);
        const parsed = JSON.parse(bytes.toString()) as CwlPackage;
        const engine = createEngine(parsed, parsed.main);
        const loaded = await loadRun(tx, async () => engine, run);
        if (!loaded) throw new Error(`no run ${run}`);
        const { version } = loaded;
        const { events } = engine.advance(loaded.state, { type: 'dismiss-run', at: new Date().toISOString(), by: 'test' });
        const rows = outboxRows(sender, [outgoing(RunDismissed, { workspace: 'demo', run })]);
        await appendEvents(tx, [{ runId: run, expectedVersion: version, events }], rows);
        await tx.query(`update runs set phase = 'dismissed', version = $2, finished_at = now(), updated_at = now() where id = $1`, [
          run,
          version + events.length,
        ]);
      });
    },
    ended: (run, patience) =>
      eventually(
        `run ${run} has ended`,
        async () => {
          const found = await row(run);
          return ['successful', 'failed', 'dismissed'].includes(found.phase) && found;
        },
        patience,
      ),
    events: async (run) => {
      const { rows } = await database.pool.query<RunEvent>('select type, data, time as at from events where run_id = $1 order by version', [
        run,
      ]);
      return rows;
    },
    steps: async (run) => {
      const { rows } = await database.pool.query<StepRow>('select * from steps where run_id = $1 order by step', [run]);
      return rows;
    },
    close: async () => {
      await Promise.all(open.map((part) => part.close()));
      await removeTestMessaging(messaging);
      await database.close();
      await testDb.drop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
