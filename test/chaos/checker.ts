import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { checkDriven } from './driven.ts';
import type { Work } from './workload.ts';

interface EventRow {
  run_id: string;
  version: number;
  type: string;
  data: { step?: string; attempt?: number; outcome?: string; result?: string; status?: string };
}

/**
 * Compares what is left with what should be: nothing lost, nothing recorded twice, nothing left behind. Returns the faults, each in words; an
 * empty list is the only good answer.
 */
export async function check(cluster: Cluster, work: readonly Work[]): Promise<string[]> {
  const faults: string[] = [];
  for (const one of work) {
    const found = [...(await checkEvents(cluster, one)), ...(await checkResults(cluster, one))];
    faults.push(...found.map((fault) => `${one.kind} ${one.run}: ${fault}`));
  }
  return [
    ...faults,
    ...cluster.unasked,
    ...(await checkUsage(cluster)),
    ...(await checkLeftRows(cluster)),
    ...(await checkSteps(cluster)),
    ...(await checkDriven(cluster)),
    ...leftProcesses(cluster),
    ...leftFolders(cluster),
  ];
}

async function checkEvents(cluster: Cluster, { run, expected }: Work): Promise<string[]> {
  const { rows } = await cluster.db.pool.query<EventRow>(
    'select run_id, version, type, data from events where run_id = $1 order by version',
    [run],
  );
  const { rows: runs } = await cluster.db.pool.query<{ phase: string; version: number; attention: string | null }>(
    'select phase, version, attention from runs where id = $1',
    [run],
  );
  const row = runs[0];
  if (row === undefined) return ['lost: there is no row of it'];
  const faults: string[] = [];
  if (row.phase !== expected.status) faults.push(`ended ${row.phase}, expected ${expected.status}`);
  if (row.attention !== null) faults.push(`asks for attention: ${row.attention}`);
  if (rows.some((event, index) => event.version !== index + 1))
    faults.push(`versions are not 1 to ${rows.length}: ${rows.map((event) => event.version).join(' ')}`);
  if (rows.length !== row.version) faults.push(`its row says version ${row.version}, there are ${rows.length} events`);
  for (const type of ['run.accepted', 'run.started', 'run.outputs-ready', 'run.finished', 'run.dismissed', 'run.stopped']) {
    const count = rows.filter((event) => event.type === type).length;
    if (count > 1) faults.push(`${type} recorded ${count} times`);
  }
  return [...faults, ...checkAttempts(cluster, rows)];
}

function checkAttempts(cluster: Cluster, events: readonly EventRow[]): string[] {
  const faults: string[] = [];
  const ended = new Map<string, number>();
  const successes = new Map<string, number>();
  for (const { type, data } of events) {
    if (type !== 'step.finished' && type !== 'step.requested') continue;
    const attempt = `${type} of ${data.step}, attempt ${data.attempt}`;
    ended.set(attempt, (ended.get(attempt) ?? 0) + 1);
    if (type !== 'step.finished') continue;
    if (data.outcome === 'success') successes.set(data.step ?? '', (successes.get(data.step ?? '') ?? 0) + 1);
    if (data.result !== undefined && !existsSync(join(cluster.objects, data.result)))
      faults.push(`${attempt}: its result object ${data.result} is not there`);
  }
  for (const [attempt, count] of ended) if (count > 1) faults.push(`${attempt} recorded ${count} times`);
  for (const [step, count] of successes) if (count > 1) faults.push(`${step} succeeded ${count} times`);
  return faults;
}

async function checkResults(cluster: Cluster, { run, expected }: Work): Promise<string[]> {
  const { rows } = await cluster.db.pool.query<{ output: string }>('select output from results where run_id = $1', [run]);
  const { rows: items } = await cluster.db.pool.query('select from catalogue where run_id = $1 and item <> $2 and visible', [run, '']);
  if (expected.status !== 'successful') {
    const left = existsSync(join(cluster.objects, 'demo/results', run));
    return [
      ...(rows.length > 0 ? ['has results though it did not succeed'] : []),
      ...(items.length > 0 ? ['has visible catalogue items though it did not succeed'] : []),
      ...(left ? ['its copies are left in the object store'] : []),
    ];
  }
  const answer = await cluster.request(`/demo/ogc-api/jobs/${run}/results?f=json`);
  if (!answer.ok) return [`results: ${answer.status} ${await answer.text()}`];
  const results = (await answer.json()) as Record<string, unknown>;
  const faults: string[] = [];
  for (const [output, value] of Object.entries(expected.results ?? {})) {
    if (JSON.stringify(results[output]) !== JSON.stringify(value))
      faults.push(`result ${output} is ${brief(results[output])}, expected ${brief(value)}`);
  }
  for (const [output, content] of Object.entries(expected.contents ?? {})) {
    const { href } = results[output] as { href: string };
    const found = await (await cluster.request(new URL(href).pathname)).text();
    if (digest(found) !== digest(content))
      faults.push(`file ${output} holds ${JSON.stringify(found)}, expected ${JSON.stringify(content)}`);
  }
  if (expected.items !== undefined && items.length !== expected.items)
    faults.push(`has ${items.length} catalogue items, expected ${expected.items}`);
  return faults;
}

