import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CatalogueChanged } from '@runnel/contracts';
import { outboxRows, outgoing } from '@runnel/messaging';
import { inTransaction, insertOutbox, notifyOutbox } from '@runnel/postgres';
import { eventually } from '@runnel/testing';
import { cwl, json, startTestApi, wide } from '../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../testing/test-api.ts';
import { advanceRun, publishRun, stepsOfWide } from '../testing/test-runs.ts';
import { fireCrons } from './fire-cron.ts';

let api: TestApi;
let demo: Client;
const item = wide.replaceAll('id: wide', 'id: one').replace('n: {type: "int[]", label: Numbers}', 'n: {type: "int[]", default: [1]}');
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
  for (const document of [wide, item]) expect((await demo('POST', '/demo/ogc-api/processes', cwl(document))).status).toBe(201);
});
afterAll(() => api.close());

interface Firing {
  event: string;
  outcome: string;
  reason?: string;
  run?: string;
  depth: number;
}
interface Shown {
  attention?: string;
  next?: string[];
  firings: Firing[];
}
const base = '/api/v1/workspaces/demo/triggers';
const create = (body: object): Promise<Answer> => demo('POST', base, json(body));
const show = async (name: string): Promise<Shown> => (await demo('GET', `${base}/${name}`)).body as unknown as Shown;
const settled = async (name: string, count: number): Promise<Firing[]> => {
  const found = async (): Promise<Firing[]> => (await show(name)).firings.filter(({ outcome }) => outcome !== 'pending');
  await eventually(`${name} has fired ${count} times`, async () => (await found()).length === count);
  return found();
};
const send = (event: object): Promise<Answer> =>
  demo('POST', '/api/v1/events', json({ specversion: '1.0', source: '/planet', type: 'scene.added', ...event }));
const inputsOfRun = async (run: string | undefined): Promise<unknown> => {
  const { rows } = await api.database.pool.query<{ data: { inputs: unknown } }>(
    'select data from events where run_id = $1 and version = 1',
    [run],
  );
  return rows[0]?.data.inputs;
};

const onScene = { on: 'event', type: 'scene.*', process: 'wide', inputs: { n: { from: 'data.n' } } };

describe('a trigger is refused with what is wrong and where', () => {
  it.each([
    [{ ...onScene, inputs: { n: { value: [1] }, colour: { value: 'x' } } }, 'inputs.colour: wide has no input colour; it has n, loud'],
    [{ ...onScene, inputs: {} }, 'inputs.n: wide needs it'],
    [{ ...onScene, process: 'none' }, 'process: there is no process none'],
    [{ ...onScene, process: 'other/wide' }, 'process: there is no process other/wide'],
    [{ ...onScene, filter: `data.cloud < ` }, 'filter, column 14: a value is expected, not the end'],
    [{ ...onScene, inputs: { n: { from: 'item' } } }, 'inputs.n.from: there is an item only with `each`'],
    [{ on: 'cron', cron: '0 0 31 2 *', process: 'one' }, 'cron: 0 0 31 2 * never fires'],
    [{ on: 'cron', cron: '0 0 * * *', timeZone: 'Mars/Base', process: 'one' }, 'timeZone: there is no time zone Mars/Base'],
    [{ on: 'sometimes', process: 'one' }, 'on: Invalid'],
    [{ ...onScene, typo: 1 }, 'Unrecognized key'],
  ])('%j', async (body, detail) => {
    const answer = await create({ name: 'bad', ...body });
    expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(detail)]);
    expect((await demo('GET', `${base}/bad`)).status).toBe(404);
  });
});

describe('an event', () => {
  it('starts the runs of each trigger that it passes, once', async () => {
    expect((await create({ name: 'scenes', ...onScene, filter: 'data.cloud < 20' })).status).toBe(201);
    expect((await create({ name: 'scenes', ...onScene })).status).toBe(409);
    await send({ id: '1', data: { cloud: 30, n: [1] } });
    await send({ id: '2', data: { cloud: 10, n: [4, 5] } });
    await Promise.all([1, 2, 3].map(() => send({ id: '2', data: { cloud: 10, n: [6] } })));
    const [firing, ...more] = await settled('scenes', 1);
    expect([firing, more]).toMatchObject([{ event: '2', outcome: 'started', depth: 0 }, []]);
    expect(await inputsOfRun(firing?.run)).toMatchObject({ n: [4, 5] });
    expect((await demo('GET', `/demo/ogc-api/jobs/${firing?.run}`)).body.status).toBe('accepted');
  });

  it('whose values do not fit starts nothing, and the trigger says why', async () => {
    await send({ id: '3', data: { cloud: 1, n: 'many' } });
    const [firing] = await settled('scenes', 2);
    expect(firing).toMatchObject({ event: '3', outcome: 'refused', reason: expect.stringMatching(/^n\[0\]: .*expected int/) });
    expect((await show('scenes')).attention).toMatch(/^n\[0\]: /);
    expect((await demo('PUT', `${base}/scenes`, json({ ...onScene, enabled: false }))).status).toBe(200);
    await send({ id: '4', data: { cloud: 1, n: [1] } });
    expect((await show('scenes')).firings).toHaveLength(2);
  });

  it('of a chain that is too long is stopped, visibly', async () => {
    await create({ name: 'loop', ...onScene, type: 'loop' });
    let run: string | undefined;
    for (let depth = 0; depth <= 8; depth += 1) {
      await send({ id: `l${depth}`, type: 'loop', data: { n: [1] }, ...(run === undefined ? {} : { runnelrun: run }) });
      const firing = (await settled('loop', depth + 1)).find(({ event }) => event === `l${depth}`);
      expect(firing).toMatchObject({ depth, outcome: depth < 8 ? 'started' : 'stopped' });
      run = firing?.run;
    }
    expect((await show('loop')).attention).toMatch(/stopped as a loop: 8 runs led to each other/);
  }, 60_000);

  it('of a catalogue change runs the process on each item', async () => {
    const key = 'demo/files/catalogue/scene 1.json';
    await api.objects.put(key, JSON.stringify({ type: 'Feature', id: 'scene-1', properties: { cloud: 3 } }));
    await api.objects.put('demo/files/catalogue/collection.json', JSON.stringify({ type: 'Collection', id: 'c' }));
    await create({
      ...{ name: 'items', on: 'event', type: 'runnel.stac.item.v1', filter: 'data.item.properties.cloud < 5', process: 'one' },
      inputs: { band: { from: 'data.href' }, size: { from: 'subject' } },
    });
    const data = { ...CatalogueChanged.golden, added_keys: [key, 'demo/files/catalogue/collection.json', 'demo/files/none.json'] };
    await inTransaction(api.database, async (tx) => {
      await insertOutbox(tx, outboxRows({ service: 'ingester', prefix: api.config.prefix }, [outgoing(CatalogueChanged, data)]));
      await notifyOutbox(tx);
    });
    const [firing] = await settled('items', 1);
    expect(firing?.outcome).toBe('started');
    expect(await inputsOfRun(firing?.run)).toMatchObject({ size: 'scene-1', band: { class: 'File', location: `runnel:${key}` } });
  });

  it('with a list starts a run for each element', async () => {
    await create({ name: 'each', ...onScene, type: 'many', each: 'data.tiles', inputs: { n: { from: 'item.n' } } });
    await send({ id: 'm', type: 'many', data: { tiles: [{ n: [1] }, { n: [2] }, {}] } });
    const outcomes = (await settled('each', 3)).map(({ outcome }) => outcome);
    expect(outcomes.sort()).toEqual(['refused', 'started', 'started']);
  });
});

