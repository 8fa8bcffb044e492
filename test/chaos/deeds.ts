import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { verifyAudit } from '@runnel/access';
import { HarvestChanged } from '@runnel/contracts';
import { listDeadLetters, outgoing, publishUntilStored, toHeaders, type Messaging } from '@runnel/messaging';
import { openObjectStore } from '@runnel/objects';
import { repository, type Cluster } from './cluster.ts';
import { loseNews, pushCommit, sendEvent } from './driven.ts';
import { deleteFile, dismiss, documentOf, kinds, replaceProcess, startWork, uploadFile, type Work } from './workload.ts';

/** What leads to a crash point that runs alone do not pass: adds its runs to the work, returns its own faults when it is done. */
export type Deed = (cluster: Cluster, point: string, work: Work[]) => Promise<string[]>;

const none = async (work: Promise<unknown>): Promise<string[]> => {
  await work;
  return [];
};

export const replace: Deed = (cluster) => none(replaceProcess(cluster));

export const handleFiles: Deed = async (cluster) => {
  const path = `deeds/${randomUUID()}.txt`;
  await uploadFile(cluster, path, 'one');
  await deleteFile(cluster, path);
  return (await cluster.request(`/workspaces/demo/files/${path}`)).status === 404 ? [] : ['a deleted file is still there'];
};

/** The policy that stands is the one that counts, once it was told of. */
export const offer: Deed = async (cluster) => {
  const file = { fileName: 'access-policy.json', fileContent: '{ "workflows": { "wide": { "access": "public" } } }' };
  const headers = { 'content-type': 'application/json' };
  await cluster.request('/api/workspaces/demo/data-loader', { method: 'POST', body: JSON.stringify(file), headers });
  // It may have died with the file written and not read.
  await cluster.request('/workspaces/demo/harvest', { method: 'POST' });
  const { rows } = await cluster.db.pool.query<{ process: string }>(
    `select process from workflow_policies where workspace = 'demo' and public`,
  );
  const stands = (await cluster.request('/workspaces/demo/files/eodh-config/access-policy.json')).ok;
  return rows.map(({ process }) => process).join() === (stands ? 'wide' : '') ? [] : [`offered are ${JSON.stringify(rows)}`];
};

/** What is refused is in the chain, and the chain is whole. */
export const trespass: Deed = async (cluster) => {
  const count = async (): Promise<number> => {
    const { rows } = await cluster.db.pool.query<{ n: number }>(
      `select count(*)::integer as n from audit where action = 'run.list' and workspace = 'elsewhere' and seq <= (select max(last_seq) from audit_seals)`,
    );
    return rows[0]?.n ?? 0;
  };
  const before = await count();
  await cluster.request('/elsewhere/ogc-api/jobs');
  for (let attempt = 0; attempt < 150 && (await count()) === before; attempt += 1) await sleep(200);
  const faults = (await count()) > before ? [] : ['a refusal was not sealed'];
  return [...faults, ...(await verifyAudit(cluster.db, await openObjectStore(`${pathToFileURL(cluster.objects).href}/`))).faults];
};

/** A commit is deployed once, however often it is told. */
export const harvest: Deed = async (cluster) => {
  const commit = randomUUID();
  const change = {
    path: 'harvested.cwl',
    change: 'updated' as const,
    content: documentOf('uploaded').replace('id: uploaded', 'id: harvested'),
  };
  const source = { workspace: 'demo', source: 'git', repository: 'https://git.example/flows.git', branch: 'main' };
  await cluster.withMessaging((messaging) =>
    publishUntilStored(messaging, outgoing(HarvestChanged, { ...source, commit, move: Date.now(), changes: [change] }), commit),
  );
  const count = async (text: string): Promise<number> => {
    const { rows } = await cluster.db.pool.query<{ n: number }>(text);
    return rows[0]?.n ?? 0;
  };
  for (
    let n = 0;
    n < 300 && (await count(`select count(*)::int as n from deployments where commit = '${commit}' and outcome = 'deployed'`)) === 0;
    n += 1
  )
    await sleep(100);
  const [commits, versions] = await Promise.all([
    count(`select count(*)::int as n from deployments where path = '${change.path}'`),
    count(`select count(*)::int as n from processes where id = 'harvested'`),
  ]);
  return commits === versions ? [] : [`${commits} commits were recorded, ${versions} versions deployed`];
};

