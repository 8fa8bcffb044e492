import type { EvaluationRequest } from '@runnel/engine';
import { outboxRows } from '@runnel/messaging';
import type { Messaging } from '@runnel/messaging';
import { putValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { appendWrites, loadTogether, resultWrites, VersionConflict, writeTogether } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { LeastRecentlyUsed } from '../least-recently-used.ts';
import type { SchedulerMetrics } from '../metrics.ts';
import type { EngineFor } from './engines.ts';
import { foldNews } from './fold-news.ts';
import type { Folded } from './fold-news.ts';
import type { KnownRun } from './known-run.ts';
import { byRun } from './news.ts';
import type { News } from './news.ts';
import { planWrites } from './plan-writes.ts';
import type { Writes } from './plan-writes.ts';
import { GrantsGone, grantWrites } from './project/grants.ts';
import { readyNodeWrites } from './project/ready-nodes.ts';
import { isStopped, runWrites } from './project/runs-row.ts';
import { dueSnapshots, snapshotWrites } from './project/snapshots.ts';
import { stepWrites } from './project/steps.ts';
import { timerWrites } from './project/timers.ts';
import type { RunLimits } from './project/timers.ts';

/** What a batch changed, told after its commit. */
export interface Committed {
  evaluations: { run: string; request: EvaluationRequest }[];
  /** Something the admitter decides upon is new. */
  admission: boolean;
  timers: boolean;
  /** Messages stand in the outbox. */
  messages: boolean;
}

export interface AdvanceOptions {
  database: Database;
  objects: ObjectStore;
  sender: Pick<Messaging, 'service' | 'prefix'>;
  engineFor: EngineFor;
  limits: RunLimits;
  metrics: SchedulerMetrics;
  /** Runs kept in memory. */
  keep: number;
  onCommitted: (committed: Committed) => void;
}

export interface Advancer {
  /** Folds news into their runs and writes what follows in one transaction (rule 4). All or nothing; the caller gives each run to one call at a time. */
  advance: (news: readonly News[]) => Promise<void>;
  /** The state of a run, as this process knows it; undefined where there is no such run. */
  stateOf: (run: string) => Promise<KnownRun | undefined>;
  /** Attempts of a run that are under way, as far as it is in memory. */
  underWay: (run: string) => number;
  forget: (belongs: (run: string) => boolean) => void;
}

/** Version of a run that was accepted and no more: no table but that of runs has anything of it. */
const onlyAccepted = 1;

/** Tries before a conflict is somebody's bug. */
const tries = 8;

export function createAdvancer(options: AdvanceOptions): Advancer {
  const { database, metrics } = options;
  const runs = new LeastRecentlyUsed<string, KnownRun>(options.keep);

  const loading = new Map<string, Promise<KnownRun | undefined>>();
  const load = (run: string): Promise<KnownRun | undefined> => {
    const present = runs.get(run);
    if (present) return Promise.resolve(present);
    const under = loading.get(run) ?? read(run).finally(() => loading.delete(run));
    loading.set(run, under);
    return under;
  };
  const read = async (run: string): Promise<KnownRun | undefined> => {
    let engine: KnownRun['engine'] | undefined;
    const found = await loadTogether(database, async (pin) => (engine = await options.engineFor(pin)), run);
    if (!found || !engine) return undefined;
    const { state, snapshotVersion } = found;
    const known = { engine, state, snapshotVersion, inLine: state.version <= onlyAccepted, stopsSent: new Set<string>() };
    runs.set(run, known);
    return known;
  };

  const attempt = async (news: readonly News[]): Promise<void> => {
    const groups = [...byRun(news)];
    metrics.batchSize.observe(news.length);
    for (const item of news) if (item.reload) runs.delete(item.run);
    const known = await Promise.all(groups.map(([run]) => load(run)));
    const end = metrics.decideSeconds.startTimer();
    // A run that is not there was accepted after the copy from which the database was restored.
    const folded = groups.flatMap(([run, items], index) => (known[index] ? [foldNews(run, known[index], items)] : []));
    const writes = planWrites(folded, options.limits);
    end();
    await refuseStale(database, folded);
    await putObjects(options.objects, writes);
    await commit(options, writes);
    const committed = committedOf(writes);
    settle(writes);
    // Nothing is expected of a run that has stopped; late news load it again.
    for (const { run, known: ended } of folded) if (isStopped(ended.state)) runs.delete(run);
    options.onCommitted(committed);
  };

  const advance = async (news: readonly News[]): Promise<void> => {
    let left = news;
    for (let n = 1; ; n++) {
      try {
        return await attempt(left);
      } catch (error) {
        // The states in memory are ahead of what was written.
        for (const { run } of left) runs.delete(run);
        if (error instanceof GrantsGone) left = left.filter((item) => !error.ids.has(item.grant?.id ?? ''));
        else if (!(error instanceof VersionConflict) || n === tries) throw error;
        metrics.conflicts.inc();
      }
    }
  };
  return {
    advance,
    stateOf: load,
    underWay: (run) => runs.get(run)?.state.attempts.size ?? 0,
    forget: (belongs) => {
      for (const run of runs.keys()) if (belongs(run)) runs.delete(run);
    },
  };
}

/**
 * News that decide to nothing are old, unless the state is: another scheduler may have gone on with the run while this one still held news of a
 * partition it had lost. Where something is appended, the version lock tells.
 */
async function refuseStale({ pool }: Database, folded: readonly Folded[]): Promise<void> {
  const silent = folded.filter(({ decided, known }) => decided.length === 0 && known.inLine);
  if (silent.length === 0) return;
  const { rows } = await pool.query<{ id: string; version: number }>({
    name: 'run-versions',
    text: 'select id, version from runs where id = any($1::uuid[])',
    values: [silent.map(({ run }) => run)],
  });
  const versions = new Map(rows.map(({ id, version }) => [id, version]));
  const stale = silent.filter(({ run, version }) => versions.get(run) !== version).map(({ run }) => run);
  if (stale.length > 0) throw new VersionConflict(stale);
}

/** Objects stand before the events that name them. */
async function putObjects(objects: ObjectStore, writes: Writes): Promise<void> {
  if (writes.objects.length === 0) return;
  crashPoint('scheduler.before-put');
  await Promise.all(writes.objects.map(({ key, content }) => putValue(objects, key, content)));
  crashPoint('scheduler.after-put');
}

async function commit({ database, sender, metrics }: AdvanceOptions, writes: Writes): Promise<void> {
  if (writes.isEmpty) return;
  const end = metrics.commitSeconds.startTimer();
  const outbox = outboxRows(sender, writes.messages);
  const snapshots = await dueSnapshots(writes.folded);
  const statements = [
    ...grantWrites(writes.news),
    // The run's row before its events: who dismisses it takes its lock first too, so that one waits for the other instead of both.
    ...runWrites(writes.runs),
    ...appendWrites(writes.appends, outbox),
    ...resultWrites(writes.results),
    ...stepWrites(writes.steps),
    ...readyNodeWrites(writes.folded),
    ...timerWrites(writes.timers),
    ...snapshotWrites(snapshots),
  ];
  crashPoint('scheduler.before-append');
  await writeTogether(database, statements, () => crashPoint('scheduler.before-commit'));
  crashPoint('scheduler.after-append');
  for (const { folded } of snapshots) folded.known.snapshotVersion = folded.known.state.version;
  end();
}

/** The tables now follow these states. */
function settle({ folded, stops }: Writes): void {
  for (const { known } of folded) known.inLine = true;
  for (const { known, attempts } of stops) for (const { step, attempt } of attempts) known.stopsSent.add(`${step}#${attempt}`);
}

function committedOf({ folded, timers, steps, news, evaluations, messages }: Writes): Committed {
  return {
    evaluations,
    admission:
      steps.length > 0 ||
      folded.some((item) => item.ready.length > 0 || !item.known.inLine) ||
      news.some((item) => item.grant !== undefined),
    timers: timers.set.length > 0,
    messages: messages.length > 0,
  };
}
