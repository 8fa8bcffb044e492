import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { HostAlias } from '@runnel/kube-pod';

/** Milliseconds for which an address is good. */
const fresh = 60_000;

/** The addresses of names as this executor finds them, for pods that reach no DNS. Rejects where a name is unknown. */
export function createHostAliases(names: () => Promise<readonly string[]>): () => Promise<readonly HostAlias[]> {
  let known: Promise<HostAlias[]> | undefined;
  let askedAt = -Infinity;
  const ask = async (): Promise<HostAlias[]> => {
    const hosts = [...new Set(await names())].filter((name) => isIP(name.replace(/^\[|\]$/g, '')) === 0);
    return Promise.all(hosts.map(async (name) => ({ ip: (await lookup(name)).address, hostnames: [name] })));
  };
  return () => {
    if (known === undefined || performance.now() - askedAt > fresh) {
      askedAt = performance.now();
      known = ask();
      known.catch(() => (known = undefined));
    }
    return known;
  };
}
