import { describe, expect, it } from '@jest/globals';
import type { Json } from '@runnel/cwl';
import { readDescribedInputs } from './described-inputs.ts';
import { echo } from './echo.ts';

const read = (id: string, value: Json) => readDescribedInputs({ [id]: value }, echo.description.inputs);
const tiff = 'image/tiff; application=geotiff';
const crs84 = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84';

describe('a value that fits', () => {
  it.each<[string, Json, Json]>([
    ['message', 'a', 'a'],
    ['message', { value: 'a' }, 'a'],
    ['number', 1.5, 1.5],
    ['numbers', [1, 2], [1, 2]],
    ['measures', 1.5, [1.5]],
    ['measures', [{ value: 1 }, 2], [1, 2]],
    ['area', { bbox: [1, 2, 3, 4] }, { bbox: [1, 2, 3, 4], crs: crs84 }],
    ['area', { bbox: [1, 2, 3, 4, 5, 6], crs: crs84 }, { bbox: [1, 2, 3, 4, 5, 6], crs: crs84 }],
    ['image', 'AAAA', 'AAAA'],
    ['image', { value: 'AAAA', mediaType: 'image/png' }, { value: 'AAAA', mediaType: 'image/png', encoding: 'base64' }],
    ['image', { value: 'AAAA', format: { mediaType: tiff, encoding: 'base64' } }, { value: 'AAAA', mediaType: tiff, encoding: 'base64' }],
    ['image', { value: 'AAAA' }, { value: 'AAAA', mediaType: tiff, encoding: 'base64' }],
    ['image', { href: 'https://a.example/b.tif', type: tiff }, { href: 'https://a.example/b.tif', type: tiff }],
    ['image', { href: 'https://a.example/b', format: { mediaType: tiff } }, { href: 'https://a.example/b', type: tiff }],
    ['unknown', { any: 'thing' }, { any: 'thing' }],
  ])('%s: %j', (id, value, inputs) => {
    expect(read(id, value)).toEqual({ inputs: { [id]: inputs } });
  });
});

describe('a value that does not fit is named', () => {
  it.each<[string, Json, string]>([
    ['message', 1, 'message'],
    ['message', null, 'message'],
    ['message', { text: 'a' }, 'message'],
    ['message', { value: 'a', colour: 'red' }, 'message.colour'],
    ['message', { value: 1 }, 'message.value'],
    ['count', 1.5, 'count'],
    ['time', 'yesterday', 'time'],
    ['numbers', [1, 'a'], 'numbers[1]'],
    ['numbers', Array.from({ length: 1001 }, () => 1), 'numbers'],
    ['measures', Array.from({ length: 11 }, () => 1), 'measures'],
    ['measures', [1, 'a'], 'measures[1]'],
    ['area', [1, 2, 3, 4], 'area'],
    ['area', { bbox: [1, 2, 3] }, 'area.bbox'],
    ['area', { bbox: [1, 2, 3, 4], crs: 'urn:ogc:def:crs:EPSG:6.6:4326' }, 'area.crs'],
    ['image', 'no base64!', 'image'],
    ['image', { type: 'wrong/type' }, 'image'],
    ['image', { value: 'AAAA', mediaType: 'text/html' }, 'image'],
    ['image', { href: 'https://a.example/b.html', type: 'text/html' }, 'image'],
    ['image', { href: 'file:///etc/passwd' }, 'image.href'],
    ['image', { href: 1 }, 'image.href'],
    ['pause', 11, 'pause'],
    ['pause', -1, 'pause'],
  ])('%s: %j', (id, value, path) => {
    const answer = read(id, value);
    expect('faults' in answer && answer.faults.map((fault) => fault.path)).toEqual([path]);
  });
});
