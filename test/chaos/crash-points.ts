import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository, startCluster, type Cluster } from './cluster.ts';
import type { ServiceName } from './service-process.ts';
import { settle } from './settle.ts';
import { deployAll, startWork, type Work } from './workload.ts';

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
}

/** One cluster for all points: the service is started with the point armed, dies there, is started again; what remains must be as it should. */
export async function killAtEveryPoint(points: readonly string[], say: (report: PointReport) => void): Promise<PointReport[]> {
  const cluster = await startCluster();
  const reports: PointReport[] = [];
  const done: Work[] = [];
  try {
    await deployAll(cluster);
    for (const point of points) {
      for (const service of servicesOf(point)) {
        const name = `${service}-0`;
        await cluster.kill(name);
        const armed = cluster.start(name, point);
        if (service === 'api') await Promise.race([cluster.untilReady(), armed.ended]);
        const work: Work[] = [];
        const starting = startAll(cluster, work);
        const end = await Promise.race([armed.ended, sleep(12_000)]);
        const reached = end === 'SIGKILL';
        if (!reached) await cluster.kill(name);
        cluster.start(name);
        await starting;
        done.push(...work);
        const report = { point, service, reached, faults: await settle(cluster, work) };
        reports.push(report);
        say(report);
      }
    }
  } finally {
    await cluster.end(reports.some(({ faults }) => faults.length > 0));
  }
  return reports;
}

async function startAll(cluster: Awaited<ReturnType<typeof startCluster>>, work: Work[]): Promise<void> {
  for (let n = 0; n < 6; n += 1) work.push(await startWork(cluster, n, 6));
}
