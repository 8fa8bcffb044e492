import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The Kubernetes of deploy/testcluster while it runs. */
export interface TestCluster {
  /** For programs that use it: RUNNEL_TEST_CLUSTER is the folder with its programs and `run/kubeconfig`. */
  env: Record<string, string>;
  /** Builds images of deploy/images and makes them known to the node. */
  load(...images: string[]): void;
  /** A script of deploy/testcluster. */
  script(name: string, ...args: string[]): void;
  stop(): void;
}

/** Why there can be no test cluster here; undefined where there can. */
export function noTestCluster(): string | undefined {
  if (process.getuid?.() !== 0) return 'the test cluster needs root';
  if (spawnSync('go', ['version']).status !== 0) return 'the test cluster is built from Go modules, and there is no Go';
  return undefined;
}

/** Builds it where that was not done on this machine, and starts it. */
export function startTestCluster(): TestCluster {
  const cache = run('deploy/testcluster/build.sh', []).trim().split('\n').at(-1) ?? '';
  const env = { CACHE: cache, RUN: join(cache, 'run'), RUNNEL_TEST_CLUSTER: cache };
  run('deploy/testcluster/up.sh', [], env);
  return {
    env,
    load(...images) {
      const folder = join(cache, 'own-images');
      run('deploy/images/build.sh', [folder, ...images]);
      run('deploy/testcluster/load.sh', images.map((name) => join(folder, `${name}.tar`)), env); // prettier-ignore
    },
    script: (name, ...args) => void run(`deploy/testcluster/${name}`, args, env),
    stop: () => void run('deploy/testcluster/down.sh', [], env),
  };
}

function run(script: string, args: string[], env: Record<string, string> = {}): string {
  const stdio = ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit'];
  const output = execFileSync(join(root, script), args, { encoding: 'utf8', stdio, env: { ...process.env, ...env } });
  if (output !== '') console.log(output.trimEnd());
  return output;
}
