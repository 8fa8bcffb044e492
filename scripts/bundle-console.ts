/** Makes apps/console/bundle: the web console as the api serves it, and says how large it is. */
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const source = join(root, 'apps/console/src');
const outdir = join(root, 'apps/console/bundle');
/** Bytes after gzip: what somebody on a slow line waits for (ADR 0039). */
const budget = 60_000;

rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
await build({
  absWorkingDir: root,
  outdir,
  entryPoints: { start: join(source, 'start.tsx'), style: join(source, 'style.css') },
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
});
for (const name of ['index.html', 'icon.svg']) copyFileSync(join(source, name), join(outdir, name));

const size = ['index.html', 'start.js', 'style.css'].reduce((sum, name) => sum + gzipSync(readFileSync(join(outdir, name))).length, 0);
console.log(`console: ${size} bytes after gzip, of at most ${budget}`);
if (size > budget) {
  console.error('console: it is larger than ADR 0039 allows');
  process.exitCode = 1;
}
