import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import type { CwlPackage } from '@runnel/cwl';
import {
  createJavaScriptPool,
  createSpawner,
  describeIsolation,
  detectIsolation,
  imageFolders,
  noImages,
  noIsolation,
  spreadFolders,
  type IsolationMode,
  type LocalImages,
} from '@runnel/sandbox';

import type { Containers } from './containers.ts';
import { CwlFault } from './fault.ts';
import { loadJob, loadProcess, type LoadedJob } from './load-job.ts';
import { createLocalExchange } from './local-exchange.ts';
import { spareMemory } from './memory-use.ts';
import type { CwlOptions } from './options.ts';
import { outputText } from './output-text.ts';
import { publishOutputs } from './publish-outputs.ts';
import { createProgress, type Progress } from './report-progress.ts';
import { removeTemporary } from './remove-temporary.ts';
import type { RunExtras } from './run-extras.ts';
import { runProcess } from './run-process.ts';
import { hasSecrets, refuseUnsupported, wantsContainers } from './unsupported.ts';

/** Checks a document; prints what it finds. Throws CwlFault where it is not valid. */
export async function validate(options: CwlOptions): Promise<number> {
  await loadProcess(options.process, (text) => process.stderr.write(`${text}\n`), options);
  process.stderr.write(`${options.process} is valid CWL.\n`);
  return 0;
}

/** Runs a process to its end and prints its outputs. Leaves no process and no temporary file behind, also where it throws (many are removed a moment later). */
export async function run(options: CwlOptions): Promise<number> {
  const progress = createProgress(options.quiet, options.timestamps);
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort());
  const base = makeTemporary(options.temporaryPrefix);
  const workRoot = join(base, 'work');
  mkdirSync(workRoot, { mode: 0o711 });
  spreadFolders(workRoot);
  const spawnerFor = (isolation: IsolationMode, images: LocalImages = noImages): ReturnType<typeof createSpawner> =>
    createSpawner({
      isolation,
      control: join(base, 'control'),
      workRoot,
      visible: imageFolders(images),
      ...(!options.keepTemporary && { temporary: base }),
    });
  const isolation = options.isolation ? await wantedIsolation() : noIsolation;
  let spawner = spawnerFor(isolation);
  // Its first slot is made while the document is loaded.
  spawner.warm(1);
  const javascript = createJavaScriptPool({ threads: options.parallel, timeout: options.evalTimeout });
  try {
    const loaded = await loadProcess(options.process, (text) => progress.note(text), options);
    const pkg = await selected(loaded.package, options);
    refuseUnsupported(pkg, pkg.main);
    const containers = await containersOf(pkg, options, (text) => progress.note(text));
    if (containers?.enters && !options.isolation) {
      await spawner.close();
      spawner = spawnerFor(await rootIsolation(), containers.images);
    } else if (containers && containers.images.size > 0) {
      await spawner.close();
      spawner = spawnerFor(isolation, containers.images);
    }
    progress.note(`isolation: ${describeIsolation(spawner.isolation)}`);
    const given = loaded.job === undefined ? options : { ...options, job: loaded.job };
    const job = await loadJob({ ...loaded, package: pkg }, given, javascript.evaluate);
    const extras = await extrasOf(options, job, progress);
    spareMemory();
    const outputs = await runProcess({
      package: job.package,
      entry: job.package.main,
      inputs: job.inputs,
      workRoot,
      parallel: options.parallel,
      ports: {
        // With a container engine or in namespaces the originals are out of sight; tools of the same user can be given links.
        exchange: createLocalExchange(spawner.isolation.namespaces !== 'none' || containers?.engine !== undefined, !spawner.isolation.uid),
        evaluateJavaScript: javascript.evaluate,
        spawner,
        ...(containers && { images: containers.images }),
        ...(containers?.engine && { engine: containers.engine }),
        ...(containers?.defaultImage !== undefined && { defaultImage: containers.defaultImage }),
        ...extras.ports,
        limits: { network: 'on-request', path: process.env['PATH'] ?? '/usr/bin:/bin' },
        onWarning: (text) => progress.note(text),
      },
      ...extras.run,
      locate: async (process, reason) => (await import('./locate-fault.ts')).locateFault(loaded, process, reason),
      onError: options.onError,
      ...(!options.quiet && { onLog: (step: string, chunk: Buffer) => progress.onLog(step, chunk) }),
      onEvents: (events) => progress.onEvents(events),
      signal: interrupted.signal,
    });
    const published = await publishOutputs(outputs, { outdir: resolve(options.outdir), workRoot });
    await extras.finish?.(published);
    process.stdout.write(`${outputText(published)}\n`);
    return 0;
  } catch (error) {
    if (error instanceof Error) error.message = progress.masked(error.message);
    throw error;
  } finally {
    progress.end();
    await Promise.all([spawner.close(), javascript.close()]);
    if (options.keepTemporary) progress.note(`temporary folders are kept in ${base}`);
    else removeTemporary(base, workRoot);
  }
}

async function selected(pkg: CwlPackage, options: CwlOptions): Promise<CwlPackage> {
  if (options.targets.length === 0 && options.singleStep === undefined) return pkg;
  return (await import('./select-steps.ts')).selectSteps(pkg, options);
}

/** What only some command lines ask for is loaded only for them. */
async function extrasOf(options: CwlOptions, job: LoadedJob, progress: Progress): Promise<RunExtras> {
  const { preserve, cachedir, provenance, mpiConfig, verbose } = options;
  const plain = preserve !== 'all' && preserve.length === 0 && cachedir === undefined && provenance === undefined;
  if (plain && mpiConfig === undefined && !verbose && !hasSecrets(job.package)) return { ports: {}, run: {} };
  return (await import('./run-extras.ts')).createExtras(options, job, progress);
}

/** Most documents name no image; they are spared the look for what runs one. */
async function containersOf(pkg: CwlPackage, options: CwlOptions, note: (text: string) => void): Promise<Containers | undefined> {
  if (!wantsContainers(pkg) && options.defaultContainer === undefined) return undefined;
  return (await import('./containers.ts')).findContainers(pkg, options, note);
}

/** A folder of our own; tools with another uid pass through it. */
function makeTemporary(prefix: string): string {
  if (!existsSync(dirname(prefix))) mkdirSync(dirname(prefix), { recursive: true });
  const base = mkdtempSync(resolve(prefix) + (prefix.endsWith('/') ? '/' : ''));
  return base;
}

async function wantedIsolation(): Promise<IsolationMode> {
  const { mode, advice } = await detectIsolation();
  if (mode.namespaces === 'none') throw new CwlFault(`tools cannot be isolated here: ${advice ?? 'no way was found'}`);
  return mode;
}

/** A tool in a root file system runs as the user who asks, without any privilege there: what it writes is the user's. */
async function rootIsolation(): Promise<IsolationMode> {
  const mode = await wantedIsolation();
  return { uid: false, namespaces: mode.namespaces };
}
