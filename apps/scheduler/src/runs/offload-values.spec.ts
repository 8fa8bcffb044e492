import { describe, expect, it } from '@jest/globals';
import { offloadEvent, offloadValues } from './offload-values.ts';

const text = (kibibytes: number): string => 'x'.repeat(kibibytes * 1024);

describe('offloadValues', () => {
  it('leaves small values alone', () => {
    const values = { a: 1, b: text(100) };
    expect(offloadValues(values, 'demo/values/r')).toEqual({ values, objects: [] });
  });

  it('stores a value above 256 KiB, and says how long a stored list is', () => {
    const list = Array.from({ length: 300 }, () => text(1));
    const { values, objects } = offloadValues({ a: 1, list }, 'demo/values/r');
    expect(values).toEqual({ a: 1, list: { $stored: { key: 'demo/values/r/list.json', length: 300 } } });
    expect(objects).toEqual([{ key: 'demo/values/r/list.json', content: list }]);
  });

  it('stores the largest of many that are too much together', () => {
    const { values, objects } = offloadValues({ a: text(100), b: text(200), c: text(150), d: text(40) }, 'p');
    expect(objects.map(({ key }) => key)).toEqual(['p/b.json']);
    expect(Object.keys(values)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('offloadEvent', () => {
  it('stores outputs that are too large for an event', () => {
    const { event, objects } = offloadEvent({ type: 'run.outputs-ready', at: '', data: { outputs: { a: text(300), b: 1 } } }, 'p');
    expect(event.data).toEqual({ outputs: { a: { $stored: { key: 'p/a.json' } }, b: 1 } });
    expect(objects).toHaveLength(1);
  });
});
