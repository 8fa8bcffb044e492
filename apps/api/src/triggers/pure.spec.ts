import { describe, expect, it } from '@jest/globals';
import { cronFault, dueTimes, nextTimes } from './cron-times.ts';
import { countRuns, mapInputs } from './map-inputs.ts';

const event = {
  attributes: { specversion: '1.0', id: 'e', source: '/s', type: 't' },
  data: { items: [{ href: 'files/a' }, { href: 'files/b' }], n: 3 },
};

describe('mapInputs', () => {
  it('takes parts of the event, values and defaults', () => {
    const inputs = {
      id: { from: 'id' },
      n: { from: 'data.n' },
      first: { from: 'data.items[0].href' },
      k: { value: [1] },
      d: { from: 'data.no', default: 7 },
    };
    expect(mapInputs({ inputs, each: undefined }, event, 0)).toEqual({ inputs: { id: 'e', n: 3, first: 'files/a', k: [1], d: 7 } });
  });

  it('makes a run for each element', () => {
    const each = { inputs: { f: { from: 'item.href' }, n: { from: 'data.n' } }, each: 'data.items' };
    expect(countRuns(each, event)).toEqual({ count: 2 });
    expect(mapInputs(each, event, 1)).toEqual({ inputs: { f: 'files/b', n: 3 } });
    expect(mapInputs({ inputs: { all: { from: 'item' } }, each: 'data.items' }, event, 0)).toEqual({
      inputs: { all: { href: 'files/a' } },
    });
  });

  it('names what is missing', () => {
    expect(mapInputs({ inputs: { f: { from: 'data.none' } }, each: undefined }, event, 0)).toEqual({ reason: 'f: there is no data.none' });
    expect(countRuns({ inputs: {}, each: 'data.n' }, event)).toEqual({ reason: 'each: data.n is no list' });
  });
});

describe('cron', () => {
  const at = (text: string): Date => new Date(text);
  const nightly = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };

  it('knows the next times in its time zone, over the change of clocks', () => {
    expect(nextTimes(nightly, at('2026-10-23T12:00:00Z'), 3).map((time) => time.toISOString())).toEqual([
      '2026-10-24T00:30:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('refuses lines that never fire, are not understood, or have no time zone', () => {
    const now = at('2026-11-21T00:00:00Z');
    expect(cronFault(nightly, now)).toBeUndefined();
    expect(cronFault({ cron: '0 0 31 2 *', timeZone: 'UTC' }, now)).toEqual({ path: 'cron', message: '0 0 31 2 * never fires' });
    expect(cronFault({ cron: 'often', timeZone: 'UTC' }, now)?.message).toMatch(/not understood/);
    expect(cronFault({ cron: '* * * * * *', timeZone: 'UTC' }, now)?.message).toMatch(/not understood/);
    expect(cronFault({ cron: '0 0 * * *', timeZone: 'Mars/Base' }, now)?.path).toBe('timeZone');
  });

  it.each([
    ['skip', 0],
    ['once', 1],
    ['all', 4],
  ] as const)('missed times, %s: %d runs', (missed, count) => {
    const { run, next } = dueTimes({ cron: '0 * * * *', timeZone: 'UTC' }, missed, at('2026-11-21T01:00:00Z'), at('2026-11-21T04:30:00Z'));
    expect(run).toHaveLength(count);
    expect(next).toEqual(at('2026-11-21T05:00:00Z'));
  });

  it('a time that is not missed is run by every policy; of very many missed ones the last hundred are', () => {
    const line = { cron: '* * * * *', timeZone: 'UTC' };
    expect(dueTimes(line, 'skip', at('2026-11-21T01:00:00Z'), at('2026-11-21T01:00:10Z')).run).toHaveLength(1);
    expect(dueTimes(line, 'all', at('2026-01-01T00:00:00Z'), at('2026-11-21T01:00:10Z')).run).toHaveLength(100);
  });
});
