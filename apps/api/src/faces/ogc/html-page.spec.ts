import { expect, it } from '@jest/globals';
import { htmlPage } from './html-page.ts';

it('shows everything, leads on, and lets nothing through', () => {
  const page = htmlPage('a <b>', {
    text: '<script>alert(1)</script>',
    address: 'https://a.example/?x="y"',
    trap: { href: 'javascript:alert(1)', rel: 'x' },
    links: [{ href: 'https://a.example/next', rel: 'next', title: 'Next "page"' }],
    list: [1, null, { a: true }],
  });
  expect(page).toContain('<title>a &lt;b&gt;</title>');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('<a href="https://a.example/?x=&quot;y&quot;">');
  expect(page).toContain('<a href="https://a.example/next" rel="next">Next &quot;page&quot;</a> (next)');
  expect(page).not.toContain('href="javascript:');
  expect(page).not.toContain('<script');
});
