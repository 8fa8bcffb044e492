/** `make bench-long`: wide scatters. They complete, and a step costs the same memory, log of the database and objects however many there are. */
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@runnel/embedded';
import { Client } from 'pg';
import { startInstallation, type Installation } from './installation.ts';
import { openInspector, type Inspector } from './inspector.ts';
import { printRows, times, type Row } from './measure.ts';
import { inOwnFolder } from './own-folder.ts';
import { rawHops, rawSpawns } from './raw.ts';

/** So many elements, in so many runs: a short run is repeated until it can be measured. */
const sizes = [
  { width: 100, runs: 20 },
  { width: 10_000, runs: 1 },
  { width: 100_000, runs: 1 },
];
/** Milliseconds between looks at the heap; each collects garbage first. */
const look = 5000;

interface Cost {
  width: number;
  stepsPerSecond: number;
  /** Right after, on the same machine: tools in the same sandbox, messages through the same server. */
  spawnsPerSecond: number;
  hopsPerSecond: number;
  /** Bytes per step. */
  heap: number;
  wal: number;
  objectBytes: number;
  objectCount: number;
}

await inOwnFolder();
let used = 0;
const largest = Number(process.argv[2] ?? Infinity);
const inspectorPort = await freePort();
const installation = await startInstallation([`--inspect=127.0.0.1:${inspectorPort}`]);
const database = new Client({ connectionString: installation.addresses.postgres });
try {
  await database.connect();
  const inspector = await openInspector(inspectorPort);
  await installation.run('scatter', { nums: numbers(500) });
  const costs: Cost[] = [];
  for (const { width, runs } of sizes.filter((size) => size.width <= largest)) {
    costs.push(await measure(inspector, width, runs));
    // As known so far: the widest takes many minutes.
    printRows(`wide scatters; isolation: ${installation.isolation}`, rowsOf(costs));
  }
  inspector.close();
} finally {
  await database.end();
  await installation.close();
}

async function measure(inspector: Inspector, width: number, runs: number): Promise<Cost> {
  const steps = width * runs;
  const before = { heap: await inspector.heapUsed(), wal: await walPosition(), ...objectsOf(installation) };
  const watch = watchHeap(inspector);
  const begun = performance.now();
  for (let run = 0; run < runs; run += 1) await installation.run('scatter', { nums: numbers(width) });
  const seconds = (performance.now() - begun) / 1000;
  const heap = await watch.end();
  const after = { wal: await walPosition(), ...objectsOf(installation) };
  return {
    width,
    stepsPerSecond: steps / seconds,
    spawnsPerSecond: (1000 / (await rawSpawns(1000, availableParallelism())).total) * 1000,
    hopsPerSecond: await rawHops(installation, 5000, 64),
    heap: (heap - before.heap) / width,
    wal: (after.wal - before.wal) / steps,
    objectBytes: (after.bytes - before.bytes) / steps,
    objectCount: (after.count - before.count) / steps,
  };
}

/** Numbers that no run before had, so that no output is there already. */
function numbers(count: number): number[] {
  used += count;
  return Array.from({ length: count }, (_, i) => 1_000_000 + used - count + i);
}

/** The largest heap that was in use, without garbage, until `end`; publishing, which is the ingester's, holds all results at once and is left out. */
function watchHeap(of: Inspector): { end(): Promise<number> } {
  let peak = 0;
  const ending = new AbortController();
  const watching = (async () => {
    while (!ending.signal.aborted) {
      const now = await of.heapUsed();
      if (!(await isPublishing())) peak = Math.max(peak, now);
      await sleep(look, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();
  return {
    end: async () => {
      ending.abort();
      await watching;
      return peak;
    },
  };
}

async function isPublishing(): Promise<boolean> {
  const { rows } = await database.query(`select from runs where phase = 'publishing'`);
  return rows.length > 0;
}

async function walPosition(): Promise<number> {
  const { rows } = await database.query<{ bytes: string }>(`select pg_current_wal_lsn() - '0/0' as bytes`);
  return Number(rows[0]?.bytes);
}

/** Keys in the store, and bytes on the disk: a published copy is a second name of the same bytes. */
function objectsOf({ folder }: Installation): { count: number; bytes: number } {
  const seen = new Set<number>();
  let count = 0;
  let bytes = 0;
  // The store's own folders begin with a dot.
  for (const entry of readdirSync(join(folder, 'objects/bench'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { ino, size } = statSync(join(entry.parentPath, entry.name));
    count += 1;
    if (!seen.has(ino)) bytes += size;
    seen.add(ino);
  }
  return { count, bytes };
}

function rowsOf(costs: Cost[]): Row[] {
  const column = (what: string, target: string, of: (cost: Cost) => number, show: (value: number) => string): Row => {
    const values = costs.map(of);
    return {
      what: `${what}, at ${costs.map(({ width }) => width.toLocaleString('en')).join(' / ')} elements`,
      ours: values.map(show).join(' / '),
      peer: '',
      ratio: times(Math.max(...values) / Math.min(...values)),
      target,
    };
  };
  const bytes = (value: number): string => `${value.toFixed(0)} B`;
  const two = (value: number): string => value.toFixed(2);
  // What a hundred elements take is less than what comes and goes anyway.
  const wide = costs.filter(({ width }) => width >= 10_000);
  return [
    column('steps/s', 'completes', (cost) => cost.stepsPerSecond, two),
    column('raw spawns/s beside them', '', (cost) => cost.spawnsPerSecond, two),
    column('raw JetStream hops/s beside them, 64 in flight', '', (cost) => cost.hopsPerSecond, two),
    ...wide.map(({ width, heap }) => ({
      what: `heap of all services, growth per step, at ${width.toLocaleString('en')} elements`,
      ours: bytes(heap),
      peer: '',
      ratio: '',
      target: '< 1024 B',
    })),
    column('write-ahead log per step', '<= 1.5x', (cost) => cost.wal, bytes),
    column('object bytes per step', '<= 1.5x', (cost) => cost.objectBytes, bytes),
    column('both together', '<= 1.5x', (cost) => cost.wal + cost.objectBytes, bytes),
    column('objects per step', '<= 1.5x', (cost) => cost.objectCount, two),
  ];
}
