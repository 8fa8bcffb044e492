import { describe, expect, it } from '@jest/globals';
import type { Json, JsonObject } from '@runnel/cwl';
import { checkSources } from './check-sources.ts';
import { OutputsRefused } from './outputs-refused.ts';

const made = { class: 'File', location: `runnel:demo/objects/${'a'.repeat(64)}`, basename: 'a' };
const at = (location: string): JsonObject => ({ class: 'File', location, basename: 'a' });
const inputs: Json = {
  band: at('runnel:demo/files/B04.tif'),
  scene: { class: 'Directory', location: 'runnel:demo/files/scene', basename: 'scene' },
  index: { ...made, secondaryFiles: [at('runnel:shared/files/index')] },
};
const check = (value: Json) =>
  checkSources({ out: value }, { workspace: 'demo', owner: 'provider', inputs: () => Promise.resolve(inputs) });

describe('sources of outputs', () => {
  it.each<[string, Json]>([
    ['what steps made', [made, { class: 'Directory', basename: 'd', listing: [made] }]],
    ['an input', at('runnel:demo/files/B04.tif')],
    ['a file of an input directory', at('runnel:demo/files/scene/deep/B04.tif')],
    ['a secondary file of an input', at('runnel:shared/files/index')],
    ['a file of the document', at(`runnel:provider/packages/files/${'b'.repeat(64)}`)],
    ['a literal', { class: 'File', basename: 'a', contents: 'x' }],
    ['what is no file', { location: 'runnel:other/files/a' }],
  ])('may be %s', async (_, value) => {
    await check(value);
  });

  it.each([
    'runnel:demo/files/secret',
    'runnel:demo/files/scene2/a',
    'runnel:demo/files/scene/../secret',
    'runnel:demo/objects/short',
    `runnel:other/objects/${'a'.repeat(64)}`,
    `runnel:other/packages/files/${'a'.repeat(64)}`,
    `runnel:provider/packages/${'a'.repeat(64)}.json`,
    'file:///etc/passwd',
    'http://169.254.169.254/latest',
  ])('may not be %s', async (location) => {
    await expect(check([{ nested: at(location) }])).rejects.toThrow(OutputsRefused);
    await expect(check({ ...made, secondaryFiles: [at(location)] })).rejects.toThrow(location);
  });

  it('asks for the inputs only where it matters', async () => {
    const where = { workspace: 'demo', owner: 'provider', inputs: () => Promise.reject(new Error('asked')) };
    await checkSources({ out: made }, where);
    await expect(checkSources({ out: at('runnel:demo/files/a') }, where)).rejects.toThrow('asked');
  });
});
