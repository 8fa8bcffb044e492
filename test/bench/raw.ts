import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { createSpawner, detectIsolation, type SpawnRequest } from '@runnel/sandbox';
import type { Installation } from './installation.ts';
import { percentile } from './measure.ts';

/** Milliseconds of all, of the middle one and of the slowest of a hundred. */
export interface Spawns {
  total: number;
  p50: number;
  p99: number;
}

/** The floor of a step: `echo i` in the sandbox that the executor uses, nothing else; so many at a time. */
export async function rawSpawns(count: number, inFlight: number): Promise<Spawns> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-bench-spawns-'));
  const workRoot = join(folder, 'attempts');
  mkdirSync(workRoot, { mode: 0o711 });
  const { mode } = await detectIsolation();
  const spawner = createSpawner({ isolation: mode, control: join(folder, 'control'), workRoot, hidden: [folder] });
  const took: number[] = [];
  const one = async (i: number): Promise<void> => {
    const request = echo(join(workRoot, String(i)), i);
    const begun = performance.now();
    const { exitCode } = await spawner.run(request).result;
    if (exitCode !== 0) throw new Error(`echo: exit ${exitCode}`);
    took.push(performance.now() - begun);
  };
  try {
    await Promise.all(Array.from({ length: inFlight }, (_, lane) => one(-lane - 1)));
    took.length = 0;
    let next = 0;
    const begun = performance.now();
    const lane = async (): Promise<void> => {
      while (next < count) await one(next++);
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return { total: performance.now() - begun, p50: percentile(took, 50), p99: percentile(took, 99) };
  } finally {
    await spawner.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function echo(directory: string, i: number): SpawnRequest {
  const out = join(directory, 'out');
  mkdirSync(out, { recursive: true });
  return {
    argv: ['echo', String(i)],
    env: { PATH: '/usr/bin:/bin', HOME: out },
    cwd: out,
    stdout: join(out, 'out.txt'),
    log: join(directory, 'log'),
    network: false,
    writable: [out],
    readable: [],
    binds: [],
  };
}

/** The floor of a message: published into a stream of the same server and consumed; messages a second with so many in flight. */
export async function rawHops({ addresses }: Installation, count: number, inFlight: number): Promise<number> {
  const nc = await connect({ servers: addresses.nats, user: addresses.natsUser, pass: addresses.natsPassword });
  const js = jetstream(nc);
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: 'bench', subjects: ['bench.>'] });
  try {
    await jsm.consumers.add('bench', { durable_name: 'bench', ack_policy: AckPolicy.Explicit });
    const consumer = await js.consumers.get('bench', 'bench');
    const payload = JSON.stringify({ step: 'each[1]', attempt: 1, padding: 'x'.repeat(400) });
    const begun = performance.now();
    const messages = await consumer.consume({ max_messages: inFlight });
    const publishing = inLanes(count, inFlight, (i) => js.publish('bench.hop', payload, { msgID: `hop-${i}` }));
    let left = count;
    for await (const message of messages) {
      message.ack();
      left -= 1;
      if (left === 0) break;
    }
    await publishing;
    return (count / (performance.now() - begun)) * 1000;
  } finally {
    await jsm.streams.delete('bench');
    await nc.close();
  }
}

export async function inLanes(count: number, lanes: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
