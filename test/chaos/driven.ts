import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';

/** What makes the cluster work by itself: events, ends of runs and times start runs, and a branch that is watched. */
export interface Driven {
  /** Events that were answered with 202. */
  readonly events: Set<string>;
  /** How many commits the watched branch has. */
  commits: number;
}

const placeOf = (cluster: Pick<Cluster, 'folder'>) => ({
  remote: join(cluster.folder, 'watched.git'),
  work: join(cluster.folder, 'watched'),
  bindings: join(cluster.folder, 'bindings.json'),
});

/** The options of a harvester that watches the cluster's own repository, which is made here. */
export function watchOptions(cluster: Pick<Cluster, 'folder'>): string[] {
  const { remote, work, bindings } = placeOf(cluster);
  mkdirSync(work);
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote]);
  execFileSync('git', ['init', '-q', '-b', 'main', work]);
  execFileSync('git', ['-C', work, 'remote', 'add', 'origin', remote]);
  commit(work, 0);
  writeFileSync(
    bindings,
    JSON.stringify([{ repository: `file://${remote}`, paths: ['**/*.{cwl,json}'], workspace: 'demo', allowFile: true }]),
  );
  return ['--repositories', bindings, '--poll-seconds', '1'];
}

/** Commit number n: another version of a workflow, one more item, and the item of two commits before under another name. */
function commit(work: string, n: number): void {
  const git = (...args: string[]): Buffer =>
    execFileSync('git', ['-C', work, '-c', 'user.name=chaos', '-c', 'user.email=chaos@example.org', ...args], { stdio: 'pipe' });
  writeFileSync(join(work, 'pushed.cwl'), workflow(n));
  writeFileSync(join(work, `item-${n}.json`), item(n));
  if (n >= 2) git('mv', `item-${n - 2}.json`, `renamed-${n - 2}.json`);
  if (n >= 4) git('rm', '-q', `renamed-${n - 4}.json`);
  git('add', '-A');
  git('commit', '-qm', `commit ${n}`);
  git('push', '-q', 'origin', 'main');
}

const workflow = (n: number): string => `cwlVersion: v1.2
$namespaces: {s: https://schema.org/}
s:softwareVersion: "${n}"
class: CommandLineTool
id: pushed
baseCommand: "true"
inputs: []
outputs: []
`;

const item = (n: number): string =>
  JSON.stringify({
    ...{ type: 'Feature', stac_version: '1.0.0', id: `item-${n}`, collection: 'chaos', geometry: null, links: [], assets: {} },
    ...{ properties: { datetime: '2026-01-01T00:00:00Z' } },
  });

/** Every run that starts by itself is of this process, so that they can be counted. */
const target = { process: 'echo', inputs: { message: { from: 'id' } } };
const triggers = {
  told: { on: 'event', type: 'chaos.told', ...target },
  after: { on: 'after', processes: ['uploaded'], ...target },
  minutely: { on: 'cron', cron: '* * * * *', missed: 'all', ...target },
};

export async function makeTriggers(cluster: Cluster): Promise<void> {
  for (const [name, definition] of Object.entries(triggers)) {
    const answer = await cluster.request('/api/v1/workspaces/demo/triggers', {
      method: 'POST',
      body: JSON.stringify({ name, ...definition }),
    });
    if (answer.status !== 201 && answer.status !== 409) throw new Error(`trigger ${name}: ${answer.status} ${await answer.text()}`);
  }
}

/** An event, sent again as long as the answer is lost. */
export async function sendEvent(cluster: Cluster): Promise<void> {
  const event = { specversion: '1.0', id: randomUUID(), source: '/chaos', type: 'chaos.told' };
  const headers = { 'content-type': 'application/cloudevents+json' };
  const answer = await cluster.request('/api/v1/events', { method: 'POST', body: JSON.stringify(event), headers });
  if (answer.status !== 202) throw new Error(`an event was answered with ${answer.status}: ${await answer.text()}`);
  cluster.driven.events.add(event.id);
}

/** One commit more. */
export function pushCommit(cluster: Cluster): void {
  cluster.driven.commits += 1;
  commit(placeOf(cluster).work, cluster.driven.commits);
}

