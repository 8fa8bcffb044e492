import { describe, expect, it } from '@jest/globals';
import { packageOf, step, workflow } from './spec/documents.ts';
import { given } from './spec/given.ts';

const pkg = packageOf(workflow(['p'], [step('a', { x: 'p' }, { scatter: ['x'] })], { y: 'a/out' }));
const file = (name: string): { [field: string]: string | number } => ({
  class: 'File',
  location: `runnel://demo/objects/${'c'.repeat(64)}`,
  basename: `${name}.tif`,
  checksum: `sha1$${'d'.repeat(40)}`,
  size: 123456,
});

/** Runs a scatter of this width; largest snapshot between events, largest event and all events together, in bytes. */
function measure(width: number): { snapshot: number; last: number; event: number; events: number; ready: number } {
  const play = given(pkg, { p: { $stored: { key: 'input', length: width } } });
  const seen = { snapshot: 0, last: 0, event: 0, events: 0, ready: 0 };
  const snapshotSize = (): number => JSON.stringify(play.engine.serialize(play.state)).length;
  for (let done = 0; done < width; done += 32) {
    for (const job of play.grant('a', 32)) play.finish(job.step, { out: file(job.step) });
    seen.ready = Math.max(seen.ready, play.engine.outstanding(play.state).ready[0]?.count ?? 0);
    if (done % 320 === 0) seen.snapshot = Math.max(seen.snapshot, snapshotSize());
  }
  for (const event of play.events.filter(({ type }) => type !== 'run.outputs-ready')) {
    const size = JSON.stringify(event).length;
    Object.assign(seen, { event: Math.max(seen.event, size), events: seen.events + size });
  }
  expect(play.outputs()).toBeDefined();
  return { ...seen, last: snapshotSize() };
}

describe('what a scatter costs', () => {
  const narrow = measure(2000);
  const wide = measure(10_000);

  it('keeps snapshots small while it runs: one open chunk, the window, an address per gathered chunk', () => {
    expect(wide.snapshot).toBeLessThan(1100 * JSON.stringify(file('a[9999]')).length + 64 * 1024);
    expect(wide.snapshot - narrow.snapshot).toBeLessThan(8 * 1024);
  });

  it('leaves only addresses when it has ended', () => {
    expect(wide.last).toBeLessThan(10 * 300 + 2048);
  });

  it('writes small events, as many bytes per element at any width', () => {
    expect(wide.event).toBeLessThan(600);
    expect(wide.events / 10_000).toBeLessThan(1.02 * (narrow.events / 2000));
  });

  it('never offers more than the window', () => {
    expect(wide.ready).toBeLessThanOrEqual(64);
  });
});
