import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOfParts, startInstallation, type Installation } from './installation.ts';
import { median, percentile, printRows, times, type Row } from './measure.ts';
import { rawHops, rawSpawns, type Spawns } from './raw.ts';
import { benchRelay } from './relay.ts';

const width = 1000;
const rounds = 5;
const latencyRuns = 200;

/** The whole product beside its raw parts on the same machine in the same minutes: what a step, a run, a message and an idle minute cost. */
export async function benchServices(): Promise<void> {
  const installation = await startInstallation();
  try {
    const parts = [idleRows, stepRows, latencyRows, benchRelay];
    for (const part of parts) printRows(`through all services; isolation: ${installation.isolation}`, await part(installation));
  } finally {
    await installation.close();
  }
}

async function stepRows(installation: Installation): Promise<Row[]> {
  const slots = availableParallelism();
  const nums = Array.from({ length: width }, (_, i) => i);
  await installation.run('scatter', { nums: nums.slice(0, 200) });
  const rates: number[] = [];
  const spawns: number[] = [];
  const hops: number[] = [];
  const busy: number[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = cpuOfParts(installation);
    const { started, finished } = await installation.run('scatter', { nums });
    busy.push(cpuOfParts(installation).map((seconds, part) => ((seconds - (before[part] ?? 0)) / width) * 1000));
    rates.push((width / (finished - started)) * 1000);
    spawns.push((width / (await rawSpawns(width, slots)).total) * 1000);
    hops.push(await rawHops(installation, 5 * width, 64));
  }
  const rate = median(rates);
  const bare = median(spawns);
  const [services, database, bus] = [0, 1, 2].map((part) => `${median(busy.map((round) => round[part] ?? 0)).toFixed(1)} ms`);
  const range = `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
  return [
    {
      what: `scatter ${width} of echo, steps/s beside raw spawns in the same sandbox, ${slots} at a time`,
      ours: `${rate.toFixed(0)} (${range})`,
      peer: bare.toFixed(0),
      ratio: times(rate / bare),
      target: '>= 150',
    },
    {
      what: 'the same beside raw JetStream hops/s, 64 in flight',
      ours: rate.toFixed(0),
      peer: median(hops).toFixed(0),
      ratio: times(rate / median(hops)),
      target: '',
    },
    { what: 'CPU of the five services per step', ours: services ?? '', peer: `Postgres ${database}, NATS ${bus}`, ratio: '', target: '' },
  ];
}

async function latencyRows(installation: Installation): Promise<Row[]> {
  const took: number[] = [];
  const spawns: Spawns[] = [];
  for (let i = -20; i < latencyRuns; i += 1) {
    const begun = performance.now();
    const { status, text } = await installation.post(
      '/bench/ogc-api/processes/say/execution',
      { inputs: { i }, response: 'document' },
      { prefer: 'wait=60' },
    );
    if (!text.includes(`/out.txt`)) throw new Error(`executing echo: ${status} ${text}`);
    if (i >= 0) took.push(performance.now() - begun);
    if (i >= 0 && i % 50 === 49) spawns.push(await rawSpawns(100, 1));
  }
  const row = (name: 'p50' | 'p99', percent: number, target: number): Row => {
    const mine = percentile(took, percent);
    const bare = median(spawns.map((round) => round[name]));
    return {
      what: `one-tool run, POST to successful, ${name} of ${latencyRuns}, beside the same sandboxed spawn`,
      ours: `${mine.toFixed(1)} ms`,
      peer: `${bare.toFixed(1)} ms`,
      ratio: `+${(mine - bare).toFixed(1)} ms`,
      target: `<= +${target} ms`,
    };
  };
  return [row('p50', 50, 60), row('p99', 99, 200)];
}

/** Before anything has run, then 20 seconds of nothing. */
async function idleRows(installation: Installation): Promise<Row[]> {
  const interval = 20;
  await sleep(5000);
  const before = cpuOfParts(installation);
  await sleep(interval * 1000);
  const shares = cpuOfParts(installation).map((seconds, part) => `${(((seconds - (before[part] ?? 0)) / interval) * 100).toFixed(1)} %`);
  const [services = '', database = '', bus = ''] = shares;
  return [
    {
      what: 'five services at rest, share of a core',
      ours: services,
      peer: `Postgres ${database}, NATS ${bus}`,
      ratio: '',
      target: '< 2 %',
    },
    {
      what: 'five services in one process, resident',
      ours: `${residentMegabytes(installation.pid).toFixed(0)} MB`,
      peer: '',
      ratio: '',
      target: '',
    },
  ];
}

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000;
}
