import { rm } from 'node:fs/promises';

export default async function teardown() {
  const { dir, servers } = globalThis.runnelTestServers;
  await Promise.all(servers.map((server) => server.stop()));
  await rm(dir, { recursive: true, force: true });
}
