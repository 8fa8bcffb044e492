import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunStatusChanged, StepLog } from '@runnel/contracts';
import { outgoing, publishEphemeral, publishWire, seal } from '@runnel/messaging';
import { cwl, json, startTestApi, wide } from '../../testing/test-api.ts';
import type { Client, TestApi } from '../../testing/test-api.ts';
import { followEvents, readText } from '../../testing/streams.ts';
import { advanceRun, publishRun, stepsOfWide } from '../../testing/test-runs.ts';

let api: TestApi;
let demo: Client;
let secret: string;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
  secret = await api.token('demo');
  await demo('POST', '/demo/ogc-api/processes', cwl(wide));
});
afterAll(() => api.close());

const accept = async (count: number): Promise<string> => {
  const inputs = { n: Array.from({ length: count }, (_, index) => index) };
  return (await demo('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs }))).body.jobID;
};
const follow = (run: string, lastEventId?: number) => followEvents(api.url, run, secret, lastEventId);

describe('a run', () => {
  it('shows its nodes and why they wait', async () => {
    const run = await accept(3);
    expect((await demo('GET', `/api/v1/runs/${run}`)).body).toMatchObject({
      run,
      status: 'accepted',
      process: { workspace: 'demo', id: 'wide', version: '1' },
      nodes: [{ node: 'say', status: 'waiting', reason: expect.any(String) }],
    });
    await advanceRun(api, run, stepsOfWide(1).slice(0, 3));
    await api.database.pool.query(
      `insert into ready_nodes (run_id, node, workspace, count, cores, memory_mib, reason, since) values ($1, 'say', 'demo', 2, 1, 256, 'no free slot', now())`,
      [run],
    );
    expect((await demo('GET', `/api/v1/runs/${run}`)).body.nodes).toMatchObject([
      { node: 'say', status: 'running', total: 3, finished: 0, running: 1, reason: 'no free slot' },
    ]);
    await api.database.pool.query(`update runs set attention = 'a message could not be handled' where id = $1`, [run]);
    expect((await demo('GET', `/api/v1/runs?limit=1`)).body.runs[0]).toMatchObject({ run, attention: 'a message could not be handled' });
    expect((await demo('GET', `/demo/ogc-api/jobs/${run}`)).body.attention).toBe('a message could not be handled');
  });

  it('lists its steps: asked for, then waiting, each once', async () => {
    const run = await accept(5);
    const all = async (limit: number) => {
      const steps: { step: string; attempt: number; status: string }[] = [];
      let path: string | undefined = `/api/v1/runs/${run}/steps?limit=${limit}`;
      while (path !== undefined) {
        const page = await demo('GET', path);
        expect(page.status).toBe(200);
        expect(page.body.steps.length).toBeLessThanOrEqual(limit);
        steps.push(...page.body.steps);
        path = page.body.next;
      }
      return steps.map(({ step, attempt, status }) => `${step} ${attempt} ${status}`);
    };
    expect(await all(2)).toEqual(['say 0 waiting']);
    await advanceRun(api, run, stepsOfWide(2).slice(0, 5));
    const expected = ['say[0] 1 successful', 'say[1] 1 running', 'say[2] 0 ready', 'say[3] 0 ready', 'say[4] 0 ready'];
    for (const limit of [1, 2, 3, 10]) expect(await all(limit)).toEqual(expected);
  });

  it('tells of each step that waits why and for how long', async () => {
    const run = await accept(3);
    const steps = async () => (await demo('GET', `/api/v1/runs/${run}/steps`)).body.steps;
    expect(await steps()).toMatchObject([
      { step: 'say', reason: 'the run has not started', since: expect.any(String), waitedSeconds: expect.any(Number) },
    ]);
    await advanceRun(api, run, stepsOfWide(1).slice(0, 2));
    await api.database.pool.query(
      `insert into ready_nodes (run_id, node, workspace, count, cores, memory_mib, reason, since)
       values ($1, 'say', 'demo', 2, 1, 256, 'all slots are busy', now() - interval '90 seconds')`,
      [run],
    );
    const [asked, ...waiting] = await steps();
    expect(asked).toMatchObject({
      step: 'say[0]',
      status: 'requested',
      reason: 'waits for a slot of the executor x-1',
      waitedSeconds: expect.any(Number),
    });
    expect(waiting).toHaveLength(2);
    for (const step of waiting) expect(step).toMatchObject({ status: 'ready', reason: 'all slots are busy', since: expect.any(String) });
    expect((waiting[0] as unknown as { waitedSeconds: number }).waitedSeconds).toBeGreaterThanOrEqual(90);
    await demo('DELETE', `/api/v1/runs/${run}`);
    expect((await steps()).filter((step) => 'waitedSeconds' in step)).toEqual([]);
  });

  it('is dismissed', async () => {
    const run = await accept(1);
    expect((await demo('DELETE', `/api/v1/runs/${run}`)).body).toMatchObject({ run, status: 'dismissed' });
    expect((await demo('GET', `/api/v1/runs?status=dismissed&process=wide`)).body.runs.map((row) => row.run)).toContain(run);
  });

  it('adds up what it used', async () => {
    const run = await accept(1);
    for (const attempt of [1, 2])
      await api.database.pool.query(
        `insert into usage values ($1, 'say[0]', $2, 'demo', 2, 1, 1000, 3, 256, 10, 20, now() - interval '2 seconds', now())`,
        [run, attempt],
      );
    const page = await demo('GET', `/api/v1/runs/${run}/usage?limit=1`);
    expect(page.body.total).toEqual({
      attempts: 2,
      wallSeconds: 4,
      cpuSeconds: 2,
      coreSeconds: 12,
      memoryMiBSeconds: 1024,
      inputBytes: 20,
      outputBytes: 40,
    });
    expect(page.body.attempts).toMatchObject([{ step: 'say[0]', attempt: 1, wallSeconds: 2, maxMemoryBytes: 1000 }]);
    expect((await demo('GET', page.body.next ?? '')).body.attempts).toMatchObject([{ attempt: 2 }]);
  });
});

describe('events', () => {
  it('tell each change once, until the run has ended', async () => {
    const run = await accept(2);
    const events = follow(run);
    expect((await events.next()).value).toMatchObject({
      id: '1',
      event: 'status',
      data: { run, status: 'accepted', version: 1, steps: [] },
    });
    const commands = stepsOfWide(2);
    await advanceRun(api, run, commands.slice(0, 2));
    await advanceRun(api, run, commands.slice(2));
    await publishRun(api, 'demo', run, { all: [] });
    const rest = [];
    for await (const event of events) rest.push(event);
    expect(rest.at(-1)?.data).toMatchObject({ status: 'successful', progress: 100 });
    const versions = rest.map(({ id }) => Number(id));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(rest.flatMap(({ data }) => data.steps.map(({ step, status }) => `${step} ${status}`))).toEqual([
      'say[0] requested',
      'say[1] requested',
      'say[0] running',
      'say[0] successful',
      'say[1] running',
      'say[1] successful',
    ]);
  });

  it('go on behind the last id, and end where everything was seen', async () => {
    const run = await accept(3);
    await advanceRun(api, run, stepsOfWide(3));
    await publishRun(api, 'demo', run, { all: [] });
    const { rows } = await api.database.pool.query<{ version: number; type: string }>(
      'select version, type from events where run_id = $1 order by version',
      [run],
    );
    const seen = rows.findLast(({ type }) => type === 'step.started')?.version ?? 0;
    const missed = [];
    for await (const event of follow(run, seen)) missed.push(event);
    expect(missed.flatMap(({ data }) => data.steps)).toEqual([{ step: 'say[2]', attempt: 1, status: 'successful' }]);
    expect(missed.at(-1)).toMatchObject({ id: String(rows.length), data: { status: 'successful' } });
    const again = await demo('GET', `/api/v1/runs/${run}/events`, { headers: { 'last-event-id': String(rows.length) } });
    expect([again.status, again.text]).toEqual([204, '']);
  });

  it('lose no step where the stream brings them out of order', async () => {
    const run = await accept(1);
    const events = follow(run);
    await events.next();
    const say = (version: number, step: string) => {
      const news = {
        workspace: 'demo',
        run,
        version,
        status: 'running' as const,
        progress: version,
        message: '',
        steps: [{ step, attempt: 1, status: 'running' as const }],
      };
      const stamp = { id: randomUUID(), time: new Date().toISOString(), service: 'scheduler', prefix: api.config.prefix };
      return publishWire(api.messaging, seal(outgoing(RunStatusChanged, news), stamp));
    };
    const told = [];
    for (const [version, step] of [
      [5, 'late'],
      [3, 'early'],
      [6, 'last'],
    ] as const) {
      await say(version, step);
      const { value } = await events.next();
      told.push([value?.id, value?.data.progress, value?.data.steps[0]?.step]);
    }
    expect(told).toEqual([
      ['5', 5, 'late'],
      ['5', 5, 'early'],
      ['6', 6, 'last'],
    ]);
    await events.return(undefined);
  });

  it('come also where the stream loses them: Postgres is asked', async () => {
    const run = await accept(1);
    const events = follow(run);
    await events.next();
    await api.database.pool.query(`update runs set phase = 'failed', version = 2, message = 'lost' where id = $1`, [run]);
    const rest = [];
    for await (const event of events) rest.push(event.data.status);
    expect(rest).toEqual(['failed']);
  });

  it('end with the service, which closes at once', async () => {
    const run = await accept(1);
    const events = follow(run);
    await events.next();
    await api.restart();
    demo = await api.as('demo');
    expect((await events.next().catch(() => ({ done: true }))).done).toBe(true);
  });
});

describe('logs', () => {
  const key = (run: string, number: number, attempt = 1): string => `demo/logs/${run}/say[0]/${attempt}/${number}.log`;
  const log = (run: string, query = ''): string => `/api/v1/runs/${run}/steps/${encodeURIComponent('say[0]')}/log${query}`;

  it('of a step that ended: what its row names', async () => {
    const run = await accept(1);
    await advanceRun(api, run, stepsOfWide(1));
    await api.objects.put(key(run, 0), 'first\n');
    await api.objects.put(key(run, 1), 'zweite Zeile äöü\n');
    const logs = [
      { key: key(run, 0), size: 6 },
      { key: key(run, 1), size: 20 },
    ];
    await api.database.pool.query('update steps set logs = $2 where run_id = $1', [run, JSON.stringify(logs)]);
    for (const query of ['', '?follow=1']) {
      const answer = await demo('GET', log(run, query));
      expect([answer.status, answer.text]).toEqual([200, 'first\nzweite Zeile äöü\n']);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect((await demo('GET', log(run, '?attempt=7'))).text).toBe('');
  });

  it('live: stored chunks, pieces that continue them, and the store where one is missing', async () => {
    const run = await accept(1);
    const [start, grant, begin, end] = stepsOfWide(1);
    await advanceRun(api, run, [start!, grant!, begin!]);
    for (let number = 0; number < 11; number += 1) await api.objects.put(key(run, number), `${String.fromCharCode(97 + number)}`);
    const response = await fetch(new URL(log(run, '?follow=1'), api.url), { headers: { authorization: `Bearer ${secret}` } });
    const text = readText(response);
    await text.until('abcdefghijk');
    const attempt = { workspace: 'demo', run, step: 'say[0]', attempt: 1 };
    const tail = (offset: number, piece: string): void =>
      publishEphemeral(api.messaging, outgoing(StepLog, { ...attempt, offset, text: piece }));
    tail(11, 'live ');
    await text.until('abcdefghijklive ');
    // Of another attempt, told twice, and one whose predecessor was lost.
    publishEphemeral(api.messaging, outgoing(StepLog, { ...attempt, attempt: 2, offset: 16, text: 'wrong' }));
    tail(11, 'live ');
    tail(20, 'later');
    await api.objects.put(key(run, 11), 'live ');
    await api.objects.put(key(run, 12), 'gap ');
    await api.objects.put(key(run, 13), 'later');
    await text.until('abcdefghijklive gap later');
    await advanceRun(api, run, [end!]);
    expect(await text.all()).toBe('abcdefghijklive gap later');
  });

  it('of a step that waits is empty, of none is 404', async () => {
    const run = await accept(2);
    await advanceRun(api, run, stepsOfWide(1).slice(0, 1));
    expect(await demo('GET', log(run))).toMatchObject({ status: 200, text: '' });
    expect((await demo('GET', `/api/v1/runs/${run}/steps/none/log`)).status).toBe(404);
    expect((await demo('GET', `/api/v1/runs/${run}/steps/${encodeURIComponent('say[7]')}/log`)).status).toBe(404);
  });
});