describe('a cron', () => {
  it('shows its next five times and starts a run at each, once for all replicas', async () => {
    const made = await create({ name: 'hourly', on: 'cron', cron: '0 * * * *', timeZone: 'Europe/Berlin', missed: 'all', process: 'one' });
    expect(made.status).toBe(201);
    const { next = [] } = await show('hourly');
    expect(next).toHaveLength(5);
    const later = new Date(Date.parse(next[1] ?? '') + 1000);
    await Promise.all([fireCrons(api.database, later), fireCrons(api.database, later)]);
    const fired = await settled('hourly', 2);
    expect(fired.map(({ outcome }) => outcome)).toEqual(['started', 'started']);
    expect(fired.map(({ event }) => event.split('/')[1]).sort()).toEqual(next.slice(0, 2));
  });
});

describe('after other runs', () => {
  const finish = async (process: string): Promise<string> => {
    const headers = { prefer: 'respond-async' };
    const accepted = await demo('POST', `/demo/ogc-api/processes/${process}/execution`, json({ inputs: { n: [1] } }, headers));
    const run = accepted.body.jobID;
    await advanceRun(api, run, stepsOfWide(1));
    await publishRun(api, 'demo', run, {});
    return run;
  };

  it('each of any, and once all have ended', async () => {
    const after = { on: 'after', processes: ['wide', 'one'], process: 'one' };
    await create({ name: 'any', ...after, processes: ['wide'], inputs: { size: { from: 'data.run' } } });
    await create({ name: 'all', ...after, when: 'all' });
    const run = await finish('wide');
    const [firing] = await settled('any', 1);
    expect(firing).toMatchObject({ outcome: 'started', depth: 1 });
    expect(await inputsOfRun(firing?.run)).toMatchObject({ size: run });
    expect((await show('all')).firings).toEqual([]);
    await finish('one');
    expect(await settled('all', 1)).toMatchObject([{ outcome: 'started' }]);
    expect((await show('any')).firings).toHaveLength(1);
  }, 60_000);

  it('also where the clocks of those who tell it are minutes apart, and never what ended before', async () => {
    const minutesAgo = (run: string, minutes: number) =>
      api.database.pool.query('update runs set finished_at = now() - make_interval(mins => $2) where id = $1', [run, minutes]);
    const ahead = await finish('wide');
    await minutesAgo(ahead, -5);
    await create({ name: 'skewed', on: 'after', processes: ['wide'], process: 'one', inputs: { size: { from: 'data.run' } } });
    await create({ name: 'both', on: 'after', processes: ['wide', 'one'], when: 'all', process: 'one' });
    const late = await finish('wide');
    await minutesAgo(late, 5);
    const [firing, ...more] = await settled('skewed', 1);
    expect([await inputsOfRun(firing?.run), more]).toMatchObject([{ size: late }, []]);
    await minutesAgo(await finish('one'), -4);
    expect(await settled('both', 1)).toMatchObject([{ outcome: 'started' }]);
    for (const process of ['wide', 'one']) await minutesAgo(await finish(process), 5);
    expect(await settled('both', 2)).toHaveLength(2);
  }, 60_000);
});

it('is the workspace’s own, listed, and removed', async () => {
  const other = await api.as('other');
  expect((await other('GET', `${base}/each`)).status).toBe(404);
  expect((await demo('DELETE', `${base}/each`)).status).toBe(204);
  const { triggers } = (await demo('GET', base)).body as unknown as { triggers: { name: string }[] };
  expect(triggers.map(({ name }) => name)).toEqual(['all', 'any', 'both', 'hourly', 'items', 'loop', 'scenes', 'skewed']);
});
