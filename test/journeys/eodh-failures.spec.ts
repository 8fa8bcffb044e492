import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { removeFolder, startUp, type Up } from './up.ts';

const base = '/api/catalogue/stac/catalogs/user/catalogs/demo';
let up: Up;
beforeAll(async () => {
  up = await startUp();
}, 120_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
}, 60_000);

interface Shape {
  /** What the output directory is looked for by. */
  glob?: string;
  inputs?: string;
  outputs?: boolean;
  /** Lines of the tool. */
  tool?: string;
}

/** A workflow of one step `convert` whose output directory is what the script leaves. */
const workflow = (
  id: string,
  script: string,
  { glob = '.', inputs = '{}', outputs = true, tool = '' }: Shape = {},
): string => `cwlVersion: v1.2
$graph:
- class: Workflow
  id: ${id}
  inputs: ${inputs}
  outputs: ${outputs ? '{results: {type: Directory, outputSource: convert/results}}' : '{}'}
  steps:
    convert: {run: "#tool", in: {}, out: [${outputs ? 'results' : ''}]}
- class: CommandLineTool
  id: tool
  baseCommand: [sh, -c, ${JSON.stringify(script)}]
  inputs: {}
  outputs: ${outputs ? `{results: {type: Directory, outputBinding: {glob: ${JSON.stringify(glob)}}}}` : '{}'}
  ${tool}
`;
const catalogue = (type: string, links: object[] = []): string =>
  `echo '${JSON.stringify({ type, stac_version: '1.0.0', id: 'c', description: 'd', links })}' > catalog.json`;

interface Job {
  jobID: string;
  status: string;
  message: string;
  links: { rel: string; href: string }[];
}

async function begin(id: string, document: string, inputs: object): Promise<Job> {
  const deployed = await up.request(`${base}/processes`, {
    method: 'POST',
    body: document,
    headers: { 'content-type': 'application/cwl+yaml' },
  });
  expect(deployed.status).toBe(201);
  const executed = await up.request(`${base}/processes/${id}/execution`, {
    method: 'POST',
    body: JSON.stringify({ inputs: { ...inputs, workspace: 'demo' } }),
    headers: { 'content-type': 'application/json', prefer: 'respond-async' },
  });
  expect(executed.status).toBe(201);
  return (await executed.json()) as Job;
}

const read = async ({ jobID }: Job): Promise<Job> => (await (await up.request(`${base}/jobs/${jobID}`)).json()) as Job;

/** By the links of the job, as its user finds them. */
async function logsOf(job: Job): Promise<Record<string, string>> {
  const logs: Record<string, string> = {};
  for (const { href } of job.links.filter(({ rel }) => rel === 'related'))
    logs[href.slice(href.lastIndexOf('/') + 1)] = await (await up.request(new URL(href).pathname)).text();
  return logs;
}

async function run(id: string, document: string, inputs: object): Promise<{ job: Job; logs: Record<string, string> }> {
  let job = await begin(id, document, inputs);
  while (job.status === 'running') {
    await sleep(100);
    job = await read(job);
  }
  job = await read(job);
  return { job, logs: await logsOf(job) };
}

const [stageIn, stageOut] = ['node_stage_in.log', 'node_stage_out.log'];
const withStac = { inputs: '{stac: Directory}' };

