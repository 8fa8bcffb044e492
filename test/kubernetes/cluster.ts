import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../journeys/up.ts';

/** Folder of the test cluster: its programs and `run/kubeconfig`. */
export const cache = process.env['RUNNEL_TEST_CLUSTER'] ?? '';
export { host } from './beside-cluster.ts';

export const kubeconfig = join(cache, 'run/kubeconfig');
/** For programs that use the cluster. */
export const clusterEnv = { ...process.env, KUBECONFIG: kubeconfig };

/** Bytes that an answer may have: all events of a cluster that has run every suite, and more. */
const largestAnswer = 256 * 1024 * 1024;

/** `kubectl` against the test cluster. */
export function kubectl(...args: string[]): string {
  const how = { env: clusterEnv, maxBuffer: largestAnswer, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
  return execFileSync(join(cache, 'bin/kubectl'), args, { encoding: 'utf8', ...how });
}

/** A script of deploy/testcluster. */
export function script(name: string, ...args: string[]): void {
  execFileSync(join(repository, 'deploy/testcluster', name), args, { stdio: 'ignore' });
}

/** Ends or starts a component of the cluster. */
export function control(what: 'stop' | 'start', component: string): void {
  script('ctl.sh', what, component);
}
