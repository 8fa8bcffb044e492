import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startCluster, type Cluster } from './cluster.ts';
import { makeTriggers } from './driven.ts';
import { quickTool, rollingRestart } from './rolling-restart.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
  const headers = { 'content-type': 'application/cwl+yaml' };
  expect((await cluster.request('/demo/ogc-api/processes', { method: 'POST', body: quickTool, headers })).status).toBe(201);
  await makeTriggers(cluster);
}, 120_000);
afterAll(() => cluster.end(), 60_000);

// All pairs: `node test/chaos/chaos.ts restarts`.
it('every service restarts under 20 runs a second, some two at a time: no request fails, no run is lost', async () => {
  const rounds = [
    ['api'],
    ['scheduler'],
    ['executor'],
    ['ingester'],
    ['harvester'],
    ['api', 'scheduler'],
    ['executor', 'ingester'],
  ] as const;
  const report = await rollingRestart(cluster, rounds, 20);
  expect(report).toMatchObject({ failed: [], faults: [] });
  expect(report.runs).toBeGreaterThan(20);
  // The API is one process here: without it nobody listens.
  expect(report.refused).toBeGreaterThan(0);
}, 600_000);
