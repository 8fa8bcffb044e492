import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from '../installation.ts';
import { percentile } from '../measure.ts';
import type { Row } from '../measure.ts';

/** Steps of the run that is followed: so much there is to tell. */
const steps = 2000;

/** So many followers of one run: what they cost in memory, and how long after the first of them the others have an event. */
export async function followRun(installation: Installation, followers: number): Promise<Row> {
  const { pid, port, token } = installation;
  const accepted = await installation.post('/bench/ogc-api/processes/scatter/execution', {
    inputs: { nums: Array.from({ length: steps }, (_, number) => number) },
  });
  if (accepted.status !== 201) throw new Error(`a run to follow: ${accepted.status} ${accepted.text.slice(0, 500)}`);
  const { jobID } = JSON.parse(accepted.text) as { jobID: string };
  const before = residentMegabytes(pid);
  const arrivals = new Map<string, number[]>();
  const sockets: Socket[] = [];
  const ended = Array.from({ length: followers }, () => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.write(`GET /api/v1/runs/${jobID}/events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`);
    return follow(socket, arrivals);
  });
  await sleep(2000);
  const during = residentMegabytes(pid);
  await Promise.race([Promise.all(ended), sleep(120_000)]);
  for (const socket of sockets) socket.destroy();
  // Those of the beginning are read from the database by each follower, whenever it came.
  const told = [...arrivals.values()].filter((times) => times.length > followers / 2);
  const behind = told.flatMap((times) => times.map((time) => time - Math.min(...times)));
  return {
    what: `${followers} followers (SSE) of one run: memory; p99 of an event behind the first`,
    ours: `+${(during - before).toFixed(0)} MB, ${percentile(behind, 99).toFixed(1)} ms, ${told.length} events`,
    peer: '',
    ratio: '',
    target: 'printed',
  };
}

async function follow(socket: Socket, arrivals: Map<string, number[]>): Promise<void> {
  try {
    for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>)
      for (const [, version = ''] of chunk.matchAll(/^id: *(\d+)/gm)) {
        const times = arrivals.get(version) ?? [];
        times.push(performance.now());
        arrivals.set(version, times);
      }
  } catch {
    // The api closed it at the run's end.
  }
}

const residentMegabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
