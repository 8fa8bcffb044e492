import type { V1Node, V1Pod } from '@kubernetes/client-node';

const suffixes: Record<string, number> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity as a number: `500m` is 0.5, `2Gi` is 2147483648. NaN where it is none. */
export function quantity(text: string): number {
  const [, digits = '', suffix = ''] = /^([0-9.eE+-]+?)([a-zA-Z]*)$/.exec(text) ?? [];
  if (digits === '') return NaN;
  return suffix === '' ? Number(digits) : Number(digits) * (suffixes[suffix] ?? NaN);
}

/** Why none of these nodes could take the pod even if it were empty; undefined where one could, or where no nodes are known. */
export function podTooLarge(pod: V1Pod, nodes: readonly V1Node[]): string | undefined {
  if (nodes.length === 0) return undefined;
  const wanted = requestsOf(pod);
  const fits = nodes.some(({ status }) => [...wanted].every(([name, amount]) => amount <= quantity(status?.allocatable?.[name] ?? '0')));
  if (fits) return undefined;
  const shortest = [...wanted].flatMap(([name, amount]) => {
    const most = Math.max(...nodes.map(({ status }) => quantity(status?.allocatable?.[name] ?? '0')));
    return amount > most ? [`${shown(name, amount)} of ${name}, the largest node has ${shown(name, most)}`] : [];
  });
  return `no node of the cluster could ever take it: it needs ${shortest.join('; ') || 'more of several resources than any one node has'}`;
}

/** The sum over the containers that run at the same time. */
function requestsOf({ spec }: V1Pod): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { resources } of spec?.containers ?? [])
    for (const [name, text] of Object.entries(resources?.requests ?? {})) sums.set(name, (sums.get(name) ?? 0) + quantity(text));
  return sums;
}

function shown(name: string, amount: number): string {
  if (name === 'memory' || name === 'ephemeral-storage') return `${Math.floor(amount / 2 ** 20)} MiB`;
  return String(Math.round(amount * 1000) / 1000);
}
