import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, kubectl } from '../../kubernetes/cluster.ts';

/** An administrator of the cluster whose requests the API server writes down. */
export interface WatchedUser {
  kubeconfig: string;
  /** Requests that changed something so far, by verb and resource. */
  writes(): Map<string, number>;
}

const user = 'system:serviceaccount:default:runnel-bench';
const reads = new Set(['get', 'list', 'watch']);

export function makeWatchedUser(folder: string): WatchedUser {
  kubectl('-n', 'default', 'create', 'serviceaccount', 'runnel-bench');
  kubectl('create', 'clusterrolebinding', 'runnel-bench', '--clusterrole=cluster-admin', '--serviceaccount=default:runnel-bench');
  const token = kubectl('-n', 'default', 'create', 'token', 'runnel-bench', '--duration=8h').trim();
  const config = JSON.parse(kubectl('config', 'view', '--raw', '-o', 'json')) as { users: { user: unknown }[] };
  for (const one of config.users) one.user = { token };
  const kubeconfig = join(folder, 'bench.kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return {
    kubeconfig,
    writes() {
      const counts = new Map<string, number>();
      for (const line of readFileSync(join(cache, 'run/log/audit.log'), 'utf8').split('\n')) {
        if (!line.includes(user)) continue;
        const { verb, objectRef } = JSON.parse(line) as { verb: string; objectRef?: { resource: string; subresource?: string } };
        const what = [verb, objectRef?.resource, objectRef?.subresource].filter(Boolean).join(' ');
        if (!reads.has(verb)) counts.set(what, (counts.get(what) ?? 0) + 1);
      }
      return counts;
    },
  };
}
