import { freePort } from '@runnel/embedded';
import type { TestS3 } from '@runnel/testing';

/** This machine as pods of the test cluster see it. */
export const host = '10.77.0.1';

/** What a `runnel up` beside the test cluster is told, so that its steps are pods there and its files in S3. */
export interface BesideCluster {
  args: string[];
  env: Record<string, string>;
  /** Of the executor, as pods reach it. */
  stagingUrl: string;
  /** RUNNEL_REACHABLE, for those who want network policies made. */
  reachable: string;
}

export interface BesideClusterOptions {
  s3: TestS3;
  kubeconfig: string;
  /** Lets pods reach a port of this machine. */
  expose: (port: number) => void;
}

/** Finds a port for the executor and lets pods reach it and the S3 server. */
export async function besideCluster({ s3, kubeconfig, expose }: BesideClusterOptions): Promise<BesideCluster> {
  const stagingPort = await freePort();
  for (const port of [s3.port, stagingPort]) expose(port);
  const stagingUrl = `http://${host}:${stagingPort}`;
  const args = ['--backend', 'kubernetes', '--kubeconfig', kubeconfig, '--staging-url', stagingUrl];
  args.push('--objects', s3.bucket('runnel', { podEndpoint: `http://${host}:${s3.port}` }));
  const env = {
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_REGION: 'us-east-1',
    RUNNEL_STAGING_PORT: String(stagingPort),
    RUNNEL_STAGE_IMAGE: 'registry.local/runnel-stage:1',
  };
  return { args, env, stagingUrl, reachable: `${host}/32:${s3.port},${host}/32:${stagingPort}` };
}
