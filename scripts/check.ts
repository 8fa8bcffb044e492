/** Everything that must hold before a commit and is no test of behaviour. Runs all of it, then names what failed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const node = process.execPath;

const checks: [name: string, program: string, args: string[]][] = [
  ['format', node, ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']],
  ['types', node, ['node_modules/typescript/bin/tsc', '-b']],
  ['types of tests and scripts', node, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.eslint.json']],
  ['lint', node, ['--max-old-space-size=4096', 'node_modules/eslint/bin/eslint.js', '.']],
  ['unused code', node, ['node_modules/knip/bin/knip.js', '--no-progress']],
  ['generated documents', node, ['scripts/generate-docs.ts', '--check']],
  ['policy', node, ['scripts/policy.ts', 'check']],
  ['crash points', node, ['scripts/check-crash-points.ts']],
];

const failed: string[] = [];
for (const [name, program, args] of checks) {
  const begun = Date.now();
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(', ')}. \`make format\` formats; \`make docs\` regenerates documents.`);
  process.exitCode = 1;
}
