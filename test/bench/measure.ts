import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, homedir, loadavg } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** One command as a whole process. */
export interface Measured {
  /** Seconds. */
  wall: number;
  /** Peak resident memory of the program's own process, MB. */
  memory: number;
}

/** Runs a command to its end; rejects when it fails, with what it said. */
export function measure(program: string, args: string[], cwd = root): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    let memory = 0;
    const watch = setInterval(() => (memory = Math.max(memory, peakMemory(child.pid))), 20);
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(watch);
      if (code === 0) resolve({ wall: (performance.now() - begun) / 1000, memory });
      else reject(new Error(`${program} ${args.join(' ')}: exit ${code}\n${said}`));
    });
  });
}

function peakMemory(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

export const median = (values: number[]): number => percentile(values, 50);

export function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Runs the commands in turn, `rounds` times, so that a drift of the machine's speed meets both alike. */
export async function inTurn(rounds: number, commands: Record<string, () => Promise<Measured>>): Promise<Record<string, Measured>> {
  const all: Record<string, Measured[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, command] of Object.entries(commands)) (all[name] ??= []).push(await command());
  }
  return Object.fromEntries(
    Object.entries(all).map(([name, runs]) => [
      name,
      { wall: median(runs.map((run) => run.wall)), memory: Math.max(...runs.map((run) => run.memory)) },
    ]),
  );
}

export interface Row {
  what: string;
  ours: string;
  peer: string;
  ratio: string;
  target: string;
}

export function printRows(title: string, rows: Row[]): void {
  const header: Row = { what: title, ours: 'runnel', peer: 'peer', ratio: 'ratio', target: 'target' };
  const width = (key: keyof Row) => Math.max(...[header, ...rows].map((row) => row[key].length));
  for (const row of [header, ...rows]) {
    console.log(
      (['what', 'ours', 'peer', 'ratio', 'target'] as const)
        .map((key) => row[key].padEnd(width(key)))
        .join('  ')
        .trimEnd(),
    );
  }
  console.log(`${load()}\n`);
}

/** Prints a title and a header at once and then each row as it is known, for benches that take minutes. */
export function rowPrinter(title: string): (row: Row) => void {
  const columns: [key: keyof Row, width: number][] = [
    ['what', 50],
    ['ours', 15],
    ['peer', 15],
    ['ratio', 28],
    ['target', 0],
  ];
  const print = (row: Row) => console.log(columns.map(([key, width]) => row[key].padEnd(width)).join('  '));
  console.log(title);
  print({ what: '', ours: 'runnel', peer: 'peer', ratio: 'ratio', target: 'target' });
  return print;
}

/** The machine's load now, for a line below the rows. */
export const load = (): string => `load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`;

/** A Python program of a virtual environment outside the clone; undefined where it cannot be installed. */
export async function pythonProgram(environment: string, packages: string[], program: string): Promise<string | undefined> {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel', `venv-${environment}`);
  const path = join(folder, 'bin', program);
  if (existsSync(path)) return path;
  try {
    await measure('python3', ['-m', 'venv', folder]);
    await measure(join(folder, 'bin/pip'), ['install', '--quiet', ...packages]);
    return path;
  } catch (error) {
    console.error(`${program} cannot be installed: ${String(error)}`);
    return undefined;
  }
}

export const seconds = (value: number): string => `${value.toFixed(2)} s`;
export const times = (value: number): string => `${value.toFixed(2)}x`;
