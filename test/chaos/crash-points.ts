import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository, type Cluster } from './cluster.ts';
import type { ServiceName } from './service-process.ts';
import { settle } from './settle.ts';
import { startWork, type Work } from './workload.ts';

/** Every name that stands in the code, as `scripts/check-crash-points.ts --list` finds them. */
export function crashPointNames(): string[] {
  const listed = execFileSync(process.execPath, [join(repository, 'scripts/check-crash-points.ts'), '--list'], { encoding: 'utf8' });
  return listed.split('\n').filter((line) => line !== '');
}

/** Services in which a point can be reached: by its name where it begins with one, else (libraries) all that write. */
export function servicesOf(point: string): ServiceName[] {
  const [first = ''] = point.split('.');
  const named = (['api', 'scheduler', 'executor', 'ingester', 'harvester'] as const).find((name) => first === name);
  return named === undefined ? ['api', 'scheduler', 'executor', 'ingester'] : [named];
}

export interface PointReport {
  point: string;
  service: ServiceName;
  /** False: the work never came by; not a proof of anything. */
  reached: boolean;
  faults: string[];
  /** By performance.now(). */
  begun: number;
}

/** Milliseconds within which the work comes by a point, if it does. */
const patience = 12_000;

/** Each service is started with a point armed, dies there, is started again; what remains must be as it should. */
export async function killAtEveryPoint(cluster: Cluster, points: readonly string[], say: (report: PointReport) => void): Promise<void> {
  for (const point of points) {
    for (const service of servicesOf(point)) say(await killAt(cluster, point, service));
  }
}

async function killAt(cluster: Cluster, point: string, service: ServiceName): Promise<PointReport> {
  const begun = performance.now();
  const name = `${service}-0`;
  await cluster.kill(name);
  const armed = cluster.start(name, point);
  await armed.ready;
  const work: Work[] = [];
  const starting = startAll(cluster, work);
  const reached = (await Promise.race([armed.ended, sleep(patience)])) === 'SIGKILL';
  if (!reached) await cluster.kill(name);
  cluster.start(name);
  await starting;
  return { point, service, reached, faults: await settle(cluster, work), begun };
}

async function startAll(cluster: Cluster, work: Work[]): Promise<void> {
  for (let n = 0; n < 6; n += 1) work.push(await startWork(cluster, n, 6));
}
