import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { repository, type Job } from '../journeys/up.ts';
import { audited, granted, installChart, type ChartRelease } from './chart.ts';
import { scatter, shellTool } from './documents.ts';

const patience = 480_000;
let chart: ChartRelease;

beforeAll(async () => {
  chart = await installChart();
}, 600_000);
afterAll(() => chart.close(), 180_000);

async function deployed(document: string): Promise<void> {
  const headers = { 'content-type': 'application/cwl+yaml' };
  const answer = await chart.request('/demo/ogc-api/processes', { method: 'POST', body: document, headers });
  if (answer.status !== 201) throw new Error(`deploying: ${answer.status} ${await answer.text()}`);
}

async function accepted(process: string, inputs: unknown): Promise<string> {
  const answer = await chart.request(`/demo/ogc-api/processes/${process}/execution`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
    headers: { 'content-type': 'application/json', prefer: 'respond-async' },
  });
  if (answer.status !== 201) throw new Error(`execution of ${process}: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as Job).jobID;
}

async function ended(id: string): Promise<Job> {
  for (;;) {
    const job = (await (await chart.request(`/demo/ogc-api/jobs/${id}`)).json()) as Job;
    if (['successful', 'failed', 'dismissed'].includes(job.status)) return job;
    await sleep(500);
  }
}

describe('the chart', () => {
  it(
    'installs what carries out a run',
    async () => {
      await deployed(readFileSync(join(repository, 'examples/greeting/app.cwl'), 'utf8'));
      await deployed(scatter);
      expect(await ended(await accepted('greeting', { name: 'World' }))).toMatchObject({ status: 'successful' });
    },
    patience,
  );

  it(
    'is upgraded under load: no request fails, no run is lost',
    async () => {
      const faults: string[] = [];
      const runs: string[] = [];
      let requests = 0;
      const upgraded = new AbortController();
      const load = async (every: number, request: () => Promise<Response>): Promise<void> => {
        while (!upgraded.signal.aborted) {
          requests += 1;
          await request().then(
            async (answer) => {
              if (answer.status >= 300) faults.push(`${answer.status} ${await answer.text()}`);
              else if (answer.status === 201) runs.push(((await answer.json()) as Job).jobID);
              else await answer.arrayBuffer();
            },
            (error: unknown) => faults.push(error instanceof Error ? `${error.message}: ${String(error.cause)}` : String(error)),
          );
          await sleep(every);
        }
      };
      const execution = {
        method: 'POST',
        body: JSON.stringify({ inputs: { words: ['a', 'b'], pause: 5 } }),
        headers: { 'content-type': 'application/json', prefer: 'respond-async' },
      };
      const loads = [
        load(100, () => chart.request('/demo/ogc-api/processes/words')),
        load(250, () => chart.request('/demo/ogc-api/jobs?limit=10')),
        load(8000, () => chart.request('/demo/ogc-api/processes/words/execution', execution)),
      ];
      const before = chart.kubectl('get', 'pods', '-o', 'name').split('\n');
      const all = ['api', 'scheduler', 'executor', 'ingester', 'harvester'];
      await chart.upgrade(...all.flatMap((name) => ['--set', `services.${name}.annotations.release=next`]));
      upgraded.abort();
      await Promise.all(loads);
      const services = `app.kubernetes.io/component in (${all.join(',')})`;
      const left = (): string[] =>
        chart
          .kubectl('get', 'pods', '-l', services, '-o', 'name')
          .trim()
          .split('\n')
          .filter((name) => before.includes(name));
      // The new ones serve while the last of the old ones end.
      await eventually('all are new', () => left().length === 0, 60_000);
      expect(requests).toBeGreaterThan(50);
      expect(faults).toEqual([]);
      expect(runs.length).toBeGreaterThan(1);
      for (const id of runs) expect(await ended(id)).toMatchObject({ status: 'successful' });
    },
    patience,
  );

  it(
    'gives executors the rights that they use, and no other',
    async () => {
      // Asks for the nodes' sizes.
      await deployed(shellTool('huge', 'true').replace('coresMin: 0.01', 'coresMin: 10000'));
      expect(await ended(await accepted('huge', {}))).toMatchObject({ status: 'failed', message: expect.stringMatching(/no node/) });
      const { done, refused } = audited();
      expect(refused).toEqual([]);
      expect(done).toEqual(granted());
    },
    patience,
  );
});
