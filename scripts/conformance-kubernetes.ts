/**
 * The official CWL tests whose tools name a container image that can be built here (scripts/rootfs.ts), on pods of the test cluster: as
 * scripts/conformance-services.ts, with each image truly the container's. What differs on pods stands in differs-on-pods.json.
 *
 *   node scripts/conformance-kubernetes.ts            TESTS=id,id for a part
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { startVersitygw, versitygw } from '@runnel/testing';
import { judgeSuite, type SuiteTest } from '../test/conformance/services/judge-suite.ts';
import { besideCluster } from '../test/kubernetes/beside-cluster.ts';
import { cwltestPath, missingForOfficialTests, officialTests } from './cwltest.ts';
import { noTestCluster, startTestCluster, type TestCluster } from './test-cluster.ts';

const root = join(import.meta.dirname, '..');
/** For tools that name no image. */
const usualImage = 'docker.io/debian:stable-slim';

const missing = noTestCluster() ?? (await missingForOfficialTests());
const cwltest = await cwltestPath();
const s3Program = versitygw();
if (missing !== undefined || cwltest === undefined || s3Program === undefined) {
  const reason = missing ?? 'cwltest or versitygw cannot be installed';
  console.log(`skipped: CWL conformance suite on pods: ${reason}\n0 passed, 0 failed, 0 differ, 1 skipped`);
} else {
  process.exitCode = await onCluster(cwltest, s3Program);
}

async function onCluster(cwltest: string, s3Program: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-conformance-'));
  const cluster = startTestCluster();
  const s3 = await startVersitygw(s3Program, folder);
  try {
    const images = imagesOf(dirname(officialTests));
    const built = loadImages(cluster, folder, [...new Set([...images.values(), usualImage])]);
    const beside = await besideCluster({
      s3,
      kubeconfig: join(cluster.env['RUN'] ?? '', 'kubeconfig'),
      expose: (port) => cluster.script('expose.sh', String(port)),
    });
    writeFileSync(join(folder, 'pods.json'), JSON.stringify({ '*': { imagePullPolicy: 'Never' } }));
    writeFileSync(join(folder, 'images.json'), JSON.stringify(built));
    Object.assign(process.env, beside.env, {
      RUNNEL_TOOL_IMAGE: usualImage,
      RUNNEL_WORKSPACE_PODS: join(folder, 'pods.json'),
      RUNNEL_CLUSTER_IMAGES: join(folder, 'images.json'),
    });
    const args = [...beside.args, '--slots', '32'];
    const ids = process.env['TESTS']?.split(',');
    const chosen = (test: SuiteTest): boolean => ids?.includes(test.id) ?? usesOneOf(test, images, built);
    return await judgeSuite({ cwltest, chosen, differs: ['differs.json', 'differs-on-pods.json'], args, atATime: 4, seconds: 300 });
  } finally {
    await s3.stop();
    cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Images by the base name of the documents that name one, and of those that run these. */
function imagesOf(suite: string): Map<string, string> {
  const files = readdirSync(suite, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.cwl'));
  const texts = new Map(files.map((name) => [basename(name), readFileSync(join(suite, name), 'utf8')]));
  const images = new Map<string, string>();
  for (let known = -1; known < images.size;) {
    known = images.size;
    for (const [name, text] of texts) {
      const own = /dockerPull: *['"]?([^\s'"]+)/.exec(text)?.[1];
      const through = [...text.matchAll(/run: *['"]?([^\s'"#]+\.cwl)/g)].map(([, path]) => images.get(basename(path ?? '')));
      const image = own ?? through.find((one) => one !== undefined);
      if (image !== undefined) images.set(name, image);
    }
  }
  return images;
}

function usesOneOf({ text }: SuiteTest, images: ReadonlyMap<string, string>, built: Readonly<Record<string, unknown>>): boolean {
  const tool = /^ *tool: *(\S+)/m.exec(text)?.[1]?.split('#')[0];
  const image = images.get(basename(tool ?? ''));
  return image !== undefined && image in built;
}

/** Makes images of the local root file systems known to the node, under the names that documents use; returns those, with their entry points. */
function loadImages(
  cluster: TestCluster,
  folder: string,
  names: readonly string[],
): Record<string, { image: string; entrypoint?: string[] }> {
  execFileSync(process.execPath, [join(root, 'scripts/rootfs.ts')], { stdio: 'ignore' });
  const home = process.env['RUNNEL_IMAGES_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel', 'images');
  const known = JSON.parse(readFileSync(join(home, 'images.json'), 'utf8')) as Record<string, { root: string; entrypoint?: string[] }>;
  const loaded: Record<string, { image: string; entrypoint?: string[] }> = {};
  for (const name of names) {
    const short = name.replace(/^docker\.io\//, '');
    const found = known[short];
    if (found === undefined) continue;
    const archive = join(folder, 'image.tar');
    const { entrypoint } = found;
    const config = JSON.stringify({
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Entrypoint: entrypoint ?? [],
    });
    execFileSync(join(root, 'deploy/images/archive.sh'), [`docker.io/library/${short}`, archive, config, join(home, found.root)]);
    cluster.script('load.sh', archive);
    loaded[name] = { image: name, ...(entrypoint !== undefined && { entrypoint }) };
  }
  cluster.load('runnel-stage');
  return loaded;
}
