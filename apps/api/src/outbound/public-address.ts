import { BlockList, isIP } from 'node:net';

/** Networks that are not the public internet (IANA special-purpose registries), and those that translate to others. */
const networks4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** Within the global unicast range: Teredo and its kin, documentation, 6to4. */
const networks6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const closed = new BlockList();
for (const network of networks4) addNetwork(closed, network, 'ipv4');
for (const network of networks6) addNetwork(closed, network, 'ipv6');
/** Everything of IPv6 that is public lies here; mapped, translated, local and multicast addresses do not. */
const global6 = new BlockList();
addNetwork(global6, '2000::/3', 'ipv6');

function addNetwork(list: BlockList, network: string, family: 'ipv4' | 'ipv6'): void {
  const [address = '', prefix] = network.split('/');
  list.addSubnet(address, Number(prefix), family);
}

/** Whether an IP address belongs to the public internet; false for what is none. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !closed.check(address, 'ipv4');
  return family === 6 && global6.check(address, 'ipv6') && !closed.check(address, 'ipv6');
}
