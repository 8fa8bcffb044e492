import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';

/** The pods of a shard as one watch shows them. */
export interface PodWatch {
  /** Pods seen now. */
  list(): V1Pod[];
  get(name: string): V1Pod | undefined;
  /** A pod that was just made, and that the watch may not have shown yet. */
  expect(pod: V1Pod): void;
  /** Calls back at once and on every change; `undefined`: the pod is gone. Returns how to stop. */
  follow(name: string, onChange: (pod: V1Pod | undefined) => void): () => void;
  /** Resolves when there is no such pod, as far as the cluster has told. */
  untilGone(name: string): Promise<void>;
  /** Resolves when some pod of the namespace went away. */
  untilRoom(namespace: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

interface WatchPorts {
  cluster: Cluster;
  selector: string;
  onWarning: (text: string) => void;
}

/** Lists once, then watches with bookmarks; lists again only where the watch is too old to go on (410). Resolves when the first list is there. */
export async function startPodWatch({ cluster, selector, onWarning }: WatchPorts): Promise<PodWatch> {
  const pods = new Map<string, V1Pod>();
  const followers = new Map<string, Set<(pod: V1Pod | undefined) => void>>();
  const leavers = new Set<(namespace: string) => void>();
  const closing = new AbortController();
  let version = '0';

  const tell = (name: string): void => {
    for (const follower of followers.get(name) ?? []) follower(pods.get(name));
  };
  const see = (pod: V1Pod): void => {
    const name = pod.metadata?.name ?? '';
    pods.set(name, pod);
    tell(name);
  };
  const miss = (pod: V1Pod): void => {
    const name = pod.metadata?.name ?? '';
    // Another pod under the name would be another attempt's; names are derived, so it is this one.
    pods.delete(name);
    tell(name);
    for (const leaver of leavers) leaver(pod.metadata?.namespace ?? '');
  };
  const list = async (): Promise<void> => {
    const found = await cluster.listPods(selector);
    const names = new Set(found.pods.map(({ metadata }) => metadata?.name ?? ''));
    for (const [name, pod] of pods) if (!names.has(name)) miss(pod);
    for (const pod of found.pods) see(pod);
    ({ version } = found);
  };
  const onEvent = (type: string, pod: V1Pod): void => {
    version = pod.metadata?.resourceVersion ?? version;
    if (type === 'DELETED') miss(pod);
    else if (type !== 'BOOKMARK') see(pod);
  };
  const keepWatching = async (): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted;) {
      const begun = performance.now();
      try {
        if ((await cluster.watchPods(selector, version, onEvent, closing.signal)) === 'expired') await list();
      } catch (error) {
        onWarning(`pods cannot be listed: ${error instanceof Error ? error.message : String(error)}`);
      }
      failures = performance.now() - begun > 5000 ? 0 : failures + 1;
      await sleep(Math.min(100 * 2 ** failures, 5000), undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };
  await list();
  const watching = keepWatching();

  const follow: PodWatch['follow'] = (name, onChange) => {
    const all = followers.get(name) ?? new Set();
    followers.set(name, all.add(onChange));
    if (pods.has(name)) onChange(pods.get(name));
    return () => {
      all.delete(onChange);
      if (all.size === 0) followers.delete(name);
    };
  };
  return {
    list: () => [...pods.values()],
    get: (name) => pods.get(name),
    expect: (pod) => {
      if (!pods.has(pod.metadata?.name ?? '')) see(pod);
    },
    follow,
    async untilGone(name) {
      if (!pods.has(name)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = follow(name, (pod) => pod === undefined && resolve());
      await promise;
      stop();
    },
    async untilRoom(namespace, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const onLeave = (left: string): void => void (left === namespace && resolve());
      leavers.add(onLeave);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      leavers.delete(onLeave);
    },
    async close() {
      closing.abort();
      await watching;
    },
  };
}
