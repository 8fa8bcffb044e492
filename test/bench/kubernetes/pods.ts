import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { accept, untilFinal } from '../../journeys/up.ts';
import { startInstallation, type Installation } from '../../kubernetes/installation.ts';
import { median, seconds, times, type Row } from '../measure.ts';
import { barePod, idlePod, wallOf } from './peers.ts';
import type { WatchedUser } from './watched-user.ts';

const count = 50;
const rounds = 3;

const tool = `  - class: CommandLineTool
    id: nothing
    requirements:
      ResourceRequirement: { coresMin: 0.01, ramMin: 32, ramMax: 64 }
    baseCommand: 'true'
    inputs: { number: int, before: int? }
    outputs: { number: { type: int, outputBinding: { outputEval: $(inputs.number) } } }
`;

const scattered = `cwlVersion: v1.2
$graph:
  - class: Workflow
    id: many
    requirements: { ScatterFeatureRequirement: {} }
    inputs: { numbers: 'int[]' }
    outputs: {}
    steps:
      each: { run: '#nothing', scatter: number, in: { number: numbers }, out: [] }
${tool}`;

const chainLength = 10;
const links = Array.from({ length: chainLength }, (_, index) =>
  [
    `      s${index}: { run: '#nothing', in: { number: number`,
    index === 0 ? '' : `, before: s${index - 1}/number`,
    ' }, out: [number] }\n',
  ].join(''),
);
const chain = `cwlVersion: v1.2
$graph:
  - class: Workflow
    id: chain
    inputs: { number: int }
    outputs: {}
    steps:
${links.join('')}${tool}`;

async function wallOfRun(installation: Installation, process: string, inputs: unknown): Promise<number> {
  const begun = performance.now();
  const id = await accept(installation.up, process, inputs);
  const { status, message } = await untilFinal(installation.up, id, 900_000);
  if (status !== 'successful') throw new Error(`the run of ${process} is ${status}: ${message}`);
  return (performance.now() - begun) / 1000;
}

const numbers = (many: number): number[] => Array.from({ length: many }, (_, index) => index);

/** Resident memory of the services in one process, MB. */
const memoryOf = ({ up }: Installation): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${up.pid}/status`, 'utf8'))?.[1] ?? 0) / 1000;

/** 50 pods through Runnel, beside the same pods without it, in turn. */
export async function benchPods(user: WatchedUser, row: (row: Row) => void): Promise<void> {
  const { kubeconfig } = user;
  const installation = await startInstallation({ '*': { imagePullPolicy: 'Never' } }, { slots: count, kubeconfig });
  try {
    await installation.deployed(scattered);
    await wallOfRun(installation, 'many', { numbers: numbers(2) });
    const before = memoryOf(installation);
    const walls: Record<'ours' | 'idle' | 'bare', number[]> = { ours: [], idle: [], bare: [] };
    const writesBefore = sum(user.writes());
    for (let round = 0; round < rounds; round += 1) {
      walls.ours.push(await wallOfRun(installation, 'many', { numbers: numbers(count) }));
      await sleep(3000);
      walls.idle.push(wallOf(numbers(count).map((index) => idlePod(`idle-${index}`, 'true'))));
      walls.bare.push(wallOf(numbers(count).map((index) => barePod(`bare-${index}`, ['true']))));
    }
    const perStep = (sum(user.writes()) - writesBefore) / (rounds * count);
    const [ours, idle, bare] = [median(walls.ours), median(walls.idle), median(walls.bare)];
    const what = `${count} pods at a time, wall`;
    row({ what: `${what}, our containers idle`, ours: seconds(ours), peer: seconds(idle), ratio: times(ours / idle), target: '<= 1.15x' });
    row({ what: `${what}, bare`, ours: seconds(ours), peer: seconds(bare), ratio: times(ours / bare), target: 'aim <= 1.5x' });
    row({ what: 'writes to the API per step', ours: perStep.toFixed(2), peer: '', ratio: '', target: '<= 3' });
    const after = memoryOf(installation);
    row({ what: `memory, after 2 and ${rounds} x ${count} pods`, ours: `${after.toFixed(0)} MB`, peer: `${before.toFixed(0)} MB`, ratio: times(after / before), target: 'flat' }); // prettier-ignore
  } finally {
    await installation.close();
  }
}

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((total, one) => total + one, 0);

/** A wide scatter with a chain beside it: the chain is not held up. */
export async function benchWidth(row: (row: Row) => void): Promise<void> {
  const installation = await startInstallation({ '*': { imagePullPolicy: 'Never' } }, { slots: 20 });
  try {
    for (const document of [scattered, chain]) await installation.deployed(document);
    const alone = await wallOfRun(installation, 'chain', { number: 1 });
    const wide = wallOfRun(installation, 'many', { numbers: numbers(200) });
    const beside = await wallOfRun(installation, 'chain', { number: 1 });
    const wall = await wide;
    row({ what: 'scatter of 200, 20 in flight, a chain beside it', ours: seconds(wall), peer: '', ratio: `${(200 / wall).toFixed(1)} pods/s`, target: '' }); // prettier-ignore
    row({ what: `chain of ${chainLength} beside that scatter, and alone`, ours: seconds(beside), peer: seconds(alone), ratio: times(beside / alone), target: '' }); // prettier-ignore
  } finally {
    await installation.close();
  }
}
