import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository, type Cluster } from './cluster.ts';
import {
  bury,
  collectGarbage,
  correct,
  deleteWorkspace,
  forgetNews,
  forgetRequests,
  forgetStops,
  handleFiles,
  harvest,
  offer,
  push,
  replace,
  send,
  tellEvent,
  trespass,
  type Deed,
} from './deeds.ts';
import { resumeAged, resumeAndDelete, retain } from './deeds-of-runs.ts';
import { serviceNames, type ServiceName } from './service-process.ts';
import { settle } from './settle.ts';
import { kinds, startWork, type Work } from './workload.ts';

/** Every name that stands in the code, as `scripts/check-crash-points.ts --list` finds them. */
export function crashPointNames(): string[] {
  const listed = execFileSync(process.execPath, [join(repository, 'scripts/check-crash-points.ts'), '--list'], { encoding: 'utf8' });
  return listed.split('\n').filter((line) => line !== '');
}

interface Way {
  points: RegExp;
  /** Those that pass the points; none: a command of the operator, called by the deed. */
  services: readonly ServiceName[];
  deed?: Deed;
  /** The deed needs the executor for itself. */
  alone?: boolean;
}

/** How each point is reached, beside the usual work. The first that fits counts. */
const ways: readonly Way[] = [
  { points: /^api\.deploy\./, services: ['api'], deed: replace },
  { points: /^api\.file\./, services: ['api'], deed: handleFiles },
  { points: /^api\.audit\./, services: ['api'], deed: trespass },
  { points: /^api\.policy\./, services: ['api'], deed: offer },
  { points: /^api\.harvest\./, services: ['api'], deed: harvest },
  { points: /^api\.event\./, services: ['api'], deed: send },
  { points: /^pipeline\./, services: ['api'], deed: tellEvent },
  { points: /^ingester\.harvest\./, services: ['ingester'], deed: push },
  { points: /^harvester\.retell\./, services: ['harvester'], deed: forgetNews, alone: true },
  { points: /^harvester\./, services: ['harvester'], deed: push },
  { points: /^api\.(resume|delete)\./, services: ['api'], deed: resumeAndDelete },
  { points: /^ingester\.delete\./, services: ['ingester'], deed: resumeAndDelete },
  { points: /^ingester\.retention\./, services: [], deed: retain },
  { points: /^api\.workspace\./, services: ['api'], deed: deleteWorkspace },
  { points: /^ingester\.workspace\./, services: ['ingester'], deed: deleteWorkspace },
  { points: /^executor\.reuse\./, services: ['executor'], deed: resumeAged, alone: true },
  { points: /^api\.correction\./, services: ['api'], deed: correct },
  { points: /^ingester\.gc\./, services: [], deed: collectGarbage },
  { points: /^scheduler\..*-stop-again$/, services: ['scheduler'], deed: forgetStops, alone: true },
  { points: /^scheduler\..*-again$/, services: ['scheduler'], deed: forgetRequests, alone: true },
  { points: /^dead-letter\..*-publish$/, services: ['scheduler', 'ingester'], deed: bury },
  { points: /^dead-letter\..*-ack$/, services: ['scheduler'], deed: bury },
  { points: /^dead-letter\..*-replay$/, services: ['api'], deed: bury },
  { points: /^consume\./, services: ['scheduler', 'executor', 'ingester'] },
  { points: /^relay\./, services: ['api', 'scheduler', 'ingester'] },
  { points: /^publisher\./, services: ['executor'] },
  { points: /^ephemeral\./, services: ['executor'] },
  ...serviceNames.map((name) => ({ points: new RegExp(`^${name}\\.`), services: [name] })),
];

export interface PointReport {
  point: string;
  /** Which one died there; undefined: a command of the operator. */
  service: ServiceName | undefined;
  /** False: the work never came by; not a proof of anything. */
  reached: boolean;
  faults: string[];
  /** By performance.now(). */
  begun: number;
}

/** Each service is started with a point armed, dies there, is started again; what remains must be as it should. */
export async function killAtEveryPoint(cluster: Cluster, points: readonly string[], say: (report: PointReport) => void): Promise<void> {
  for (const point of points) {
    const way = ways.find((candidate) => candidate.points.test(point));
    if (way === undefined) throw new Error(`nobody knows the way to the crash point ${point}`);
    for (const service of way.services) say(await killAt(cluster, point, service, way));
    if (way.services.length === 0 && way.deed) {
      const begun = performance.now();
      say({ point, service: undefined, reached: true, faults: await way.deed(cluster, point, []), begun });
    }
  }
}

/** Milliseconds within which the work comes by a point, if it does. */
const patience = 30_000;

async function killAt(cluster: Cluster, point: string, service: ServiceName, { deed, alone }: Way): Promise<PointReport> {
  const begun = performance.now();
  const name = `${service}-0`;
  await cluster.kill(name);
  const armed = cluster.start(name, point);
  await armed.ready;
  const work: Work[] = [];
  const doing = Promise.all([deed?.(cluster, point, work) ?? [], ...(alone ? [] : [startAll(cluster, work)])]);
  const idle = doing.then(() => settle(cluster, work, patience));
  const reached = (await Promise.race([armed.ended, idle, sleep(patience)])) === 'SIGKILL';
  if (!reached) await cluster.kill(name);
  cluster.start(name);
  const [own] = await doing;
  return { point, service, reached, faults: [...own, ...(await settle(cluster, work))], begun };
}

async function startAll(cluster: Cluster, work: Work[]): Promise<void> {
  for (let n = 0; n < kinds.length; n += 1) work.push(await startWork(cluster, n, 6));
}
