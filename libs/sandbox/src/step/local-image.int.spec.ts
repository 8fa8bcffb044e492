import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { describe, expect, it } from '@jest/globals';
import { loadAndCheck } from '@runnel/cwl';

import { detectIsolation } from '../isolation/detect.ts';
import { createSpawner } from '../spawn/spawner.ts';
import { carryOut } from './carry-out.ts';
import { checksumAndSize } from './local-files.ts';

const { mode } = await detectIsolation();
const possible = mode.namespaces === 'unshare';

const document = `cwlVersion: v1.2
class: CommandLineTool
requirements:
  DockerRequirement: {dockerPull: 'tiler:1', dockerOutputDirectory: /elsewhere}
baseCommand: [sh, -c, 'pwd; touch tile /tmp/runnel-scratch; echo "$FLAVOUR"']
inputs: {}
outputs: {said: stdout, tile: {type: File, outputBinding: {glob: tile}}}
stdout: said.txt
`;

(possible ? describe : describe.skip)(`a root file system as image${possible ? '' : ' (this machine cannot)'}`, () => {
  it('is entered, with the output directory where the document wants it, and stays unchanged', async () => {
    const base = mkdtempSync('/var/tmp/runnel-image-');
    chmodSync(base, 0o711);
    const directory = join(base, 'work', '1');
    mkdirSync(directory, { recursive: true });
    const spawner = createSpawner({ isolation: mode, control: join(base, 'control'), workRoot: join(base, 'work') });
    const loaded = await loadAndCheck('file:///tool.cwl', () => Promise.resolve(document));
    if (loaded.package === undefined) throw new Error(JSON.stringify(loaded.diagnostics));
    const attempt = { package: loaded.package, process: loaded.package.main, inputs: {}, requirements: [], hints: [], directory };
    const outcome = await carryOut(
      { ...attempt, name: 'tile', acceptedAt: '2026-01-01T00:00:00Z', seed: 'seed' },
      {
        exchange: {
          bringIn: (location) => Promise.reject(new Error(location)),
          takeOut: async (path) => ({ location: pathToFileURL(path).href, ...(await checksumAndSize(path)) }),
        },
        evaluateJavaScript: () => Promise.resolve(null),
        spawner,
        limits: { network: 'never', path: '/usr/bin:/bin' },
        images: new Map([['docker.io/library/tiler:1', { root: '/', env: { FLAVOUR: 'sweet' } }]]),
      },
    );
    await spawner.close();
    rmSync(base, { recursive: true, force: true });
    expect(outcome).toMatchObject({ outcome: 'success', outputs: { tile: { size: 0 }, said: { size: '/elsewhere\nsweet\n'.length } } });
    expect(existsSync('/elsewhere') || existsSync('/tmp/runnel-scratch')).toBe(false);
  });
});
