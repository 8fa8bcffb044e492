import { expect, it } from '@jest/globals';
import { consoleAddress } from './console-address.ts';

it('a token stands in the fragment only', () => {
  expect(consoleAddress('http://h:8080/')).toBe('http://h:8080/console');
  expect(consoleAddress('https://h/runnel', '/runs/r')).toBe('https://h/runnel/console#/runs/r');
  const address = new URL(consoleAddress('http://h', '/runs/r', 'rnl_x&y'));
  expect([address.pathname, address.search]).toEqual(['/console', '']);
  expect(Object.fromEntries(new URLSearchParams(address.hash.slice(1)))).toEqual({ token: 'rnl_x&y', to: '/runs/r' });
});
