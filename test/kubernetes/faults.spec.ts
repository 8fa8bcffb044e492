import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { accept, execute, untilFinal } from '../journeys/up.ts';
import { cache, clusterEnv, control, host, kubectl, script } from './cluster.ts';
import { shellTool } from './documents.ts';
import { namespace, startInstallation, watchPods, type Installation, type PodLog } from './installation.ts';

const patience = 420_000;

let installation: Installation;
/** How long a tool sleeps is asked here; and it is a registry that has nothing. */
let oracle: Server;
let seconds = '0';
let address: string;

const asks = shellTool('asks', 'sleep `wget -q -O- "$0"`; echo done', {
  fields: 'inputs: { url: { type: string, inputBinding: { position: 1 } } }\nstdout: said.txt\noutputs: { said: stdout }',
});

beforeAll(async () => {
  process.env['RUNNEL_IMAGE_PATIENCE'] = '5';
  installation = await startInstallation({ '*': { imagePullPolicy: 'IfNotPresent', keepFailedMinutes: 0.5 } });
  oracle = createServer((request, response) => {
    if (request.url === '/sleep') return response.end(seconds);
    if (request.url === '/v2/') return response.end('{}');
    response.writeHead(404, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => oracle.once('listening', resolve));
  const { port } = oracle.address() as AddressInfo;
  address = `${host}:${port}`;
  script('expose.sh', String(port));
  // Not over TLS.
  const trust = join(cache, 'run/certs.d', address);
  mkdirSync(trust, { recursive: true });
  writeFileSync(
    join(trust, 'hosts.toml'),
    `server = "http://${address}"\n[host."http://${address}"]\n  capabilities = ["pull", "resolve"]\n`,
  );
  await installation.deployed(asks);
}, 180_000);

afterAll(async () => {
  delete process.env['RUNNEL_IMAGE_PATIENCE'];
  oracle.close();
  await installation.close();
}, 60_000);

const begin = async (pause: number): Promise<string> => {
  seconds = String(pause);
  return accept(installation.up, 'asks', { url: `http://${address}/sleep` });
};

async function untilSuccessful(id: string): Promise<void> {
  const { status, message } = await untilFinal(installation.up, id, patience);
  if (status !== 'successful') throw new Error(`the run is ${status}: ${message}`);
}

/** What is told of an attempt. */
function reasonOf(run: string, attempt: number): string {
  const file = join(installation.buckets, `runnel/demo/attempts/${run}/asks/${attempt}/result.json`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { failure?: { reason: string } }).failure?.reason ?? '';
}

async function whileRunning(then: (watched: PodLog) => Promise<void>): Promise<void> {
  const watched = watchPods();
  try {
    await eventually('its pod runs', () => watched.running() === 1, 120_000);
    // Its tool too.
    await sleep(3000);
    await then(watched);
  } finally {
    watched.stop();
  }
}

const apply = (object: unknown): void =>
  void execFileSync(join(cache, 'bin/kubectl'), ['apply', '-f', '-'], { input: JSON.stringify(object), env: clusterEnv });

describe('what befalls a pod', () => {
  it(
    'is moved off its node: the step is tried again',
    async () => {
      const id = await begin(60);
      await whileRunning(async (watched) => {
        const name = watched.now()[0]?.name ?? '';
        seconds = '0';
        const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
        execFileSync(join(cache, 'bin/kubectl'), ['create', '--raw', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, '-f', '-'], {
          input: JSON.stringify(eviction),
          env: clusterEnv,
        });
        await untilSuccessful(id);
      });
      expect(reasonOf(id, 1)).toMatch(/^asks: it was moved off its node \(EvictionByEvictionAPI\)/);
    },
    patience,
  );

  it(
    'loses its node: the step is tried again, and ends when the node is back',
    async () => {
      const id = await begin(600);
      await whileRunning(async () => {
        seconds = '0';
        control('stop', 'kubelet');
        try {
          await eventually('that is told', () => attemptIs(id, 2), 240_000);
        } finally {
          control('start', 'kubelet');
        }
        await untilSuccessful(id);
      });
      expect(reasonOf(id, 1)).toBe('asks: its node was lost: nothing was heard of it');
    },
    patience,
  );

  it(
    'finds the object store away for a minute: its outputs are kept when it is back',
    async () => {
      const id = await begin(10);
      await whileRunning(async () => {
        await installation.withoutS3(() => sleep(60_000));
        await untilSuccessful(id);
      });
    },
    patience,
  );
});

async function attemptIs(id: string, attempt: number): Promise<boolean> {
  const page = (await (await installation.up.request(`/api/v1/runs/${id}/steps`)).json()) as { steps: { attempt: number }[] };
  return page.steps[0]?.attempt === attempt;
}

describe('the pod of a failed step', () => {
  it(
    'stays for as long as the workspace wants to look at it',
    async () => {
      await installation.deployed(shellTool('exits', 'exit 3'));
      const { job } = await execute(installation.up, 'exits', {}, patience);
      expect(job).toMatchObject({ status: 'failed' });
      const phases = (): string => kubectl('-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[*].status.phase}');
      await eventually('its pod is there, and over', () => phases() === 'Failed', 20_000);
      await eventually('it is removed', () => phases() === '', 90_000);
    },
    patience,
  );
});

describe('a step that cannot begin', () => {
  it(
    'waits while the cluster is full, and says so',
    async () => {
      const cpu = kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].status.allocatable.cpu}').trim();
      const taken = Number(cpu) * 1000 - 100;
      apply({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'filler', namespace: 'default' },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'pause', image: 'registry.local/pause:1', resources: { requests: { cpu: `${taken}m` } } }],
        },
      });
      kubectl('-n', 'default', 'wait', '--for=condition=Ready', 'pod/filler', '--timeout=60s');
      await installation.deployed(shellTool('wide', 'true').replace('coresMin: 0.01', 'coresMin: 1'));
      const id = await accept(installation.up, 'wide', {});
      const log = async (): Promise<string> => (await installation.up.runnel(['logs', id])).stdout;
      await eventually('its log says why it waits', async () => /waits for a node: .*Insufficient cpu/.test(await log()), 60_000);
      kubectl('-n', 'default', 'delete', 'pod', 'filler', '--wait=false');
      await untilSuccessful(id);
    },
    patience,
  );

  const images: [string, () => string, RegExp][] = [
    ['no such image', () => `${address}/none:1`, /there is no image .*\/none:1/],
    ['no such registry', () => 'registry.invalid/tool:1', /image registry\.invalid\/tool:1 cannot be pulled now: .* \(for 5 s\)/],
  ];
  it.each(images)(
    'fails where there is %s',
    async (_name, image, reason) => {
      const id = `pulls-${images.findIndex(([, one]) => one === image)}`;
      await installation.deployed(shellTool(id, 'true', { requirements: `DockerRequirement: { dockerPull: '${image()}' }` }));
      const { job } = await execute(installation.up, id, {}, patience);
      expect(job).toMatchObject({ status: 'failed', message: expect.stringMatching(reason) });
    },
    patience,
  );
});
