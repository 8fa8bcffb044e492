import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pythonWith } from './python-environment.ts';
import { removeFolder, repository, startUp, type Up } from './up.ts';

const pyeodh = 'pyeodh==0.1.13';
const python = await pythonWith('pyeodh-0.1.13', [pyeodh]);
const example = join(repository, 'examples/greeting');

/** The unmodified client of the hub, as its users install it. */
(python === undefined ? describe.skip : describe)(`${pyeodh} (needs Python and a package index)`, () => {
  let up: Up;
  beforeAll(async () => {
    up = await startUp();
  }, 120_000);
  afterAll(async () => {
    await up.stop();
    removeFolder(up.folder);
  }, 60_000);

  it('deploys, executes, reads results and logs, dismisses and undeploys', async () => {
    const made = await up.runnel(['token', 'create', '--data', up.folder, '--workspace', 'demo']);
    const args = [
      String(up.port),
      'demo',
      made.stdout.trim(),
      join(example, 'app.cwl'),
      readFileSync(join(example, 'inputs.json'), 'utf8'),
    ];
    const { stdout } = await promisify(execFile)(python ?? '', [join(repository, 'test/journeys/pyeodh-client.py'), ...args]);
    const found = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { before: string[]; after: string[] };
    expect(found).toMatchObject({
      deployed: ['greeting', '1.0.0'],
      twice: [409, 'greeting'],
      statuses: ['running', 'successful'],
      items: { greeting: { greeting: 'Hello, World!\n' } },
      logs: { 'Tool log write.log': 200, 'Tool log node_stage_out.log': 200 },
      jobs: 12,
      dismissed: 'dismissed',
      withoutInputs: 'failed',
      deleted: 'dismissed',
      left: false,
    });
    expect(found.before).not.toContain('greeting');
    expect(found.after).toEqual(found.before);
  }, 180_000);
});
