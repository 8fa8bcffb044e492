import type { KubernetesObject, V1Node, V1Pod } from '@kubernetes/client-node';
import { createCalls, faultOf } from './calls.ts';

export interface ClusterOptions {
  /** File; absent: the pod's own service account, else the usual places. */
  kubeconfig?: string;
  /** Writes a second to the API, all together. */
  writesPerSecond: number;
}

export type Created = { created: true } | { refused: 'quota' | 'other'; reason: string };

/** What the executor asks of a cluster. Calls wait for an API that is away (up to ten minutes) and then reject with ClusterUnavailable. */
export interface Cluster {
  /** Pods by label, and the version from which a watch goes on. */
  listPods(selector: string): Promise<{ pods: V1Pod[]; version: string }>;
  /** Resolves when the watch ended: `expired` where its version is too old to go on from. */
  watchPods(
    selector: string,
    version: string,
    onEvent: (type: string, pod: V1Pod) => void,
    signal: AbortSignal,
  ): Promise<'expired' | 'ended'>;
  /** A pod that is there already counts as made: its name says what it is. */
  createPod(pod: V1Pod): Promise<Created>;
  /** Also where it is gone already. */
  deletePod(namespace: string, name: string, graceSeconds: number): Promise<void>;
  /** Follows a container's log from its beginning to its end; rejects where the kubelet does not give it. */
  followLog(
    of: { namespace: string; pod: string; container: string },
    onChunk: (chunk: Buffer) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Makes what is not there; says where that is forbidden. */
  ensure(object: KubernetesObject): Promise<'there' | 'forbidden'>;
  /** Undefined where nodes may not be listed. */
  listNodes(): Promise<V1Node[] | undefined>;
  /** Public keys (JWKS) of the cluster's service-account tokens. */
  tokenKeys(): Promise<unknown>;
  /** Rejects where the API does not answer. */
  ping(): Promise<void>;
  /** Writes made so far, by verb. */
  readonly writes: { create: number; delete: number };
}

/** Opens a cluster's API. The client is large (61 MB) and is loaded here, when it is needed. */
export async function openCluster({ kubeconfig, writesPerSecond }: ClusterOptions): Promise<Cluster> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  const core = config.makeApiClient(client.CoreV1Api);
  const objects = client.KubernetesObjectApi.makeApiClient(config);
  const calls = createCalls({ writesPerSecond });
  const writes = { create: 0, delete: 0 };

  return {
    writes,
    async listPods(labelSelector) {
      const { items, metadata } = await calls.read(() => core.listPodForAllNamespaces({ labelSelector }));
      return { pods: items, version: metadata?.resourceVersion ?? '0' };
    },
    watchPods: (labelSelector, resourceVersion, onEvent, signal) =>
      new Promise((resolve) => {
        let expired = false;
        const watch = new client.Watch(config);
        // Bookmarks come once a minute: a connection that is silent for longer is dead.
        Object.assign(watch, { requestTimeoutMs: 120_000 });
        const query = { labelSelector, resourceVersion, allowWatchBookmarks: true };
        const done = (error: unknown): void => resolve(expired || faultOf(error).code === 410 ? 'expired' : 'ended');
        const onItem = (type: string, item: V1Pod & { code?: number }): void => {
          if (type === 'ERROR') expired = item.code === 410 || expired;
          else onEvent(type, item);
        };
        watch.watch('/api/v1/pods', query, onItem, done).then((controller) => {
          if (signal.aborted) controller.abort();
          signal.addEventListener('abort', () => controller.abort(), { once: true });
        }, done);
      }),
    async createPod(body) {
      const namespace = body.metadata?.namespace ?? '';
      try {
        await calls.write(() => {
          writes.create += 1;
          return core.createNamespacedPod({ namespace, body });
        });
        return { created: true };
      } catch (error) {
        const { code, message } = faultOf(error);
        if (code === 409 && /already exists/i.test(message)) return { created: true };
        if (code === 403 && /exceeded quota/i.test(message)) return { refused: 'quota', reason: message };
        if (code !== undefined && code >= 400 && code < 500) return { refused: 'other', reason: message };
        throw error;
      }
    },
    async deletePod(namespace, name, gracePeriodSeconds) {
      try {
        await calls.write(() => {
          writes.delete += 1;
          return core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds, propagationPolicy: 'Background' });
        });
      } catch (error) {
        if (faultOf(error).code !== 404) throw error;
      }
    },
    async followLog({ namespace, pod, container }, onChunk, signal) {
      // Not the client's own `Log`: a connection that breaks would end this process.
      const { fetch } = await import('undici');
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?container=${container}&follow=true`;
      const context = await requestTo(client, config, path);
      const dispatcher = context.getDispatcher();
      const response = await fetch(context.getUrl(), { headers: context.getHeaders(), signal, ...(dispatcher && { dispatcher }) });
      if (!response.ok || response.body === null) throw new client.ApiException(response.status, path, await response.text(), {});
      for await (const chunk of response.body) onChunk(Buffer.from(chunk as Uint8Array));
    },
    async ensure(object) {
      try {
        await calls.write(() => objects.create(object));
      } catch (error) {
        const { code, message } = faultOf(error);
        if (code === 403) return 'forbidden';
        if (code !== 409) throw new Error(`the cluster refuses ${object.kind} ${object.metadata?.name}: ${message}`, { cause: error });
      }
      return 'there';
    },
    async listNodes() {
      try {
        return (await calls.read(() => core.listNode())).items;
      } catch (error) {
        if (faultOf(error).code === 403) return undefined;
        throw error;
      }
    },
    tokenKeys: () => calls.read(() => fetchRaw(client, config, '/openid/v1/jwks')),
    ping: async () => void (await fetchRaw(client, config, '/readyz')),
  };
}

type Client = typeof import('@kubernetes/client-node');

/** A path that the client has no call for; JSON, or else the text. */
async function fetchRaw(client: Client, config: InstanceType<Client['KubeConfig']>, path: string): Promise<unknown> {
  const context = await requestTo(client, config, path);
  context.setSignal(AbortSignal.timeout(10_000));
  const response = await new client.IsomorphicFetchHttpLibrary().send(context).toPromise();
  const text = await response.body.text();
  if (response.httpStatusCode !== 200) throw new client.ApiException(response.httpStatusCode, path, text, {});
  return text.startsWith('{') ? (JSON.parse(text) as unknown) : text;
}

async function requestTo(
  client: Client,
  config: InstanceType<Client['KubeConfig']>,
  path: string,
): Promise<InstanceType<Client['RequestContext']>> {
  const server = config.getCurrentCluster()?.server ?? '';
  const context = new client.RequestContext(`${server}${path}`, client.HttpMethod.GET);
  await config.applySecurityAuthentication(context);
  return context;
}
