import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '@runnel/testing';
import { removeFolder, repository, startUp, type Up } from './up.ts';

const example = join(repository, 'examples/vegetation');
/** Debian's, or whichever RUNNEL_CHROMIUM names. */
const program = [process.env['RUNNEL_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path) => path !== undefined && existsSync(path),
);
if (program === undefined)
  console.warn('skipped: the journey through the console needs chromium (apt-get install chromium, or RUNNEL_CHROMIUM=path)');

const markup = '<img src=x onerror="document.title=1">';
const slow = `cwlVersion: v1.2
class: CommandLineTool
id: slow
label: '${markup}'
baseCommand: [sh, -c, 'echo "begins <b>here</b>"; sleep 600']
inputs: {}
outputs: {}
`;

const describeWithBrowser = program === undefined ? describe.skip : describe;

describeWithBrowser('a person with a browser (needs chromium)', () => {
  let up: Up;
  let browser: Browser;
  let page: Page;
  /** What the browser asked for, and what it complained of. */
  const asked: string[] = [];
  const complaints: string[] = [];
  beforeAll(async () => {
    up = await startUp({ args: ['--images', join(example, 'images.json')] });
    browser = await chromium.launch({
      ...(program === undefined ? {} : { executablePath: program }),
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    page.on('request', (request) => asked.push(request.url()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await up.stop();
    removeFolder(up.folder);
  }, 60_000);

  const token = (): string => up.env['RUNNEL_TOKEN'] ?? '';
  // The page lets nobody evaluate text, which is how Playwright would wait for a function.
  const until = (what: string, holds: () => Promise<boolean>) => eventually(what, async () => (await holds()) || undefined);
  const valuesOf = (inputs: unknown[]) => inputs.map((input) => (input as { value: string }).value);
  const headed = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor();

  it('is told where the console is, and asked for a token; a wrong one is refused with the reason', async () => {
    expect(up.output()).toContain(`${up.url}/console`);
    await page.goto(`${up.url}/console`);
    await page.getByLabel('Token of a workspace').fill('rnl_wrong');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('not valid').waitFor();
    complaints.length = 0;
  }, 120_000);

  it('signs in by the address that `runnel open` prints; the token leaves it at once', async () => {
    const { stdout } = await up.runnel(['open', '--print']);
    expect(stdout.trim()).toContain(`${up.url}/console#token=`);
    await page.goto('about:blank');
    await page.goto(stdout.trim());
    await headed('Runs');
    expect(page.url()).not.toContain('rnl_');
  }, 120_000);

  it('deploys a document; faults of a wrong one stand where they are', async () => {
    await page.getByRole('link', { name: 'Processes' }).click();
    const text = page.getByLabel('A CWL document');
    await text.fill('cwlVersion: v1.2\nclass: CommandLineTool\nid: bad\nbaseComand: [x]\ninputs: {}\noutputs: {}\n');
    await page.getByRole('button', { name: 'Deploy', exact: true }).click();
    await page.getByLabel('Where it is wrong').getByText('baseComand: [x]').first().waitFor();
    for (const document of [slow, readFileSync(join(example, 'app.cwl'), 'utf8')]) {
      await text.fill(document);
      await page.getByRole('button', { name: 'Deploy', exact: true }).click();
      await page
        .getByRole('status')
        .getByText(document === slow ? 'Run slow' : 'Run vegetation')
        .waitFor();
    }
    complaints.length = 0;
    await page.getByRole('link', { name: 'Run vegetation' }).click();
    await headed('Vegetation of a Sentinel-2 scene');
  }, 120_000);

  it('runs it by its form with uploaded files, and watches the graph until it is done', async () => {
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    expect(await page.getByText('a value is needed').count()).toBe(2);
    for (const [label, file] of [
      ['Red band', 'B04.tif'],
      ['Near infrared band', 'B08.tif'],
    ] as const) {
      await page.getByLabel(`Upload ${label}`).setInputFiles(join(example, 'data', file));
      await until(`${file} is in its field`, async () =>
        (await page.locator('.field input').evaluateAll(valuesOf)).some((value) => value.endsWith(`/${file}`)),
      );
    }
    await page.getByText('Name and labels').click();
    await page.getByLabel('Name of the run').fill('By form');
    await page.getByLabel('Labels, one').fill(`note=${markup}`);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await headed('By form');
    await page.getByRole('button', { name: /^tile, running, \d/ }).waitFor();
    await page.getByRole('button', { name: 'describe, successful', exact: true }).waitFor({ timeout: 120_000 });
    await page.getByRole('button', { name: 'tile, successful, 9 / 9', exact: true }).waitFor();
  }, 240_000);

  it('sees the picture that it gave', async () => {
    const picture = page.getByRole('img', { name: 'quicklook.png' });
    await picture.waitFor();
    await until('it is drawn', async () => Number(await page.evaluate(`document.querySelector('.pictures img')?.naturalWidth`)) > 100);
    expect(await picture.getAttribute('src')).toMatch(/^blob:/);
  }, 120_000);

  it('reads the log of a step as it is written, and cancels the run', async () => {
    await page.getByRole('link', { name: 'Processes' }).click();
    await page.getByRole('link', { name: 'slow' }).click();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('button', { name: 'slow, running', exact: true }).click();
    await page.getByLabel('Log of slow').getByText('begins <b>here</b>').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.state.dismissed').first().waitFor();
  }, 120_000);

  it('finds runs by what they are called; markup in a label is text', async () => {
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await page.getByRole('row', { name: /dismissed slow/ }).waitFor();
    await page.getByLabel('Text in name').fill('by form');
    await page.getByLabel('Text in name').press('Enter');
    await page.getByRole('row', { name: /dismissed slow/ }).waitFor({ state: 'detached' });
    await page.getByText(markup).first().waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).toBe('Runnel');
  }, 120_000);

  it('cancels several at once', async () => {
    for (let count = 0; count < 2; count += 1)
      await up.request('/demo/ogc-api/processes/slow/execution', {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json', prefer: 'respond-async' },
      });
    await page.goto(`${up.url}/console#/runs?status=accepted,running,publishing`);
    await page.getByRole('row', { name: /slow/ }).nth(1).waitFor();
    await page.getByLabel('Choose all that are under way').check();
    await page.getByRole('button', { name: 'Cancel 2 runs' }).click();
    await page.getByText('No run is like that.').waitFor();
  }, 120_000);

  it('at 400 pixels nothing sticks out', async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    for (const place of ['runs', 'processes', 'processes/demo/vegetation']) {
      await page.goto(`${up.url}/console#/${place}`);
      await page.waitForTimeout(500);
      expect([place, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([place, 400]);
    }
  }, 120_000);

  it('never sent the token in an address, nor asked anybody else, and nothing was refused or broke', () => {
    expect(asked.length).toBeGreaterThan(20);
    expect(
      asked.filter((url) => url.includes(token()) || !(url.startsWith(up.url) || url.startsWith('blob:') || url === 'about:blank')),
    ).toEqual([]);
    expect(complaints).toEqual([]);
    expect(up.output()).not.toContain(token());
  });

  it('is led back to sign in when the token is revoked', async () => {
    const { stdout } = await up.runnel(['token', 'list', '--data', up.folder, '--workspace', 'demo', '--json']);
    const [{ id }] = JSON.parse(stdout) as [{ id: string }];
    await up.runnel(['token', 'revoke', '--data', up.folder, '--workspace', 'demo', id]);
    await page.goto(`${up.url}/console#/runs`);
    await page.getByRole('alert').getByText('not valid').waitFor();
    await page.getByLabel('Token of a workspace').waitFor();
  }, 120_000);
});
