/**
 * The policy's WebAssembly (libs/access/policy/access.wasm) is made of deploy/policies/access.rego: `node scripts/policy.ts build` makes it, which
 * takes OPA (scripts/opa.sh, built by Go where there is none). `check` says whether it is of this source, and where OPA is also lints and tests
 * the source and compares what it compiles to, byte by byte.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, exit } from 'node:process';

const root = join(import.meta.dirname, '..');
const folder = 'deploy/policies';
const source = join(root, folder, 'access.rego');
const artefact = join(root, 'libs/access/policy/access.wasm');
const label = join(root, 'libs/access/policy/access.json');

const sourceDigest = (): string => createHash('sha256').update(readFileSync(source)).digest('hex');

function compile(opa: string): Buffer {
  const work = mkdtempSync(join(tmpdir(), 'runnel-policy-'));
  try {
    const bundle = join(work, 'bundle.tar.gz');
    execFileSync(opa, ['build', '--target', 'wasm', '--entrypoint', 'runnel/access/decision', '--output', bundle, 'access.rego'], {
      cwd: join(root, folder),
    });
    return execFileSync('tar', ['-xzPOf', bundle, '/policy.wasm'], { maxBuffer: 16 * 1024 * 1024 });
  } finally {
    rmSync(work, { recursive: true });
  }
}

function build(): void {
  const opa = execFileSync(join(root, 'scripts/opa.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const wasm = compile(opa);
  writeFileSync(artefact, wasm);
  writeFileSync(label, `${JSON.stringify({ source: `${folder}/access.rego`, sha256: sourceDigest() }, null, 2)}\n`);
  console.log(`${artefact}: ${wasm.length} bytes`);
}

function check(): string[] {
  const { sha256 } = JSON.parse(readFileSync(label, 'utf8')) as { sha256: string };
  const faults = sha256 === sourceDigest() ? [] : [`${folder}/access.rego was changed: node scripts/policy.ts build`];
  const found = spawnSync(join(root, 'scripts/opa.sh'), ['--present'], { encoding: 'utf8' });
  if (found.status !== 0) {
    console.log('the policy is not compiled and compared: OPA is not here (scripts/opa.sh)');
    return faults;
  }
  const opa = found.stdout.trim();
  for (const args of [
    ['fmt', '--list', '--fail', folder],
    ['check', '--strict', folder],
    ['test', folder],
  ]) {
    const { status, stdout, stderr } = spawnSync(opa, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) faults.push(`opa ${args.join(' ')}: ${stdout}${stderr}`);
  }
  if (!compile(opa).equals(readFileSync(artefact))) faults.push('the policy compiles to other bytes: node scripts/policy.ts build');
  return faults;
}

switch (argv[2]) {
  case 'build':
    build();
    break;
  case 'check': {
    const faults = check();
    for (const fault of faults) console.error(fault);
    exit(faults.length === 0 ? 0 : 1);
    break;
  }
  default:
    console.error('usage: node scripts/policy.ts build|check');
    exit(2);
}
