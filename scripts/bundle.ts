/** Makes apps/cli/bundle: bin/runnel-cwl as a few files, since finding and reading 230 modules is most of what a small tool waits for. */
import { build } from 'esbuild';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'apps/cli/bundle');

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  outdir,
  entryPoints: { main: 'apps/cli/src/cwl/main.ts', worker: 'libs/sandbox/src/javascript/worker.ts' },
  bundle: true,
  // What is loaded lazily stays a file of its own.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['@runnel/source'],
  // Reads its WebAssembly from beside itself.
  external: ['@jitl/*'],
  // The build of `yaml` for browsers is the same code as ES modules: what is not used is left out.
  alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
  logLevel: 'warning',
});
