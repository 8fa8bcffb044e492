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

/** A workflow of one step `convert` whose output directory is what the script leaves. */
const workflow = (id: string, script: string, { glob = '.', inputs = '{}', outputs = true } = {}): string => `cwlVersion: v1.2
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
`;
const catalogue = (type: string, links: object[] = []): string =>
  `echo '${JSON.stringify({ type, stac_version: '1.0.0', id: 'c', description: 'd', links })}' > catalog.json`;

interface Job {
  jobID: string;
  status: string;
  message: string;
  links: { rel: string; href: string }[];
}

async function run(id: string, document: string, inputs: object): Promise<{ job: Job; logs: Record<string, string> }> {
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
  let job = (await executed.json()) as Job;
  while (job.status === 'running') {
    await sleep(100);
    job = (await (await up.request(`${base}/jobs/${job.jobID}`)).json()) as Job;
  }
  job = (await (await up.request(`${base}/jobs/${job.jobID}`)).json()) as Job;
  const logs: Record<string, string> = {};
  for (const { href } of job.links.filter(({ rel }) => rel === 'related'))
    logs[href.slice(href.lastIndexOf('/') + 1)] = await (await up.request(new URL(href).pathname)).text();
  return { job, logs };
}

/** What each case of the hub's own failure examples shows: a message and a log that name the cause. */
describe('a failing application', () => {
  it.each<[name: string, document: string, inputs: object, message: RegExp, log: string]>([
    ['app-error', workflow('app-error', 'echo it went wrong >&2; exit 3'), {}, /convert: .*3/, 'convert.log'],
    ['invalid-glob', workflow('invalid-glob', 'true', { glob: 'nowhere' }), {}, /convert: .*nowhere/, 'convert.log'],
    ['invalid-stac', workflow('invalid-stac', catalogue('catalog')), {}, /its type is "catalog", not "Catalog"/, 'node_stage_out.log'],
    [
      'invalid-stagein',
      workflow('invalid-stagein', catalogue('Catalog'), { inputs: '{stac: Directory}' }),
      { stac: 'http://127.0.0.1:9/item.json' },
      /stac: .*127\.0\.0\.1:9/,
      'node_stage_in.log',
    ],
    ['no-catalog', workflow('no-catalog', 'echo x > file.txt'), {}, /results has no catalog\.json/, 'node_stage_out.log'],
    ['no-outputs', workflow('no-outputs', 'true', { outputs: false }), {}, /the workflow has no outputs/, 'node_stage_out.log'],
    [
      'no-items',
      workflow('no-items', catalogue('Catalog', [{ rel: 'item', href: './gone.json' }])),
      {},
      /it names a document that is not there: gone\.json/,
      'node_stage_out.log',
    ],
  ])(
    '%s',
    async (id, document, inputs, message, log) => {
      const { job, logs } = await run(id, document, inputs);
      expect([job.status, job.message]).toEqual(['failed', expect.stringMatching(message)]);
      expect(job.links.map(({ rel }) => rel)).not.toContain('http://www.opengis.net/def/rel/ogc/1.0/results');
      expect(Object.keys(logs)).toContain(log);
      // What the tool said itself, or why it was not asked or its outputs were refused.
      const cause = id === 'app-error' ? /it went wrong/ : id === 'invalid-glob' ? /^/ : message;
      expect(logs[log]).toMatch(cause);
    },
    60_000,
  );

  it('with nothing wrong it succeeds', async () => {
    const { job, logs } = await run('working', workflow('working', `${catalogue('Catalog')}; echo done`), {});
    expect([job.status, Object.keys(logs).sort()]).toEqual(['successful', ['convert.log', 'node_stage_out.log']]);
  }, 60_000);
});
