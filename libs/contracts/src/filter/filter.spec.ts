import { describe, expect, it } from '@jest/globals';
import { matchesFilter } from './matches-filter.ts';
import { parseFilter } from './parse-filter.ts';

const event = {
  attributes: { specversion: '1.0', id: 'a-17', source: '/planet', type: 'scene.added', count: 3, public: true },
  data: { cloud: 12.5, bands: ['red', 'nir'], tile: { name: 'T30_X' }, 'eo:cover': '8', empty: null },
};

function passes(source: string): boolean {
  const parsed = parseFilter(source);
  if ('fault' in parsed) throw new Error(`${parsed.fault.column}: ${parsed.fault.message}`);
  return matchesFilter(parsed.filter, event);
}

describe('a filter lets through', () => {
  it.each([
    `type = 'scene.added'`,
    `type = "scene.added" AND source != '/airbus'`,
    `data.cloud < 20 and data.cloud >= 12`,
    `data.eo:cover <= 8`,
    `count = '3'`,
    `public`,
    `NOT (type = 'x') OR FALSE`,
    `TRUE XOR FALSE`,
    `id LIKE 'a-%' AND id NOT LIKE '_'`,
    `data.tile.name LIKE 'T30\\_%'`,
    `data.bands[1] IN ('swir', 'nir')`,
    `source NOT IN ('/a', '/b')`,
    `EXISTS data.bands AND NOT EXISTS data.none`,
    `LOWER(data.tile.name) = 't30_x' AND LENGTH(id) = 4 AND TRIM(UPPER(id)) = 'A-17'`,
    `count > -1`,
  ])('%s', (source) => expect(passes(source)).toBe(true));
});

describe('a filter holds back', () => {
  it.each([
    `type = 'other'`,
    `none = 'x'`,
    `none != 'x'`,
    `data.bands = 'red'`,
    `data.constructor = 'x' OR EXISTS data.toString`,
    `type`,
    `data.cloud > 'many'`,
    `id LIKE 'a-%8'`,
    `TRUE AND NOT TRUE`,
  ])('%s', (source) => expect(passes(source)).toBe(false));
});

it('AND binds closer than OR', () => expect(passes(`TRUE OR TRUE AND FALSE`)).toBe(true));

it('a pattern of many wildcards takes no time', () => {
  const parsed = parseFilter(`data.text LIKE '${'%a'.repeat(200)}b'`);
  const long = { ...event, data: { text: 'a'.repeat(20_000) } };
  expect('filter' in parsed && matchesFilter(parsed.filter, long)).toBe(false);
});

describe('a filter that does not parse says where', () => {
  it.each([
    [`type ==`, 7, /a value is expected, not =/],
    [`type = `, 8, /a value is expected, not the end/],
    [`type = 'a' source`, 12, /AND, OR or the end is expected, not source/],
    [`type = 'a`, 8, /not understood: 'a/],
    [`(type = 'a'`, 12, /\) is expected/],
    [`type LIKE 3`, 11, /a text is expected/],
    [`type NOT 'a'`, 10, /LIKE or IN is expected/],
    [`id IN 'a'`, 7, /\( is expected/],
    [`type.part = 1`, 1, /only data has parts/],
    [`LOWER type`, 7, /\( is expected/],
    [`EXISTS 'a'`, 8, /an attribute is expected/],
    ['', 1, /a value is expected, not the end/],
    ['('.repeat(60), 52, /nested deeper/],
    ['x'.repeat(2001), 2001, /2000 characters/],
  ])('%s', (source, column, message) => {
    const parsed = parseFilter(source);
    expect('fault' in parsed && parsed.fault).toEqual({ column, message: expect.stringMatching(message) });
  });
});
