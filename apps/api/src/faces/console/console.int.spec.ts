import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request, startTestApi } from '../../testing/test-api.ts';
import type { TestApi } from '../../testing/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

describe('the console', () => {
  it.each(['/console', '/console/start.js', '/console/style.css'])('%s is for everybody, and may do little', async (path) => {
    const answer = await request(api.url, 'GET', path);
    expect(answer.status).toBe(200);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain('unsafe');
    expect([answer.headers.get('x-content-type-options'), answer.headers.get('referrer-policy')]).toEqual(['nosniff', 'no-referrer']);
  });

  it('has no script or style in its page, and asks no other host for anything', async () => {
    const { text } = await request(api.url, 'GET', '/console');
    expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|style=|https?:/);
  });

  it('is sent again only where it changed', async () => {
    const first = await request(api.url, 'GET', '/console/start.js');
    const again = await request(api.url, 'GET', '/console/start.js', { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('with a slash behind its name leads to the page, whose addresses are relative', async () => {
    const answer = await fetch(`${api.url}/console/`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([308, '../console']);
  });

  it.each(['nothing.js', '..%2fpackage.json', 'constructor'])('%s is no file of it', async (name) => {
    expect((await request(api.url, 'GET', `/console/${name}`)).status).toBe(404);
  });
});