/** An event of a user starts its run. */
export const send: Deed = (cluster) => none(sendEvent(cluster));

/** A branch moves; the checker sees what came of it. */
export const push: Deed = (cluster) => {
  pushCommit(cluster);
  return Promise.resolve([]);
};

/** News that a stream lost are told again; here at once. */
export const forgetNews: Deed = async (cluster) => {
  await loseNews(cluster);
  await cluster.db.pool.query(`update unheard_news set told_at = told_at - interval '1 hour'`);
  return [];
};

/** What a pipeline publishes is kept, once. */
export const tellEvent: Deed = (cluster) =>
  cluster.withMessaging(async (messaging) => {
    const event = { specversion: '1.0', id: randomUUID(), source: '/chaos', type: 'org.example.told' };
    const headers = toHeaders({ 'content-type': 'application/cloudevents+json' });
    await messaging.js.publish(`${messaging.prefix}.harvest.in.demo.chaos`, JSON.stringify(event), { headers });
    const kept = async (): Promise<number> =>
      (await cluster.db.pool.query('select from cloud_events where id = $1', [event.id])).rowCount ?? 0;
    for (let n = 0; n < 300 && (await kept()) === 0; n += 1) await sleep(100);
    return (await kept()) === 1 ? [] : ['an event of a pipeline was not kept'];
  });

/** A message that nobody can read becomes one dead letter per consumer; asked to replay one, it comes back to both. */
export const bury: Deed = (cluster, point) =>
  cluster.withMessaging(async (messaging) => {
    const poison = `poison ${randomUUID()}`;
    await messaging.js.publish('rn.step.finished.p00', poison);
    const first = await lettersOf(messaging, poison, 2);
    if (!point.endsWith('-replay')) return first.length === 2 ? [] : [`a message for two consumers became ${first.length} dead letters`];
    await cluster.request(`/api/v1/dead-letters/${first[0]}/replay`, { method: 'POST' });
    const all = await lettersOf(messaging, poison, 3);
    return all.length === 3 ? [] : [`two dead letters, one of them replayed, became ${all.length}`];
  });

/** Numbers of the dead letters of a message, when there are so many and a moment later. */
async function lettersOf(messaging: Messaging, payload: string, atLeast: number): Promise<number[]> {
  const look = async (): Promise<number[]> =>
    (await listDeadLetters(messaging, { limit: 1000 })).filter((letter) => letter.payload === payload).map(({ seq }) => seq);
  for (let n = 0; n < 300 && (await look()).length < atLeast; n += 1) await sleep(100);
  // A second copy would come when the first one's ack is missed.
  await sleep(12_000);
  return look();
}

/** A workspace is deleted however often it has to be asked for: no object of it stays, and its state says so. */
export const deleteWorkspace: Deed = async (cluster) => {
  const name = `t-${randomUUID().slice(0, 8)}`;
  await openObjectStore(`${pathToFileURL(cluster.objects).href}/`).then((store) => store.put(`${name}/files/a.txt`, 'a'));
  const stateOf = async (): Promise<string | undefined> => {
    const { rows } = await cluster.db.pool.query<{ state: string }>('select state from workspaces where name = $1', [name]);
    return rows[0]?.state;
  };
  await cluster.db.pool.query(`insert into workspaces (name, created_by) values ($1, 'chaos')`, [name]);
  for (let n = 0; n < 200; n += 1) {
    const state = await stateOf();
    if (state === 'active') await cluster.request(`/api/v1/workspaces/${name}?confirm=${name}`, { method: 'DELETE' });
    if (state === 'deleted') break;
    await sleep(200);
  }
  const state = await stateOf();
  return [
    ...(state === 'deleted' ? [] : [`workspace ${name} is ${state}`]),
    ...(existsSync(join(cluster.objects, name, 'files/a.txt')) ? [`objects of ${name} are left`] : []),
  ];
};

