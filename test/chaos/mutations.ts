import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository, startCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { settle } from './settle.ts';
import { deployAll, startWork, type Work } from './workload.ts';

/** A protection taken away, and what then has to go wrong. Each is also tried with the protection in place: then nothing may go wrong. */
export interface Mutation {
  name: string;
  cluster: ClusterOptions;
  /** Changes the built product: file, text that must stand in it, replacement. */
  edit?: { file: string; find: string; replace: string };
  /** Changes the running cluster. */
  weaken?: (cluster: Cluster) => Promise<void>;
  provoke: (cluster: Cluster, work: Work[]) => Promise<void>;
}

export const mutations: Mutation[] = [
  {
    name: 'the version lock is off',
    cluster: { count: { scheduler: 2 } },
    weaken: async (cluster) => void (await cluster.db.pool.query('alter table events drop constraint events_pkey')),
    provoke: pauseSchedulers,
  },
  {
    name: 'the result object is written after the message',
    cluster: {},
    edit: {
      file: 'apps/executor/dist/steps/report.js',
      find: 'await putUntilStored(store, result, messaging);\n            await tell(result);',
      replace: 'await tell(result);\n            await putUntilStored(store, result, messaging);',
    },
    provoke: dieBeforeResult,
  },
];

/** Each scheduler in turn stands still for longer than its lease, then goes on with what it has in memory, while the other works on. */
async function pauseSchedulers(cluster: Cluster, work: Work[]): Promise<void> {
  for (const name of ['scheduler-0', 'scheduler-1']) {
    for (let n = 0; n < 6; n += 1) work.push(await startWork(cluster, 0, 200));
    await sleep(500);
    const { pid } = cluster.services.get(name) ?? {};
    if (pid === undefined) throw new Error(`${name} is not there`);
    process.kill(pid, 'SIGSTOP');
    await sleep(13_000);
    process.kill(pid, 'SIGCONT');
    await sleep(2000);
  }
}

async function dieBeforeResult(cluster: Cluster, work: Work[]): Promise<void> {
  for (let n = 0; n < 3; n += 1) {
    await cluster.kill('executor-0');
    const armed = cluster.start('executor-0', 'executor.result.before-put:3');
    work.push(await startWork(cluster, 0, 8));
    await Promise.race([armed.ended, sleep(30_000)]);
    await cluster.kill('executor-0');
    cluster.start('executor-0');
    await sleep(1000);
  }
}

/** Runs the scenario with the protection taken away and returns what the checker found (nothing would be bad). */
export function tryMutation(mutation: Mutation): Promise<string[]> {
  return scenario(mutation, true);
}

/** The same scenario with the protection in place. */
export function tryUnmutated(mutation: Mutation): Promise<string[]> {
  return scenario(mutation, false);
}

async function scenario(mutation: Mutation, mutated: boolean): Promise<string[]> {
  const program = mutated && mutation.edit !== undefined ? mutatedCopy(mutation.edit) : repository;
  const cluster = await startCluster({ ...mutation.cluster, program });
  try {
    await deployAll(cluster);
    if (mutated) await mutation.weaken?.(cluster);
    const work: Work[] = [];
    await mutation.provoke(cluster, work);
    return await settle(cluster, work, 90_000);
  } finally {
    await cluster.end();
    if (program !== repository) rmSync(program, { recursive: true, force: true });
  }
}

/** A copy of the built product with one edit; other packages are those of this repository. */
function mutatedCopy({ file, find, replace }: NonNullable<Mutation['edit']>): string {
  const copy = mkdtempSync(join(tmpdir(), 'runnel-mutation-'));
  for (const part of ['apps', 'libs', 'bin', 'scripts', 'package.json'])
    cpSync(join(repository, part), join(copy, part), { recursive: true, verbatimSymlinks: true });
  const packages = join(copy, 'node_modules');
  mkdirSync(join(packages, '@runnel'), { recursive: true });
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (name !== '@runnel') symlinkSync(join(repository, 'node_modules', name), join(packages, name));
  }
  for (const name of readdirSync(join(repository, 'node_modules/@runnel'))) {
    const real = realpathSync(join(repository, 'node_modules/@runnel', name));
    if (real.startsWith(repository)) symlinkSync(join(copy, real.slice(repository.length)), join(packages, '@runnel', name));
  }
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(find)) throw new Error(`the mutation does not apply: ${file} does not hold ${JSON.stringify(find)}`);
  writeFileSync(path, text.replace(find, replace));
  return copy;
}
