import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { pushCommit, sendEvent } from './driven.ts';
import { settle } from './settle.ts';
import { serviceNames, type ServiceName } from './service-process.ts';

/** A tool that ends at once and gives back what it was given. */
export const quickTool = `cwlVersion: v1.2
class: CommandLineTool
id: quick
baseCommand: [echo, -n]
inputs: {n: {type: int, inputBinding: {}}}
stdout: out
outputs: {out: {type: string, outputBinding: {glob: out, loadContents: true, outputEval: '$(self[0].contents)'}}}
`;

/** Each service alone, then every pair. */
export const allRounds: readonly (readonly ServiceName[])[] = [
  ...serviceNames.map((name) => [name]),
  ...serviceNames.flatMap((one, index) => serviceNames.slice(index + 1).map((other) => [one, other])),
];

export interface RestartReport {
  /** Requests that were answered otherwise than with 201, or not at all. */
  failed: string[];
  /** Runs that are not there, did not end well, or are there without having been asked for. */
  faults: string[];
  runs: number;
  /** Connections that were refused and tried again. */
  refused: number;
}

/**
 * Restarts services in order (SIGTERM, then started anew) while runs are asked for at an even rate, whatever becomes of those before; with each
 * restart an event is sent and a commit pushed, which start runs and deploy by themselves.
 */
export async function rollingRestart(
  cluster: Cluster,
  rounds: readonly (readonly ServiceName[])[],
  perSecond: number,
): Promise<RestartReport> {
  const report: RestartReport = { failed: [], faults: [], runs: 0, refused: 0 };
  const accepted = new Map<string, number>();
  const sending: Promise<void>[] = [];
  const agent = new Agent({ keepAlive: false });
  let n = 0;
  let underWay = 0;
  const send = async (number: number): Promise<void> => {
    underWay += 1;
    try {
      accepted.set(await execute(cluster, agent, number, report), number);
    } catch (error) {
      report.failed.push(String(error));
    } finally {
      underWay -= 1;
    }
  };
  const clock = setInterval(() => sending.push(send((n += 1))), 1000 / perSecond);
  for (const round of rounds) {
    // The next one's turn comes when those that waited for the last have been served.
    do await sleep(500);
    while (underWay > perSecond);
    const driven = sendEvent(cluster);
    pushCommit(cluster);
    await Promise.all([driven, ...round.map((kind) => restart(cluster, `${kind}-0`))]);
  }
  await sleep(500);
  clearInterval(clock);
  await Promise.all(sending);
  report.runs = accepted.size;
  report.faults = [...(await untilAllEnded(cluster, accepted)), ...(await settle(cluster, []))];
  return report;
}

async function restart(cluster: Cluster, name: string): Promise<void> {
  await cluster.services.get(name)?.stop();
  await cluster.start(name).ready;
}

/** Tries again where the connection was refused, and only there. */
async function execute(cluster: Cluster, agent: Agent, n: number, report: RestartReport): Promise<string> {
  for (;;) {
    try {
      const { status, body } = await post(`${cluster.url}/demo/ogc-api/processes/quick/execution`, agent, cluster.authorization, {
        inputs: { n },
      });
      if (status !== 201) throw new Error(`run ${n}: ${status} ${body}`);
      return (JSON.parse(body) as { jobID: string }).jobID;
    } catch (error) {
      // Under jest, errors of Node are of another realm.
      if (typeof error !== 'object' || error === null || Reflect.get(error, 'code') !== 'ECONNREFUSED') throw error;
      report.refused += 1;
      await sleep(50);
    }
  }
}

function post(url: string, agent: Agent, authorization: string, body: unknown): Promise<{ status: number; body: string }> {
  const headers = { authorization, 'content-type': 'application/json', prefer: 'respond-async' };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (answer: IncomingMessage) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

/** Waits until all have ended, then compares them with what was asked for. */
async function untilAllEnded(cluster: Cluster, accepted: ReadonlyMap<string, number>): Promise<string[]> {
  const open = async (): Promise<number> => {
    const { rows } = await cluster.db.pool.query<{ n: number }>(
      `select count(*)::integer as n from runs where not stopped and process_id = 'quick'`,
    );
    return rows[0]?.n ?? 0;
  };
  // As long as it goes on: a last restart may leave news to the reconciler, which looks every minute.
  let left = await open();
  for (let end = Date.now() + 120_000; left > 0 && Date.now() < end;) {
    await sleep(250);
    const now = await open();
    if (now < left) end = Date.now() + 120_000;
    left = now;
  }
  const { rows } = await cluster.db.pool.query<{ id: string; phase: string; message: string; out: string | null; finished: number }>(`
select r.id, r.phase, r.message, (select x.value ->> 'out' from results x where x.run_id = r.id) as out,
  (select count(*)::integer from events e where e.run_id = r.id and e.type = 'run.finished') as finished from runs r where process_id = 'quick'`);
  const found = new Map(rows.map((row) => [row.id, row]));
  return [
    ...[...accepted].flatMap(([run, n]) => {
      const row = found.get(run);
      if (!row) return [`${run} is lost`];
      if (row.phase !== 'successful' || row.finished !== 1) return [`${run} is ${row.phase} (${row.finished} ends): ${row.message}`];
      return row.out === String(n) ? [] : [`${run} gave ${row.out} for ${n}`];
    }),
    ...rows.filter(({ id }) => !accepted.has(id)).map(({ id }) => `nobody asked for ${id}`),
  ];
}