/** A correction that is sent until it is taken counts once. */
export const correct: Deed = async (cluster) => {
  const { rows } = await cluster.db.pool.query<{ run_id: string; step: string; attempt: number }>(
    'select run_id, step, attempt from usage limit 1',
  );
  const [row] = rows;
  if (row === undefined) return ['there is no usage to correct'];
  const body = { id: randomUUID(), run: row.run_id, step: row.step, attempt: row.attempt, factor: 0, reason: 'chaos' };
  const headers = { 'content-type': 'application/json' };
  const send = (): Promise<Response> =>
    cluster.request('/api/v1/usage/corrections', { method: 'POST', body: JSON.stringify(body), headers });
  for (let n = 0; n < 100 && !(await send().catch(() => undefined))?.ok; n += 1) await sleep(100);
  await send();
  const { rows: found } = await cluster.db.pool.query<{ n: number }>('select count(*)::int as n from usage_corrections where id = $1', [
    body.id,
  ]);
  return found[0]?.n === 1 ? [] : [`a correction counts ${found[0]?.n} times`];
};

/** The executor dies and JetStream forgets what it was asked, values too large for messages among it: it has to be asked again. */
export const forgetRequests: Deed = async (cluster, _point, work) => {
  await cluster.kill('executor-0');
  const large = await startWork(cluster, kinds.indexOf('large'));
  work.push(large, await startWork(cluster, kinds.indexOf('wide')));
  await untilRequested(cluster, large.run);
  await cluster.loseJetStream();
  cluster.start('executor-0');
  return [];
};

/** The executor dies while a run is dismissed, and JetStream forgets that: it has to be asked again to stop. */
export const forgetStops: Deed = async (cluster, _point, work) => {
  const { run } = await startWork(cluster, kinds.indexOf('wide'));
  await untilRequested(cluster, run);
  await cluster.kill('executor-0');
  work.push({ run, kind: 'dismissed', expected: { status: (await dismiss(cluster, run)) as 'dismissed' | 'successful' } });
  await sleep(1000);
  await cluster.loseJetStream();
  cluster.start('executor-0');
  return [];
};

/** Until a step of the run was asked for, and JetStream has the message. */
async function untilRequested(cluster: Cluster, run: string): Promise<void> {
  for (let n = 0; n < 200; n += 1) {
    const { rowCount } = await cluster.db.pool.query('select from steps where run_id = $1 and not exists (select from outbox)', [run]);
    if ((rowCount ?? 0) > 0) return;
    await sleep(50);
  }
}

/** `runnel gc` dies there and is called again: the object that nothing needs is gone, with its row. */
export const collectGarbage: Deed = async (cluster, point) => {
  const content = randomUUID();
  const sha256 = createHash('sha256').update(content).digest('hex');
  const old = new Date(Date.now() - 30 * 86_400_000);
  const path = join(cluster.objects, 'demo/objects', sha256);
  await (await openObjectStore(`${pathToFileURL(cluster.objects).href}/`)).put(`demo/objects/${sha256}`, content);
  utimesSync(path, old, old);
  await cluster.db.pool.query('insert into objects (workspace, sha256, size, touched_at, marked_at) values ($1, $2, $3, $4, $4)', [
    'demo',
    sha256,
    content.length,
    old,
  ]);
  const run = (crashAt: string) =>
    spawnSync(join(repository, 'bin/runnel'), ['gc', '--data', join(cluster.folder, 'ingester-0')], {
      env: { ...process.env, RUNNEL_CRASH_AT: crashAt },
    });
  const first = run(point);
  const second = run('');
  const { rowCount } = await cluster.db.pool.query('select from objects where sha256 = $1', [sha256]);
  return [
    ...(first.signal === 'SIGKILL' ? [] : [`gc did not come to ${point}: ${first.stderr.toString()}`]),
    ...(second.status === 0 ? [] : [`gc failed: ${second.stderr.toString()}`]),
    ...(existsSync(path) ? ['the object is still there'] : []),
    ...(rowCount === 0 ? [] : ['the row of the object is still there']),
  ];
};
