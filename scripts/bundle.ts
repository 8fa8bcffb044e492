/**
 * Makes apps/cli/bundle: bin/runnel-cwl as a few files, since finding and reading 230 modules is most of what a small tool waits for, and as a
 * snapshot of the heap in which they are loaded.
 */
import { build, type BuildOptions } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'apps/cli/bundle');

const common: BuildOptions = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node24',
  conditions: ['@runnel/source'],
  // Reads its WebAssembly from beside itself.
  external: ['@jitl/*'],
  // The build of `yaml` for browsers is the same code as ES modules: what is not used is left out.
  alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
  logLevel: 'warning',
};

rmSync(outdir, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: { main: 'apps/cli/src/cwl/main.ts', worker: 'libs/sandbox/src/javascript/worker.ts' },
  // What is loaded lazily stays a file of its own.
  splitting: true,
  format: 'esm',
});
// A snapshot is made of one script, which is no module.
await build({
  ...common,
  entryPoints: { snapshot: 'apps/cli/src/cwl/snapshot.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  inject: ['apps/cli/src/cwl/bundle-file.ts'],
  define: { 'import.meta.url': 'bundleFile.url' },
});
const folder = mkdtempSync(join(tmpdir(), 'runnel-rehearsal-'));
// V8 refuses a snapshot that was made with other flags than bin/runnel-cwl has.
const flags = ['--min-semi-space-size=2', '--max-semi-space-size=2', '--no-maglev', '--optimize-for-size', '--no-warnings'];
const building = ['--snapshot-blob', join(outdir, 'snapshot.blob'), '--build-snapshot', join(outdir, 'snapshot.cjs'), folder];
const { status, stderr } = spawnSync(process.execPath, [...flags, ...building], { encoding: 'utf8' });
rmSync(folder, { recursive: true });
if (status !== 0) throw new Error(`the snapshot of runnel-cwl cannot be made: ${stderr}`);
