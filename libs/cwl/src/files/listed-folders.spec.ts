import { describe, expect, it } from '@jest/globals';
import type { CwlType, Json, JsonObject, LoadListing } from '../model.ts';
import { references, required } from '../given.fixture.ts';
import { listedPrefix, showingListings } from './listed-folders.ts';

const file = (basename: string): JsonObject => ({ class: 'File', basename, location: `runnel:demo/objects/${basename}` });
const inner = { class: 'Directory', basename: 'inner', location: `${listedPrefix}2`, listing: [file('b')] };
const folder = { class: 'Directory', basename: 'folder', location: `${listedPrefix}1`, listing: [file('a'), inner] };
const { listing: _whole, ...unlisted } = folder;
const { listing: _inner, ...innerUnlisted } = inner;

interface Given {
  value?: Json;
  type?: CwlType;
  loadListing?: LoadListing;
  requirement?: LoadListing;
  cwlVersion?: 'v1.0' | 'v1.2';
}

/** What `seen` makes of the expression's context, and what comes out of it. */
async function evaluated(
  { value = folder, type = 'Directory', requirement, loadListing, cwlVersion = 'v1.2' }: Given,
  template = '$(inputs.d)',
) {
  let seen: Json = null;
  const evaluate = showingListings(
    (text, context, path) => {
      seen = context.inputs['d'] ?? null;
      return references(cwlVersion)(text, context, path);
    },
    {
      process: { cwlVersion, inputs: [{ id: 'd', type, ...(loadListing && { loadListing }) }] },
      requirements: required(requirement === undefined ? {} : { LoadListingRequirement: { loadListing: requirement } }),
    },
  );
  const result = await evaluate(template, { inputs: { d: value }, self: value, runtime: {} }, 'p');
  return { seen, result };
}

describe('a folder that is kept as its files', () => {
  it.each<[string, Given, Json]>([
    ['nothing by default', {}, unlisted],
    ['everything by default in v1.0', { cwlVersion: 'v1.0' }, folder],
    ['nothing where the input says so against the requirement', { requirement: 'deep_listing', loadListing: 'no_listing' }, unlisted],
    ['one level', { loadListing: 'shallow_listing' }, { ...folder, listing: [file('a'), innerUnlisted] }],
    ['all levels', { requirement: 'deep_listing' }, folder],
  ])('shows expressions %s', async (_, given, expected) => {
    expect((await evaluated(given)).seen).toEqual(expected);
  });

  it('is looked at by the word of its field in a record, and in lists', async () => {
    const record: CwlType = {
      type: 'record',
      fields: [{ name: 'x', type: { type: 'array', items: 'Directory' }, loadListing: 'deep_listing' }],
    };
    expect((await evaluated({ type: record, value: { x: [folder] } })).seen).toEqual({ x: [folder] });
    expect((await evaluated({ type: record, value: { y: [folder] } })).seen).toEqual({ y: [unlisted] });
  });

  it('is whole again in what an expression gives, through self too', async () => {
    expect((await evaluated({})).result).toEqual(folder);
    expect((await evaluated({ loadListing: 'shallow_listing' })).result).toEqual(folder);
    expect((await evaluated({}, '$(self)')).result).toEqual(folder);
  });

  it('changes nothing of how a text is read', async () => {
    const evaluate = showingListings(references(), {
      process: { cwlVersion: 'v1.2', inputs: [{ id: 'd', type: 'Directory' }] },
      requirements: required({}),
    });
    for (const value of [folder, null])
      expect(await evaluate(' $(inputs.n) ', { inputs: { d: value, n: 1 }, self: null, runtime: {} }, 'p', { keepWhitespace: true })).toBe(
        ' 1 ',
      );
  });

  it('is a literal of its author otherwise, and stays as he wrote it', async () => {
    const literal = { class: 'Directory', basename: 'made', listing: [file('a'), inner] };
    expect((await evaluated({ value: literal })).seen).toEqual({ ...literal, listing: [file('a'), innerUnlisted] });
    const own = { ...literal, listing: [file('a')] };
    expect((await evaluated({ value: own })).seen).toEqual(own);
  });
});
