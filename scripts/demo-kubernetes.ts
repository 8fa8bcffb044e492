/** The demo with its steps as pods of the test cluster (deploy/testcluster) and its files in S3. `make demo-k8s` calls it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startVersitygw, versitygw } from '@runnel/testing';
import { besideCluster } from '../test/kubernetes/beside-cluster.ts';
import { noTestCluster, startTestCluster } from './test-cluster.ts';

const root = join(import.meta.dirname, '..');

const missing = noTestCluster();
if (missing !== undefined) {
  console.error(`make demo-k8s: ${missing}`);
  process.exitCode = 2;
} else {
  process.exitCode = await demo();
}

async function demo(): Promise<number> {
  const command = versitygw();
  if (command === undefined) throw new Error('versitygw, the S3 server, could not be built (scripts/go-program.sh)');
  const folder = join(root, '.runnel/demo-k8s');
  mkdirSync(folder, { recursive: true });
  const cluster = startTestCluster();
  const s3 = await startVersitygw(command, folder);
  try {
    cluster.load('runnel-stage', 'vegetation-tools');
    const { args, env } = await besideCluster({
      s3,
      kubeconfig: join(cluster.env['RUN'] ?? '', 'kubeconfig'),
      expose: (port) => cluster.script('expose.sh', String(port)),
    });
    const { status } = spawnSync(join(root, 'scripts/demo.sh'), args, {
      stdio: 'inherit',
      env: {
        ...process.env,
        ...env,
        DEMO_AGAIN: 'The cluster is stopped with it.',
        DEMO_DATA: join(folder, 'data'),
      },
    });
    return status ?? 1;
  } finally {
    await s3.stop();
    cluster.stop();
  }
}
