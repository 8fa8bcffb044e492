import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import {
  createJavaScriptPool,
  createSpawner,
  describeIsolation,
  detectIsolation,
  imageFolders,
  noImages,
  noIsolation,
  readImages,
  type IsolationMode,
  type LocalImages,
} from '@runnel/sandbox';

import { CwlFault } from './fault.ts';
import { loadJob, loadProcess } from './load-job.ts';
import { createLocalExchange } from './local-exchange.ts';
import type { CwlOptions } from './options.ts';
import { outputText } from './output-text.ts';
import { publishOutputs } from './publish-outputs.ts';
import { createProgress, type Progress } from './report-progress.ts';
import { runProcess } from './run-process.ts';
import { refuseUnsupported } from './unsupported.ts';

/** Checks a document; prints what it finds. Throws CwlFault where it is not valid. */
export async function validate(options: CwlOptions): Promise<number> {
  await loadProcess(options.process, (text) => process.stderr.write(`${text}\n`));
  process.stderr.write(`${options.process} is valid CWL.\n`);
  return 0;
}

/** Runs a process to its end and prints its outputs. Leaves no process and no temporary file behind, also where it throws. */
export async function run(options: CwlOptions): Promise<number> {
  const progress = createProgress(options.quiet);
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort());
  const images: LocalImages = options.containers && options.images !== undefined ? readImages(options.images) : noImages;
  // A root file system can be entered only in namespaces.
  const isolated = options.isolation || [...images.values()].some(({ root }) => root !== undefined);
  const isolation = isolated ? await wantedIsolation(progress) : noIsolation;
  const base = makeTemporary(options.temporaryPrefix);
  const workRoot = join(base, 'work');
  mkdirSync(workRoot, { mode: 0o711 });
  const spawner = createSpawner({ isolation, control: join(base, 'control'), workRoot, visible: imageFolders(images), temporary: base });
  // Its first slot is made while the document is loaded.
  spawner.warm(1);
  const javascript = createJavaScriptPool({ threads: options.parallel, timeout: options.evalTimeout });
  try {
    const pkg = await loadProcess(options.process, (text) => progress.note(text));
    refuseUnsupported(pkg, pkg.main, images);
    const job = await loadJob(pkg, options, javascript.evaluate);
    const outputs = await runProcess({
      package: job.package,
      entry: job.package.main,
      inputs: job.inputs,
      workRoot,
      parallel: options.parallel,
      ports: {
        exchange: createLocalExchange(isolated),
        evaluateJavaScript: javascript.evaluate,
        spawner,
        images,
        limits: { network: 'on-request', path: process.env['PATH'] ?? '/usr/bin:/bin' },
        onWarning: (text) => progress.note(text),
      },
      ...(!options.quiet && { onLog: (step: string, chunk: Buffer) => progress.onLog(step, chunk) }),
      onEvents: (events) => progress.onEvents(events),
      signal: interrupted.signal,
    });
    const published = await publishOutputs(outputs, { outdir: resolve(options.outdir), workRoot });
    process.stdout.write(`${outputText(published)}\n`);
    return 0;
  } finally {
    progress.end();
    await Promise.all([spawner.close(), javascript.close()]);
    rmSync(base, { recursive: true, force: true });
  }
}

/** A folder of our own; tools with another uid pass through it. */
function makeTemporary(prefix: string): string {
  if (!existsSync(dirname(prefix))) mkdirSync(dirname(prefix), { recursive: true });
  const base = mkdtempSync(resolve(prefix) + (prefix.endsWith('/') ? '/' : ''));
  return base;
}

async function wantedIsolation(progress: Progress): Promise<IsolationMode> {
  const { mode, advice } = await detectIsolation();
  if (mode.namespaces === 'none') throw new CwlFault(`tools cannot be isolated here: ${advice ?? 'no way was found'}`);
  progress.note(`isolation: ${describeIsolation(mode)}`);
  return mode;
}
