import { describe, expect, it } from '@jest/globals';
import { catalogueChangeSchema, readCatalogueChange, readStructuredEvent } from './cloud-event.ts';

const event = { specversion: '1.0', id: '1', source: '/s', type: 't' };

describe('readStructuredEvent', () => {
  it('keeps attributes, extensions and data', () => {
    expect(readStructuredEvent({ ...event, tile: 'T30', n: 3, subject: null, data: { a: [1] } })).toEqual({
      event: { attributes: { ...event, tile: 'T30', n: 3 }, data: { a: [1] } },
    });
  });

  it.each([
    [[], /JSON object/],
    [{ ...event, id: '' }, /^id: /],
    [{ ...event, specversion: '0.3' }, /^specversion: /],
    [{ ...event, time: 'yesterday' }, /^time: /],
    [{ ...event, my_ext: 'x' }, /^my_ext: names of attributes/],
    [{ ...event, ext: { a: 1 } }, /^ext: /],
    [{ ...event, datacontenttype: 'text/xml', data: '<a/>' }, /text\/xml is no JSON/],
    [{ ...event, data_base64: 'AAAA' }, /data_base64/],
  ])('refuses %j with the reason', (value, reason) => {
    const read = readStructuredEvent(value);
    expect('reason' in read && read.reason).toMatch(reason);
  });
});

describe('readCatalogueChange', () => {
  const change = { bucket_name: 'b', source: 's', target: 't' };

  it('takes what the hub sends; lists are sorted by depth, absent ones are empty', () => {
    const read = readCatalogueChange({ ...change, workspace: 'demo', added_keys: ['h/a/b/c.json', 'h/a.json', 'h/a/z.json'], extra: 1 });
    expect(read).toMatchObject({ change: { added_keys: ['h/a.json', 'h/a/z.json', 'h/a/b/c.json'], deleted_keys: [] } });
  });

  it('names what is missing', () => {
    const read = readCatalogueChange({ bucket_name: 'b', added_keys: 'x' });
    expect('reason' in read && read.reason).toMatch(/source: .*target: .*added_keys: /);
  });

  it('has a JSON schema that asks for the same', () => {
    expect(catalogueChangeSchema()).toMatchObject({ type: 'object', required: ['bucket_name', 'source', 'target'] });
  });
});
