/** The demo with its steps as pods of the test cluster (deploy/testcluster) and its files in S3. `make demo-k8s` calls it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@runnel/embedded';
import { startVersitygw, versitygw } from '@runnel/testing';
import { noTestCluster, startTestCluster } from './test-cluster.ts';

const root = join(import.meta.dirname, '..');
/** This machine as pods see it. */
const host = '10.77.0.1';

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
    const stagingPort = await freePort();
    for (const port of [s3.port, stagingPort]) cluster.script('expose.sh', String(port));
    const args = ['--backend', 'kubernetes', '--kubeconfig', join(cluster.env['RUN'] ?? '', 'kubeconfig')];
    args.push('--objects', s3.bucket('runnel', { podEndpoint: `http://${host}:${s3.port}` }));
    args.push('--staging-url', `http://${host}:${stagingPort}`);
    const { status } = spawnSync(join(root, 'scripts/demo.sh'), args, {
      stdio: 'inherit',
      env: {
        ...process.env,
        DEMO_AGAIN: 'The cluster is stopped with it.',
        DEMO_DATA: join(folder, 'data'),
        AWS_ACCESS_KEY_ID: s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
        AWS_REGION: 'us-east-1',
        RUNNEL_STAGING_PORT: String(stagingPort),
      },
    });
    return status ?? 1;
  } finally {
    await s3.stop();
    cluster.stop();
  }
}
