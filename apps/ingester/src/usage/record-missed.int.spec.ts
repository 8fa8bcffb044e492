import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StepFinished } from '@runnel/contracts';
import { putValue } from '@runnel/objects';
import { ingesterFixture, type Fixture } from '../ingester.fixture.ts';
import { recordMissed } from './record-missed.ts';
import { recordUsage, usageEntryOf, type FinishedStep } from './record-usage.ts';

describe('usage that no message told', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await ingesterFixture();
  }, 60_000);
  afterAll(() => fixture.close());

  const now = new Date();
  const ended = async (run: string, step: string, seconds: number): Promise<FinishedStep> => {
    const key = `demo/attempts/${run}/${step}/1/result.json`;
    const finished = { ...StepFinished.schema.parse(StepFinished.golden), run, step, attempt: 1, result: key };
    await putValue(fixture.objects, key, finished);
    await fixture.rows(
      `insert into steps (run_id, step, attempt, workspace, state, cores, memory_mib, requested_at, finished_at, result_key)
values ($1, $2, 1, 'demo', 'successful', 1, 256, now(), now() - make_interval(secs => $3), $4)`,
      [run, step, seconds, key],
    );
    return finished;
  };

  it('is found by the steps that ended and their result objects, once', async () => {
    const run = await fixture.addRun({ phase: 'running' });
    await recordUsage(fixture.database, [await usageEntryOf(fixture.objects, await ended(run, 'told', 60))], now);
    for (let n = 0; n < 450; n += 1) await ended(run, `missed[${n}]`, 60);
    await ended(run, 'under way', 0);
    await ended(run, 'broken', 60);
    await fixture.objects.put(`demo/attempts/${run}/broken/1/result.json`, '{"step');
    const options = { acceptedSince: new Date(now.getTime() + 60_000), seconds: 5, now };
    expect(await recordMissed(fixture, options)).toBe(450);
    expect(await recordMissed(fixture, options)).toBe(0);
    expect(await fixture.rows('select from usage where run_id = $1', [run])).toHaveLength(451);
  });

  it('of runs that are over is looked for as far back as asked', async () => {
    const run = '01936d2e-7c1a-7000-8000-0000000000aa';
    await ended(run, 'old', 60);
    expect(await recordMissed(fixture, { acceptedSince: new Date('2024-12-01'), seconds: 5, now })).toBe(0);
    expect(await recordMissed(fixture, { acceptedSince: new Date('2024-11-01'), seconds: 5, now })).toBe(1);
  });
});