const brief = (value: unknown): string => String(JSON.stringify(value)).slice(0, 200);

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Every attempt whose end was decided upon is billed, once (its key), and nothing is billed that has no result object. */
async function checkUsage(cluster: Cluster): Promise<string[]> {
  const { rows: unbilled } = await cluster.db.pool.query<{ run_id: string; step: string }>(`
select e.run_id, e.data ->> 'step' as step from events e
where e.type = 'step.finished' and e.data ->> 'result' is not null and not exists (
  select from usage u where u.run_id = e.run_id and u.step = e.data ->> 'step' and u.attempt = (e.data ->> 'attempt')::integer)`);
  const { rows: billed } = await cluster.db.pool.query<{ run_id: string; step: string; attempt: number }>(
    // The ledger outlives runs that were deleted.
    'select run_id, step, attempt from usage where run_id in (select id from runs)',
  );
  const invented = billed.filter(
    ({ run_id: run, step, attempt }) => !existsSync(join(cluster.objects, 'demo/attempts', run, step, String(attempt), 'result.json')),
  );
  const { rows: sums } = await cluster.db.pool.query<{ steps: number; ledger: number; told: number }>(`
select (select coalesce(sum(greatest(cpu_seconds, cores * wall_seconds)), 0) from usage) + (
    select coalesce(sum(cpu_seconds), 0) from usage_corrections) as steps,
  (select coalesce(sum(cpu_seconds), 0) from ledger) as ledger,
  (select coalesce(sum(quantity), 0) from billing_events where sku = 'cpu-seconds') + (select coalesce(sum(cpu_seconds), 0) from unbilled) as told`);
  const [{ steps, ledger, told } = { steps: NaN, ledger: NaN, told: NaN }] = sums;
  const same = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a));
  return [
    ...unbilled.map(({ run_id: run, step }) => `${run}: no usage of ${step}`),
    ...invented.map(({ run_id: run, step }) => `${run}: usage of ${step} without a result object`),
    ...(same(steps, ledger) && same(steps, told)
      ? []
      : [`steps used ${steps} CPU seconds, the ledger has ${ledger}, billed or to bill are ${told}`]),
    ...(await checkFigures(cluster)),
  ];
}

/** What the ledger says of an attempt is what its result object says. */
async function checkFigures(cluster: Cluster): Promise<string[]> {
  const { rows } = await cluster.db.pool.query<{ run_id: string; step: string; attempt: number; cpu: number; wall: number }>(
    'select run_id, step, attempt, cpu_seconds as cpu, wall_seconds as wall from usage',
  );
  return rows.flatMap(({ run_id: run, step, attempt, cpu, wall }) => {
    const path = join(cluster.objects, 'demo/attempts', run, step, String(attempt), 'result.json');
    if (!existsSync(path)) return [];
    const { usage } = JSON.parse(readFileSync(path, 'utf8')) as { usage: { cpuSeconds: number; wallSeconds: number } };
    const told = usage.cpuSeconds === cpu && usage.wallSeconds === wall;
    return told ? [] : [`${run}: ${step} used ${usage.cpuSeconds} s of CPU in ${usage.wallSeconds} s, the ledger has ${cpu} in ${wall}`];
  });
}

/** The rows that faces show say what the events say. */
async function checkSteps(cluster: Cluster): Promise<string[]> {
  const { rows } = await cluster.db.pool.query<{ run_id: string; step: string; outcome: string; state: string | null }>(`
select e.run_id, e.data ->> 'step' as step, e.data ->> 'outcome' as outcome, s.state from events e
left join steps s on s.run_id = e.run_id and s.step = e.data ->> 'step' and s.attempt = (e.data ->> 'attempt')::integer
where e.type = 'step.finished' and s.state is distinct from case e.data ->> 'outcome' when 'success' then 'successful' else 'failed' end`);
  return rows.map(
    ({ run_id: run, step, outcome, state }) => `${run}: ${step} ended with ${outcome}, its row says ${state ?? 'nothing of that attempt'}`,
  );
}

/** When every run is over, nothing waits for anything. */
async function checkLeftRows(cluster: Cluster): Promise<string[]> {
  const left = {
    // What is billed is told every few seconds.
    outbox: `select count(*)::integer as n from outbox where created_at < now() - interval '3 seconds'`,
    grants: 'select count(*)::integer as n from grants',
    'ready nodes': 'select count(*)::integer as n from ready_nodes',
    timers: 'select count(*)::integer as n from timers',
    'open steps': `select count(*)::integer as n from steps where state in ('requested', 'running', 'stopping')`,
  };
  const faults: string[] = [];
  for (const [name, text] of Object.entries(left)) {
    const { rows } = await cluster.db.pool.query<{ n: number }>(text);
    if ((rows[0]?.n ?? 0) > 0) faults.push(`${rows[0]?.n} rows left in: ${name}`);
  }
  return faults;
}

/** Processes that work in an attempt's folder though no attempt is under way. */
function leftProcesses(cluster: Cluster): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const cwd = readlinkSync(`/proc/${pid}/cwd`);
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return cwd.startsWith(cluster.folder) && cwd.includes('/work/attempts/') ? [`process ${pid} is left: ${command}`] : [];
      } catch {
        return [];
      }
    });
}

function leftFolders(cluster: Cluster): string[] {
  return [...cluster.services.values()]
    .filter(({ kind }) => kind === 'executor')
    .flatMap(({ name }) => {
      const folder = join(cluster.folder, name, 'work/attempts');
      return existsSync(folder) ? readdirSync(folder).map((attempt) => `folder of an attempt is left: ${join(folder, attempt)}`) : [];
    });
}
