import { setTimeout as sleep } from 'node:timers/promises';
import { postJson, type Target } from '../client/http.ts';
import { ask, askJson, deploy, echoDocument, execute, expectThat, sleepDocument, until, type Journey, type Way } from './journey.ts';
import { policy } from './policy.ts';

const base = ({ target }: Way): string => `/${target.workspace}/ogc-api`;
const successful = (status: string): boolean => status === 'successful';

const answer: Journey = {
  name: 'answer',
  async travel(way) {
    const { conformsTo } = await askJson<{ conformsTo: string[] }>(way, `${base(way)}/conformance`);
    expectThat(
      conformsTo.some((uri) => uri.includes('ogcapi-processes')),
      () => 'it does not claim to be an OGC API - Processes',
    );
  },
};

const deployment: Journey = {
  name: 'deploy',
  async travel(way) {
    await deploy(way, echoDocument(way));
    const place = `${base(way)}/processes/${way.name}`;
    const { inputs } = await askJson<{ inputs?: Record<string, unknown> }>(way, place);
    expectThat(inputs !== undefined && 'text' in inputs, () => `the description of ${way.name} lacks its input`);
    await ask(way, place, { method: 'DELETE' });
    const gone = await ask(way, place, { tolerate: [404] });
    expectThat(gone.status === 404, () => `${way.name} is still there after it was undeployed: ${gone.status}`);
  },
};

const execution: Journey = {
  name: 'execute',
  async travel(way) {
    await deploy(way, echoDocument(way));
    const run = await execute(way, { text: way.secret });
    await until(way, run, successful);
    const { jobs } = await askJson<{ jobs: { jobID: string }[] }>(way, `${base(way)}/jobs?processID=${way.name}`);
    expectThat(jobs.length === 1 && jobs[0]?.jobID === run, () => `the list of runs does not show ${run}`);
  },
};

const logs: Journey = {
  name: 'logs',
  async travel(way) {
    await deploy(way, echoDocument(way));
    const run = await execute(way, { text: way.secret });
    await until(way, run, successful);
    const log = await (await ask(way, `/api/v1/runs/${run}/steps/say/log`)).text();
    expectThat(log.includes(way.secret), () => `the log of ${run} lacks what its step wrote; it begins: ${log.slice(0, 200)}`);
  },
};

const results: Journey = {
  name: 'results',
  async travel(way) {
    await deploy(way, echoDocument(way));
    const run = await execute(way, { text: way.secret });
    await until(way, run, successful);
    const { said, file } = await askJson<{ said: unknown; file: { href: string } }>(way, `${base(way)}/jobs/${run}/results`);
    const value = typeof said === 'object' && said !== null && 'value' in said ? said.value : said;
    expectThat(value === way.secret, () => `the value is ${JSON.stringify(said)}`);
    // By its path: the token goes to no other host than the one that was named.
    const content = await (await ask(way, new URL(file.href, way.target.url).pathname)).text();
    expectThat(content === way.secret, () => `the file holds ${JSON.stringify(content.slice(0, 200))}`);
  },
};

const dismissal: Journey = {
  name: 'dismiss',
  async travel(way) {
    await deploy(way, sleepDocument(way));
    const run = await execute(way, {});
    await until(way, run, (status) => status === 'running');
    const dismissed = await askJson<{ status: string }>(way, `${base(way)}/jobs/${run}`, { method: 'DELETE' });
    expectThat(dismissed.status === 'dismissed', () => `a dismissed run is ${dismissed.status}`);
    for (;;) {
      const { status, stopped } = await askJson<{ status: string; stopped: boolean }>(way, `/api/v1/runs/${run}`);
      expectThat(status === 'dismissed', () => `a dismissed run became ${status}`);
      if (stopped) return;
      await sleep(250, undefined, { signal: way.signal });
    }
  },
};

const files: Journey = {
  name: 'files',
  async travel(way) {
    const place = `/workspaces/${way.target.workspace}/files/${way.name}/text.txt`;
    const remove = (target: Target) =>
      fetch(new URL(place, target.url), { method: 'DELETE', headers: { authorization: `Bearer ${target.token ?? ''}` } });
    way.afterwards(remove);
    await ask(way, place, { method: 'PUT', body: way.secret, headers: { 'content-type': 'application/octet-stream' } });
    const part = await (await ask(way, place, { headers: { range: 'bytes=0-3' } })).text();
    expectThat(part === way.secret.slice(0, 4), () => `its first four bytes came back as ${JSON.stringify(part)}`);
  },
};

const refusals: Journey = {
  name: 'refuse',
  async travel(way) {
    await deploy(way, echoDocument(way));
    const execution = `${base(way)}/processes/${way.name}/execution`;
    const missing = await ask(way, execution, { ...postJson({ inputs: {} }), tolerate: [400] });
    expectThat(missing.status === 400, () => `an execution without its input was answered with ${missing.status}`);
    const broken = await ask(way, `${base(way)}/processes`, {
      method: 'POST',
      body: 'cwlVersion: v1.2\nclass: Workflow\nid: broken\ninputs: []\noutputs: {o: {type: File, outputSource: nowhere/o}}\nsteps: []\n',
      headers: { 'content-type': 'application/cwl+yaml' },
      tolerate: [400, 422],
    });
    expectThat(!broken.ok, () => `a workflow whose output comes from nowhere was deployed (${broken.status})`);
  },
};

/** All of them; each stands for itself. */
export const journeys: readonly Journey[] = [answer, deployment, execution, logs, results, dismissal, files, refusals, policy];
