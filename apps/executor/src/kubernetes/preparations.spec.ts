import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { loadPackage } from '@runnel/cwl';
import { openObjectStore } from '@runnel/objects';
import type { BackendContext } from '../backend.ts';
import type { StepRequest } from '../steps/attempt.ts';
import type { PodDefaults } from './pod-choices.ts';
import { createPreparations } from './preparations.ts';

const secret = 'planted-input-secret-0815';

const tool = `cwlVersion: v1.2
class: CommandLineTool
id: say
baseCommand: [echo]
arguments: [$(inputs.nothing.at.all)]
inputs: { word: string }
outputs: {}`;

it('tells no secret where a fault tells of the inputs that it met', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-prepare-'));
  const store = await openObjectStore(`${pathToFileURL(folder).href}/`);
  const { package: cwl } = await loadPackage('file:///tool.cwl', () => Promise.resolve(tool));
  const [id = ''] = Object.keys(cwl?.processes ?? {});
  const surroundings = {
    store,
    packages: () => Promise.resolve(cwl),
    evaluateJavaScript: () => Promise.reject(new Error('no JavaScript here')),
    askSecrets: () => Promise.resolve({ environment: {}, inputs: { '(secret-1)': secret } }),
  };
  const defaults: Partial<PodDefaults> = { images: {}, timeLimitSeconds: 60 };
  const preparations = createPreparations({ surroundings } as unknown as BackendContext, defaults as PodDefaults);
  const request: StepRequest = {
    ...{ workspace: 'demo', run: '01936d2e-7c1a-7000-8000-000000000001', step: 'say', attempt: 1, executor: 'x' },
    process: { workspace: 'demo', digest: '', id },
    inputs: { word: '(secret-1)' },
    ...{ requirements: [], hints: [], acceptedAt: '2026-11-21T12:00:00.000Z', secrets: true },
  };
  await expect(preparations.of(request)).rejects.toMatchObject({
    failureClass: 'expression',
    message: expect.stringMatching(/inputs\.nothing.*"word": "\*\*\*"/),
  });
  rmSync(folder, { recursive: true });
});
