import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StepFinished } from '@runnel/contracts';
import { putValue } from '@runnel/objects';
import { ingesterFixture, type Fixture } from '../ingester.fixture.ts';
import { recordUsage, usageEntryOf, type FinishedStep } from './record-usage.ts';

describe('usage ledger', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await ingesterFixture();
  }, 60_000);
  afterAll(() => fixture.close());

  const now = new Date('2026-11-21T12:00:00Z');
  const finished = (more: Partial<FinishedStep> = {}): FinishedStep => ({ ...StepFinished.schema.parse(StepFinished.golden), ...more });

  it('has one row per attempt, however often it is told', async () => {
    const steps = [finished(), finished({ attempt: 2 }), finished({ step: 'tile[4]' }), finished()];
    const entries = await Promise.all(steps.map((step) => usageEntryOf(fixture.objects, step)));
    await recordUsage(fixture.database, entries, now);
    await recordUsage(fixture.database, entries, now);
    const rows = await fixture.rows(
      'select step, attempt, wall_seconds, cores, memory_mib, output_bytes from usage order by step, attempt',
    );
    expect(rows).toEqual([
      { step: 'tile[3]', attempt: 1, wall_seconds: 0.4, cores: 1, memory_mib: 256, output_bytes: 20 },
      { step: 'tile[3]', attempt: 2, wall_seconds: 0.4, cores: 1, memory_mib: 256, output_bytes: 20 },
      { step: 'tile[4]', attempt: 1, wall_seconds: 0.4, cores: 1, memory_mib: 256, output_bytes: 20 },
    ]);
  });

  it('touches the objects that outputs name, stored ones too, and takes their marks away', async () => {
    const [file, listed, stored] = [
      await fixture.made('a', 'usage a'),
      await fixture.made('b', 'usage b'),
      await fixture.made('c', 'usage c'),
    ];
    const step = finished({ step: 'files' });
    const key = `demo/values/${step.run}/files/1/large.json`;
    await putValue(fixture.objects, key, [stored]);
    step.outputs = {
      out: { class: 'Directory', basename: 'd', listing: [{ ...file, secondaryFiles: [listed] }] },
      large: { $stored: { key } },
      gone: null,
    };
    const hash = file.location.slice(-64);
    await fixture.rows(`insert into objects values ('demo', $1, 0, '2020-01-01', '2020-02-01')`, [hash]);
    await recordUsage(fixture.database, [await usageEntryOf(fixture.objects, step)], now);
    expect(await fixture.rows('select touched_at, marked_at, size from objects where sha256 = $1', [hash])).toEqual([
      { touched_at: now, marked_at: null, size: '7' },
    ]);
    expect(await fixture.rows('select from objects')).toHaveLength(3);
  });

  it('does not stumble over a stored value that is gone, or objects of others', async () => {
    const step = finished({
      step: 'gone',
      outputs: { v: { $stored: { key: 'demo/values/x' } }, f: { class: 'File', location: `runnel:other/objects/${'a'.repeat(64)}` } },
    });
    const entry = await usageEntryOf(fixture.objects, step);
    expect(entry.objects).toEqual([]);
    await recordUsage(fixture.database, [entry], now);
    expect(await fixture.rows(`select from usage where step = 'gone'`)).toHaveLength(1);
  });

  it('takes two batches with the same objects at once', async () => {
    const files = await Promise.all(Array.from({ length: 50 }, (_, index) => fixture.made(`f${index}`, `shared ${index}`)));
    const batches = Array.from({ length: 6 }, (_, batch) =>
      finished({ step: `b[${batch}]`, outputs: { f: batch % 2 ? files : files.toReversed() } }),
    );
    await Promise.all(batches.map(async (step) => recordUsage(fixture.database, [await usageEntryOf(fixture.objects, step)], now)));
    expect(await fixture.rows(`select from usage where step like 'b[%'`)).toHaveLength(6);
  });
});
