/**
 * `make bench-k8s`: steps as pods of the test cluster (deploy/testcluster), beside the same pods without Runnel and a plain client of the store.
 * Each row says what to hold; none of them fails. Names of parts (pods, width, staging) choose among them.
 */
import { noTestCluster, startTestCluster } from '../../../scripts/test-cluster.ts';
import { load, rowPrinter } from '../measure.ts';

const wanted = process.argv.slice(2);
const missing = noTestCluster();
if (missing !== undefined) {
  console.log(`skipped: ${missing}`);
} else {
  const cluster = startTestCluster();
  try {
    cluster.load('runnel-stage');
    Object.assign(process.env, cluster.env);
    await bench(cluster.env['CACHE'] ?? '');
  } finally {
    cluster.stop();
  }
}

async function bench(folder: string): Promise<void> {
  // They look at the environment when they are loaded.
  const { benchPods, benchWidth } = await import('./pods.ts');
  const { benchStaging } = await import('./staging.ts');
  const { makePeerNamespace } = await import('./peers.ts');
  const { makeWatchedUser } = await import('./watched-user.ts');
  makePeerNamespace();
  const user = makeWatchedUser(folder);
  const row = rowPrinter('steps as pods, files in S3 (versitygw), everything on this machine');
  const parts = { pods: () => benchPods(user, row), width: () => benchWidth(row), staging: () => benchStaging(row) };
  for (const [name, part] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await part();
  console.log(load());
}