/** What each case of the hub's own failure examples shows (contract of the EODH face, 5.4): a message and a log that name the cause. */
describe('a failing application', () => {
  it.each<[name: string, document: string, inputs: object, cause: RegExp, logs: string[]]>([
    ['app-error', workflow('app-error', 'echo it went wrong >&2; exit 3'), {}, /convert: exit code 3/, ['convert.log']],
    ['app-error-silent', workflow('app-error-silent', 'exit 3'), {}, /convert: exit code 3/, ['convert.log']],
    ['no-program', workflow('no-program', 'exec /no/such/program'), {}, /convert: the program was not found/, ['convert.log']],
    [
      'too-slow',
      workflow('too-slow', 'echo begun; sleep 600', { tool: 'requirements: {ToolTimeLimit: {timelimit: 1}}' }),
      {},
      /convert: took longer than its time limit of 1 s/,
      ['convert.log'],
    ],
    ['invalid-glob', workflow('invalid-glob', 'true', { glob: 'nowhere' }), {}, /convert: .*nowhere/, ['convert.log']],
    ['invalid-stac', workflow('invalid-stac', catalogue('catalog')), {}, /its type is "catalog", not "Catalog"/, ['convert.log', stageOut]],
    [
      'invalid-stagein',
      workflow('invalid-stagein', catalogue('Catalog'), withStac),
      { stac: 'http://127.0.0.1:9/item.json' },
      /stac: .*127\.0\.0\.1:9/,
      [stageIn],
    ],
    ['missing-input', workflow('missing-input', catalogue('Catalog'), withStac), {}, /stac: .*required/, [stageIn]],
    ['no-catalog', workflow('no-catalog', 'echo x > file.txt'), {}, /results has no catalog\.json/, ['convert.log', stageOut]],
    ['no-outputs', workflow('no-outputs', 'true', { outputs: false }), {}, /the workflow has no outputs/, ['convert.log', stageOut]],
    [
      'no-items',
      workflow('no-items', catalogue('Catalog', [{ rel: 'item', href: './gone.json' }])),
      {},
      /it names a document that is not there: gone\.json/,
      ['convert.log', stageOut],
    ],
  ])(
    '%s',
    async (id, document, inputs, cause, names) => {
      const { job, logs } = await run(id, document, inputs);
      expect([job.status, job.message]).toEqual(['failed', expect.stringMatching(cause)]);
      expect(job.links.map(({ rel }) => rel)).not.toContain('http://www.opengis.net/def/rel/ogc/1.0/results');
      expect(Object.keys(logs).sort()).toEqual(names);
      // The last of them says what the message says, whatever the tool said itself.
      expect(logs[names.at(-1) ?? '']).toMatch(cause);
      if (id === 'app-error') expect(logs['convert.log']).toMatch(/^it went wrong\n/);
    },
    60_000,
  );
});

describe('a working application', () => {
  it('working-url: its logs are its step and staging out', async () => {
    const { job, logs } = await run('working-url', workflow('working-url', `${catalogue('Catalog')}; echo done`), {});
    expect([job.status, Object.keys(logs).sort()]).toEqual(['successful', ['convert.log', stageOut]]);
    // Nothing of ours stands in the log of a tool that did what it should.
    expect(logs['convert.log']).toBe('done\n');
  }, 60_000);

  it('working-stac: staging in too', async () => {
    const item = JSON.stringify({ type: 'Feature', stac_version: '1.0.0', id: 'scene', properties: {}, links: [], assets: {} });
    expect((await up.request('/workspaces/demo/files/scene.json', { method: 'PUT', body: item })).status).toBe(201);
    const document = workflow('working-stac', `${catalogue('Catalog')}; echo done`, withStac);
    const { job, logs } = await run('working-stac', document, { stac: 'files/scene.json' });
    expect([job.status, Object.keys(logs).sort()]).toEqual(['successful', ['convert.log', stageIn, stageOut]]);
    expect(logs[stageIn]).toContain('item scene');
  }, 60_000);

  it('sleep: while it runs it is running, and its log is read; it is stopped by its user', async () => {
    const started = await begin('sleep', workflow('sleep', 'echo begun; sleep 600'), {});
    let logs: Record<string, string> = {};
    while (!(logs['convert.log'] ?? '').includes('begun')) {
      await sleep(100);
      logs = await logsOf(await read(started));
    }
    expect((await read(started)).status).toBe('running');
    const dismissed = await up.request(`${base}/jobs/${started.jobID}`, { method: 'DELETE' });
    expect([dismissed.status, ((await dismissed.json()) as Job).status]).toEqual([200, 'dismissed']);
  }, 60_000);
});
