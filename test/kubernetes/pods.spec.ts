import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { accept, execute, repository, resultsOf, untilFinal } from '../journeys/up.ts';
import { control, kubeconfig, kubectl } from './cluster.ts';
import { scatter, shellTool } from './documents.ts';
import { namespace, startInstallation, watchPods, type Installation, type PodLog } from './installation.ts';

const patience = 240_000;
const words = (count: number): string[] => Array.from({ length: count }, (_, index) => `word ${index}`);
const lines = (texts: string[]): string => `${texts.join('\n')}\n`;

let installation: Installation;

beforeAll(async () => {
  installation = await startInstallation({ '*': { imagePullPolicy: 'Never', quota: { pods: '25' } } });
  await installation.deployed(scatter);
}, 180_000);
afterAll(() => installation.close(), 60_000);

async function untilSuccessful(id: string): Promise<void> {
  const { status, message } = await untilFinal(installation.up, id, patience);
  if (status !== 'successful') throw new Error(`the run is ${status}: ${message}`);
}

/** Text of a File in the results of a run. */
async function fileOf(id: string, output: string): Promise<string> {
  const { [output]: file } = await resultsOf(installation.up, id);
  const { href } = file as { href: string };
  return (await installation.up.request(new URL(href).pathname)).text();
}

/** Attempts of a run's steps. */
async function attemptsOf(id: string): Promise<number[]> {
  const page = (await (await installation.up.request(`/api/v1/runs/${id}/steps`)).json()) as { steps: { attempt: number }[] };
  return page.steps.map(({ attempt }) => attempt);
}

/** Does something while so many pods run. */
async function whileRunning(count: number, then: (watched: PodLog) => Promise<void>): Promise<void> {
  const watched = watchPods();
  try {
    await eventually(`${count} pods run`, () => watched.running() >= count, 180_000);
    await then(watched);
  } finally {
    watched.stop();
  }
}

