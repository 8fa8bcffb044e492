import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { accept, execute, resultsOf, runnel, untilFinal } from '../journeys/up.ts';
import { cache, kubectl } from './cluster.ts';
import { shellTool } from './documents.ts';
import { namespace, startInstallation, watchPods, type Installation } from './installation.ts';

const patience = 420_000;
const planted = { secret: 'planted-workspace-secret-4711', input: 'planted-input-secret-0815' };

let installation: Installation;
let operator: string;

beforeAll(async () => {
  installation = await startInstallation({ '*': { imagePullPolicy: 'Never', nodeSelector: { 'kubernetes.io/os': 'linux' } } });
  const { folder } = installation.up;
  operator = (await runnel(['token', 'create', '--data', folder, '--workspace', 'staff', '--scope', 'operator'])).stdout.trim();
}, 180_000);
afterAll(() => installation.close(), 60_000);

const set = (...args: string[]): Promise<unknown> =>
  installation.up.runnel(['workspace', 'set', '--workspace', 'demo', ...args, '--token', operator]);

async function logOf(run: string, step: string): Promise<string> {
  await sleep(500);
  return (await installation.up.request(`/api/v1/runs/${run}/steps/${step}/log`)).text();
}

/** All that the cluster and its node have written: etcd, logs of containers and components, volumes of pods, objects, events. */
function everythingOfTheCluster(): string[] {
  const folders = ['etcd', 'podlogs', 'log', 'kubelet'].map((name) => join(cache, 'run', name));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')),
  );
  const kinds = 'pods,events,secrets,configmaps';
  return [
    ...files,
    kubectl('get', kinds, '-A', '-o', 'json'),
    kubectl('-n', namespace, 'logs', '-l', 'runnel/workspace', '--all-containers'),
  ];
}

describe('secrets', () => {
  it(
    'reach the tool, and stand in nothing that the cluster writes, though the tool tells them',
    async () => {
      const document = shellTool(
        'tells',
        'echo "key=$PLANET_KEY word=$0"\nprintf "%s " "$PLANET_KEY" "$0" >&2\nprintf %s "$PLANET_KEY$0" | wc -c >said\nsleep 15',
        {
          fields: `hints: [{ class: 'cwltool:Secrets', secrets: [word] }]
inputs: { word: { type: string, inputBinding: { position: 1 } } }
outputs: { said: { type: string, outputBinding: { glob: said, loadContents: true, outputEval: '$(self[0].contents)' } } }
$namespaces: { cwltool: 'http://commonwl.org/cwltool#' }`,
        },
      );
      await installation.deployed(document);
      const answer = await installation.up.request('/api/v1/workspace/secrets/PLANET_KEY', {
        method: 'PUT',
        body: JSON.stringify({ value: planted.secret, steps: ['tells'] }),
        headers: { 'content-type': 'application/json' },
      });
      expect([201, 204]).toContain(answer.status);
      const watched = watchPods();
      const id = await accept(installation.up, 'tells', { word: planted.input });
      await eventually('it tells', async () => (await logOf(id, 'tells')).includes('key=*** word=***'), 240_000);
      const written = everythingOfTheCluster();
      expect(watched.running()).toBe(1);
      watched.stop();
      for (const value of Object.values(planted))
        for (const form of [value, Buffer.from(value).toString('base64').slice(0, -4)])
          expect(written.filter((text) => text.includes(form)).map((text) => text.slice(0, 200))).toEqual([]);
      // It does find what is there: etcd has the run's id, the container's log what the tool told.
      expect(written.some((text) => text.includes(id))).toBe(true);
      expect(written.some((text) => text.includes('key=*** word=***'))).toBe(true);
      expect((await untilFinal(installation.up, id, patience)).status).toBe('successful');
      const { said } = await resultsOf(installation.up, id);
      expect(said).toBe(`${planted.secret.length + planted.input.length}\n`);
    },
    patience,
  );
});

describe('what a workspace says of its pods', () => {
  it(
    'places them: on nodes with its labels, over taints that it tolerates, with its priority',
    async () => {
      await installation.deployed(shellTool('placed', 'sleep 5'));
      kubectl('create', 'priorityclass', 'eo-batch', '--value=7');
      kubectl('taint', 'node', '--all', 'pool=eo:NoSchedule');
      await set('--node-selector', 'disk=ssd', '--priority-class', 'eo-batch');
      const watched = watchPods();
      try {
        const id = await accept(installation.up, 'placed', {});
        const says = async (what: RegExp): Promise<boolean> => what.test(await logOf(id, 'placed'));
        await eventually('it waits for a node', () => says(/waits for a node: /), 120_000);
        kubectl('label', 'node', '--all', 'disk=ssd');
        await eventually('it waits for the taint', () => says(/untolerated taint/), 120_000);
        await set('--tolerations', 'pool=eo:NoSchedule');
        // A run keeps the settings that held when it was accepted.
        const { job } = await execute(installation.up, 'placed', {}, patience);
        expect(job).toMatchObject({ status: 'successful' });
        const [waiting] = watched.now();
        const shown = kubectl('-n', namespace, 'get', 'pod', waiting?.name ?? '', '-o', 'jsonpath={.spec.priority} {.spec.nodeSelector}');
        expect(shown).toBe('7 {"disk":"ssd","kubernetes.io/os":"linux"}');
        await installation.up.request(`/demo/ogc-api/jobs/${id}`, { method: 'DELETE' });
      } finally {
        watched.stop();
        kubectl('taint', 'node', '--all', 'pool-');
        kubectl('label', 'node', '--all', 'disk-');
        await set('--node-selector', 'none', '--priority-class', 'none', '--tolerations', 'none');
      }
    },
    patience,
  );
});