/** JetStream forgets what the harvester told of a commit before anybody handled it. */
export async function loseNews(cluster: Cluster): Promise<void> {
  const handlers = ['api-0', 'ingester-0'];
  await Promise.all(handlers.map((name) => cluster.kill(name)));
  pushCommit(cluster);
  await untilTold(cluster);
  await cluster.loseJetStream();
  for (const name of handlers) cluster.start(name);
}

/** Waits until the stream has the news of the last commit. */
async function untilTold({ db, driven }: Cluster): Promise<void> {
  const wanted = `item-${driven.commits}.json`;
  const news = `select from unheard_news where $1 = any(paths) and not exists (select from outbox where subject like '%.harvest.changed%')`;
  while ((await db.pool.query(news, [wanted])).rowCount === 0) await sleep(100);
}

/** Every event, end and time started its run exactly once, and the branch is where it was pushed to. */
export async function checkDriven(cluster: Cluster): Promise<string[]> {
  return [...(await checkFirings(cluster)), ...(await checkBranch(cluster))];
}

interface FiringRow {
  trigger: string;
  event: string;
  outcome: string;
  reason: string | null;
  phase: string | null;
}

async function checkFirings({ db, driven }: Cluster): Promise<string[]> {
  const { rows } = await db.pool.query<FiringRow>(`
select t.name as trigger, f.event_id as event, f.outcome, f.reason, r.phase
from trigger_firings f join triggers t on t.id = f.trigger_id left join runs r on r.id = f.run_id`);
  const faults = rows.flatMap(({ trigger, event, outcome, reason, phase }) =>
    outcome === 'started' && phase === 'successful'
      ? []
      : [`${trigger} for ${event}: ${outcome} ${reason ?? ''}, its run is ${phase ?? 'not there'}`],
  );
  const fired = Map.groupBy(rows, ({ trigger }) => trigger);
  const ofEvents = new Set(fired.get('told')?.map(({ event }) => event));
  for (const event of driven.events) if (!ofEvents.has(event)) faults.push(`event ${event} started nothing`);
  const { rows: ends } = await db.pool.query<{ id: string }>(`select id from runs where process_id = 'uploaded' and phase = 'successful'`);
  const ofEnds = new Set(fired.get('after')?.map(({ event }) => event.split('/')[1]));
  for (const { id } of ends) if (!ofEnds.has(id)) faults.push(`the end of ${id} started nothing`);
  const { rows: started } = await db.pool.query<{ n: number }>(`select count(*)::int as n from runs where process_id = 'echo'`);
  if (started[0]?.n !== rows.length) faults.push(`${rows.length} firings started ${started[0]?.n} runs`);
  return faults;
}

async function checkBranch({ db, driven: { commits } }: Cluster): Promise<string[]> {
  const { rows } = await db.pool.query<{ version: string; revisions: number; deployments: number }>(`
select (select description->>'version' from processes where id = 'pushed' order by revision desc limit 1) as version,
  (select count(*)::int from processes where id = 'pushed') as revisions,
  (select count(*)::int from deployments where path = 'pushed.cwl' and outcome = 'deployed') as deployments`);
  const { version, revisions, deployments } = rows[0] ?? {};
  const { rows: documents } = await db.pool.query<{ path: string }>(
    `select path from harvested_documents where collection = 'chaos' order by path collate "C"`,
  );
  const numbers = Array.from({ length: commits + 1 }, (_, n) => n);
  const wanted = numbers.flatMap((n) => (n > commits - 2 ? [`item-${n}.json`] : n > commits - 4 ? [`renamed-${n}.json`] : [])).sort();
  const found = documents.map(({ path }) => path);
  return [
    ...(version === String(commits) ? [] : [`the workflow of commit ${commits} is not deployed, but ${version ?? 'none'}`]),
    ...(revisions === deployments ? [] : [`${deployments} commits were deployed as ${revisions} versions`]),
    ...(found.join() === wanted.join() ? [] : [`the catalogue holds ${found.join(' ')} instead of ${wanted.join(' ')}`]),
  ];
}