describe('runs on pods', () => {
  it(
    'carries out the greeting, its files in S3',
    async () => {
      await installation.deployed(readFileSync(join(repository, 'examples/greeting/app.cwl'), 'utf8'));
      const id = await accept(installation.up, 'greeting', { name: 'World' });
      await untilSuccessful(id);
      expect(await resultsOf(installation.up, id)).toMatchObject({ text: 'Hello, World!' });
      const objects = readdirSync(join(installation.buckets, 'runnel/demo/objects'));
      expect(objects.length).toBeGreaterThanOrEqual(3);
      expect(objects.every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
    },
    patience,
  );

  it(
    'scatters over pods, more than the quota allows at a time, and hands files on',
    async () => {
      const id = await accept(installation.up, 'words', { words: words(30) });
      await untilSuccessful(id);
      expect(await fileOf(id, 'all')).toBe(lines(words(30)));
      await eventually('pods of ended steps are removed', () => kubectl('-n', namespace, 'get', 'pods', '-o', 'name') === '', 30_000);
    },
    patience,
  );

  it(
    'keeps what a tool leaves, empty or oddly named',
    async () => {
      const fields = `inputs: {}
outputs:
  empty: { type: File, outputBinding: { glob: a } }
  odd: { type: File, outputBinding: { glob: b ü* } }`;
      await installation.deployed(shellTool('leaves', ": >a\nprintf odd >'b ü.txt'", { fields }));
      const id = await accept(installation.up, 'leaves', {});
      await untilSuccessful(id);
      expect([await fileOf(id, 'empty'), await fileOf(id, 'odd')]).toEqual(['', 'odd']);
    },
    patience,
  );
});

describe('logs', () => {
  it(
    'are read while the tool runs, with what the cluster says of its pod',
    async () => {
      await installation.deployed(shellTool('talks', 'echo early >&2\nsleep 20\necho late >&2'));
      const id = await accept(installation.up, 'talks', {});
      const log = async (): Promise<string> => (await installation.up.runnel(['logs', id])).stdout;
      await whileRunning(1, async () => {
        await eventually('its first line is there', async () => (await log()).includes('early'), 15_000);
        expect(await log()).not.toContain('late');
      });
      await untilSuccessful(id);
      expect(await log()).toMatch(/\[runnel\] its tool started \d+ s after its pod was made: [^]*early\n[^]*late\n/);
    },
    patience,
  );
});

const failures: [string, string, RegExp][] = [
  ['exits', shellTool('exits', 'echo what went wrong >&2\nexit 3'), /exit code 3/],
  ['greedy', shellTool('greedy', 'x=aaaaaaaaaaaaaaaa\nwhile true; do x=$x$x; done'), /more memory than its limit of 64 MiB/],
  ['slow', shellTool('slow', 'sleep 300', { requirements: 'ToolTimeLimit: { timelimit: 2 }' }), /time limit of 2 s/],
  [
    'no-image',
    shellTool('no-image', 'true', { requirements: 'DockerRequirement: { dockerPull: registry.local/absent:1 }' }),
    /image registry.local\/absent:1 is not on the node/,
  ],
  [
    'bad-image',
    shellTool('bad-image', 'true', { requirements: "DockerRequirement: { dockerPull: 'x;rm -rf $HOME' }" }),
    /is no name of an image/,
  ],
  [
    'writes',
    shellTool('writes', 'dd if=/dev/zero of=big bs=1M count=60\nsleep 200').replace(
      'ramMax: 64',
      'ramMax: 64, outdirMin: 1, outdirMax: 5, tmpdirMin: 1, tmpdirMax: 5',
    ),
    /wrote more than it may/,
  ],
  [
    'huge',
    shellTool('huge', 'true').replace('coresMin: 0.01', 'coresMin: 10000'),
    /no node of the cluster could ever take it: it needs 10000\.\d+ of cpu, the largest node has \d+/,
  ],
  [
    'no-output',
    shellTool('no-output', 'true', { fields: 'inputs: {}\noutputs: { x: { type: File, outputBinding: { glob: x } } }' }),
    /left nothing that matches "x"/,
  ],
  [
    'odd-name',
    shellTool('odd-name', 'printf line >"`printf \'c\\nd\'`"', {
      fields: 'inputs: {}\noutputs: { line: { type: File, outputBinding: { glob: c* } } }',
    }),
    /output line .* control characters: .*c\\nd/,
  ],
  ['no-program', shellTool('no-program', 'true').replace('[sh, -c]', '[no-such-program]'), /no-such-program|not found/],
];

describe('a step that fails says why', () => {
  it.each(failures)(
    '%s',
    async (id, document, reason) => {
      await installation.deployed(document);
      const { job } = await execute(installation.up, id, {}, patience);
      expect(job).toMatchObject({ status: 'failed', message: expect.stringMatching(reason) });
    },
    patience,
  );

  it(
    'is tried again where its pod was deleted by hand',
    async () => {
      const id = await accept(installation.up, 'words', { words: ['one'], pause: 15 });
      await whileRunning(1, async (watched) => {
        kubectl('-n', namespace, 'delete', 'pod', watched.now()[0]?.name ?? '', '--grace-period=0', '--wait=false');
      });
      await untilSuccessful(id);
      expect((await attemptsOf(id)).sort()).toEqual([1, 2]);
    },
    patience,
  );
});

describe('isolation', () => {
  const probe = shellTool(
    'probe',
    `id -u
ls /var/run/secrets /runnel/token 2>&1 | grep -c 'No such'
touch /runnel/in/x 2>/dev/null && echo wrote the inputs
env | grep -E '^(KUBERNETES|RUNNEL|AWS)' && echo knows the cluster
wget -q -O- --post-data={} "$0/staging/v1/plan" 2>&1 | grep -o 401
true`,
    { fields: 'inputs: { url: { type: string, inputBinding: { position: 1 } } }\nstdout: probe.txt\noutputs: { report: stdout }' },
  );

  it(
    'gives a tool one uid, no token, inputs it cannot change, and no way to the staging endpoint',
    async () => {
      await installation.deployed(probe);
      const url = `http://10.77.0.1:${process.env['RUNNEL_STAGING_PORT']}`;
      const id = await accept(installation.up, 'probe', { url });
      await untilSuccessful(id);
      expect(await fileOf(id, 'report')).toBe('1000\n2\n401\n');
    },
    patience,
  );

  it('makes a namespace that enforces restricted pods, with an account without rights', () => {
    const level = kubectl('get', 'namespace', namespace, '-o', 'jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}');
    expect(level).toBe('restricted');
    const policies = kubectl('-n', namespace, 'get', 'networkpolicy', '-o', 'name').trim().split('\n');
    expect(policies).toHaveLength(2);
    const may = (): string =>
      kubectl('auth', 'can-i', 'get', 'pods', '-n', namespace, `--as=system:serviceaccount:${namespace}:runnel-steps`);
    expect(may).toThrow();
  });
});

describe('runnel doctor', () => {
  it(
    'looks at the cluster, also from inside pods, and says that this one enforces no network policy',
    async () => {
      const args = ['doctor', '--data', installation.up.folder, '--image-pull-policy', 'Never', '--staging-url', installation.stagingUrl];
      const { stdout } = await installation.up.runnel([...args, '--kubeconfig', kubeconfig], 1);
      const fine = [
        'cluster',
        'cluster rights',
        'cluster quota',
        'image pull',
        'node clock',
        'store by pods',
        'staging by pods',
        'DNS in pods',
      ];
      for (const check of fine) expect(stdout).toMatch(new RegExp(`^ok     ${check} +`, 'm'));
      expect(stdout.match(/^FAILED .*$/gm)).toEqual([
        expect.stringMatching(/network policy +tools reach the API server.*enforces no policies/),
      ]);
    },
    patience,
  );
});

describe('faults', () => {
  it(
    'takes its 20 running pods over after kill -9: none is started twice',
    async () => {
      const id = await accept(installation.up, 'words', { words: words(20), pause: 60 });
      await whileRunning(20, async ({ seen }) => {
        await installation.killed();
        await installation.restarted();
        await untilSuccessful(id);
        expect(seen.size).toBe(21);
        expect([...seen.values()].every((uids) => uids.size === 1)).toBe(true);
      });
      expect(await fileOf(id, 'all')).toBe(lines(words(20)));
    },
    2 * patience,
  );

  it(
    'outlives an API server that is away for a minute',
    async () => {
      const id = await accept(installation.up, 'words', { words: words(3), pause: 20 });
      await whileRunning(3, async () => control('stop', 'kube-apiserver'));
      await sleep(60_000);
      control('start', 'kube-apiserver');
      await untilSuccessful(id);
      expect(await fileOf(id, 'all')).toBe(lines(words(3)));
      expect(await attemptsOf(id)).toEqual([1, 1, 1, 1]);
    },
    2 * patience,
  );

  it(
    'dismisses at once, and its pods are gone within 10 s',
    async () => {
      const id = await accept(installation.up, 'words', { words: words(4), pause: 300 });
      await whileRunning(4, async (watched) => {
        const answer = await installation.up.request(`/demo/ogc-api/jobs/${id}`, { method: 'DELETE' });
        expect(answer.status).toBe(200);
        expect(await answer.json()).toMatchObject({ status: 'dismissed' });
        await eventually('no pod is left', () => watched.now().length === 0, 10_000);
      });
    },
    patience,
  );
});
