import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { ResultsPublished, RunDismissed, RunOutputsReady, StepFinished } from '@runnel/contracts';
import { open, outgoing, partitionDurable, publishUntilStored } from '@runnel/messaging';
import { partitionOf } from '@runnel/contracts';
import type { RunningService } from '@runnel/service';
import { eventually, testLogger, testNatsUrl } from '@runnel/testing';
import { IngesterConfig } from './config.ts';
import { ingesterFixture, type Fixture } from './ingester.fixture.ts';
import { startIngester } from './start-ingester.ts';

describe('ingester', () => {
  let fixture: Fixture;
  let ingester: RunningService;
  beforeAll(async () => {
    fixture = await ingesterFixture();
    ingester = await startIngester(
      IngesterConfig.parse({
        postgresUrl: fixture.databaseUrl,
        natsUrl: testNatsUrl(),
        prefix: fixture.messaging.prefix,
        objects: fixture.objects.uri,
      }),
      { logger: testLogger('ingester') },
    );
  }, 60_000);
  afterAll(async () => {
    await ingester.close();
    await fixture.close();
  });

  it('publishes outputs, answers the owner of the run, and takes them back when the run is dismissed', async () => {
    const run = await fixture.addRun({ phase: 'publishing' });
    const outputs = { file: await fixture.made('a.txt', 'hello') };
    const ready = outgoing(RunOutputsReady, { workspace: 'demo', run, process: { workspace: 'demo', id: 'p', version: '1' }, outputs });
    await publishUntilStored(fixture.messaging, ready, randomUUID());

    const owner = await fixture.messaging.js.consumers.get(`${fixture.messaging.prefix}-work`, partitionDurable(partitionOf(run)));
    const news = await owner.next({ expires: 20_000 });
    if (!news) throw new Error('no news for the owner of the run');
    expect(open(news)).toMatchObject({
      ok: true,
      message: { contract: ResultsPublished, data: { run, document: `demo/results/${run}/results.json` } },
    });
    news.ack();
    expect(await fixture.keys(`demo/results/${run}/`)).toEqual(['a.txt', 'results.json']);

    await fixture.setPhase(run, 'dismissed');
    await publishUntilStored(fixture.messaging, outgoing(RunDismissed, { workspace: 'demo', run }), randomUUID());
    await eventually('the copies are removed', async () => (await fixture.keys(`demo/results/${run}/`)).length === 0);
  }, 60_000);

  it('writes the usage of many steps', async () => {
    const golden = StepFinished.schema.parse(StepFinished.golden);
    const steps = Array.from({ length: 500 }, (_, index) => ({ ...golden, step: `tile[${index}]` }));
    await Promise.all(steps.map((step) => publishUntilStored(fixture.messaging, outgoing(StepFinished, step), randomUUID())));
    await eventually('500 rows stand in the ledger', async () => (await fixture.rows('select from usage')).length === 500);
  }, 60_000);

  it('tells that it is ready, and counts', async () => {
    expect(await (await fetch(`${ingester.url}/health/ready`)).json()).toEqual({
      status: 'ready',
      checks: { postgres: 'ok', nats: 'ok', objects: 'ok' },
    });
    expect(await (await fetch(`${ingester.url}/metrics`)).text()).toContain(
      'runnel_messages_total{durable="ingester-usage",outcome="handled"',
    );
  });

  it('does not start without its schema or store', async () => {
    const config = IngesterConfig.parse({ postgresUrl: fixture.databaseUrl, natsUrl: testNatsUrl(), objects: 'file:///etc/passwd/store/' });
    await expect(startIngester(config, { logger: testLogger() })).rejects.toThrow('object store');
  });
});
