import { describe, expect, it } from '@jest/globals';
import { addressOf, parseAddress } from './addresses.ts';

const own = { workspace: 'demo', origins: ['http://127.0.0.1:8080', 'https://hub.example'] };

describe('parseAddress', () => {
  it.each([
    ['/workspaces/demo/files/a/b.tif', 'demo/files/a/b.tif'],
    ['http://127.0.0.1:8080/workspaces/demo/files/b.tif', 'demo/files/b.tif'],
    ['https://hub.example/workspaces/other/files/b.tif?x=1#y', 'other/files/b.tif'],
    ['files/b%20c.tif', 'demo/files/b c.tif'],
    ['/workspaces/demo/results/0193/out/', 'demo/results/0193/out'],
  ])('%s is %s', (text, key) => {
    expect(parseAddress(text, own)).toMatchObject({ address: { key } });
  });

  it.each([
    ['http://127.0.0.1:80801/workspaces/demo/files/a', /is not here/],
    ['https://hub.example.evil/workspaces/demo/files/a', /is not here/],
    ['runnel:demo/files/a', /scheme/],
    ['file:///etc/passwd', /scheme/],
    ['a.tif', /is not an address/],
    ['/workspaces/demo/secrets/a', /not the address of a file/],
    ['/workspaces/demo/files/../../other/files/a', /well-formed/],
    ['/workspaces/demo/files/%2e%2e/a', /well-formed/],
    ['/workspaces/demo/files/a%2Fb', /well-formed/],
    ['/workspaces/demo/files/%zz', /well-formed/],
    ['files/a//b', /well-formed/],
  ])('%s is none', (text, fault) => {
    expect(parseAddress(text, own)).toEqual({ fault: expect.stringMatching(fault) });
  });
});

describe('addressOf', () => {
  it('encodes what an address cannot hold', () => {
    expect(addressOf('runnel:demo/files/a b/ü#.tif', 'https://hub.example')).toBe(
      'https://hub.example/workspaces/demo/files/a%20b/%C3%BC%23.tif',
    );
    expect(addressOf('runnel:demo/results/0193/out/', '')).toBe('/workspaces/demo/results/0193/out/');
  });

  it.each(['runnel:demo/objects/abc', 'runnel:demo/packages/x.json', 'https://else.where/a'])('%s has none', (uri) => {
    expect(addressOf(uri, 'https://hub.example')).toBeUndefined();
  });
});
