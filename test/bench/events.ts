import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { cpuOfParts, startInstallation, type Installation } from './installation.ts';
import { percentile, printRows, type Row } from './measure.ts';

const perSecond = Number(process.env['BENCH_EVENTS'] ?? 300);
const seconds = 10;
/** Events before what is measured: nothing is being compiled any more. */
const warm = 5 * perSecond;

/** Events at an even rate, each of which starts a run: what its sender waits for the answer, and how long it is until the run is accepted. */
export async function benchEvents(): Promise<void> {
  const installation = await startInstallation();
  const database = new Client({ connectionString: installation.addresses.postgres });
  try {
    await database.connect();
    const trigger = { name: 'bench', on: 'event', type: 'bench', process: 'say', inputs: { i: { from: 'data.i' } } };
    const { status, text } = await installation.post('/api/v1/workspaces/bench/triggers', trigger);
    if (status !== 201) throw new Error(`trigger: ${status} ${text}`);
    // What runs cost is measured elsewhere; here they are accepted, and start when the bench is over.
    await database.query(`insert into cordons (executor, reason, set_by) values ('*', 'bench', 'bench')`);
    await send(installation, 'warm', warm);
    await untilFired(database, warm);
    const before = cpuOfParts(installation);
    const answers = await send(installation, 'event', perSecond * seconds);
    await untilFired(database, warm + perSecond * seconds);
    const busy = cpuOfParts(installation).map((used, part) => `${(((used - (before[part] ?? 0)) / answers.length) * 1000).toFixed(1)} ms`);
    printRows(`events that start runs, ${perSecond} a second for ${seconds} s`, await rowsOf(database, answers, busy));
  } finally {
    await database.end();
    await installation.close();
  }
}

/** Milliseconds from each event's turn to its answer. */
async function send(installation: Installation, name: string, count: number): Promise<number[]> {
  const took: number[] = [];
  const sending: Promise<void>[] = [];
  const begun = performance.now();
  for (let n = 0; n < count; n += 1) {
    const turn = begun + (n / perSecond) * 1000;
    const wait = turn - performance.now();
    if (wait > 1) await sleep(wait);
    // Its id says when it was sent.
    const event = { specversion: '1.0', id: `${Date.now()}/${name}-${n}`, source: '/bench', type: 'bench', data: { i: n } };
    const one = installation.post('/api/v1/events', event).then(({ status, text }) => {
      if (status !== 202) throw new Error(`event: ${status} ${text}`);
      took.push(performance.now() - turn);
    });
    sending.push(one);
  }
  await Promise.all(sending);
  return took;
}

async function untilFired(database: Client, count: number): Promise<void> {
  for (;;) {
    const { rows } = await database.query<{ n: number }>(`select count(*)::int as n from trigger_firings where outcome = 'started'`);
    if (rows[0]?.n === count) return;
    await sleep(100);
  }
}

async function rowsOf(database: Client, answers: number[], [services = '', postgres = '', nats = '']: string[]): Promise<Row[]> {
  const { rows } = await database.query<{ took: number }>(`
select (extract(epoch from r.created_at) * 1000 - split_part(f.event_id, '/', 1)::numeric)::float8 as took
from trigger_firings f join runs r on r.id = f.run_id where f.event_id like '%/event-%'`);
  const accepted = rows.map(({ took }) => took);
  const row = (what: string, values: number[], percent: number, target: string): Row => ({
    ...{
      what: `${what}, p${percent} of ${values.length}`,
      ours: `${percentile(values, percent).toFixed(1)} ms`,
      peer: '',
      ratio: '',
      target,
    },
  });
  return [
    row('event sent to run accepted', accepted, 50, ''),
    row('event sent to run accepted', accepted, 99, '<= 50 ms'),
    row('event sent to its answer', answers, 99, ''),
    { what: 'CPU of the services per event', ours: services, peer: `Postgres ${postgres}, NATS ${nats}`, ratio: '', target: '' },
  ];
}
