import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { partBytes, type CollectRequest, type StageEntry, type UrlsRequest } from '@runnel/kube-pod';
import { openObjectStore, type DirectAccess, type ObjectStore } from '@runnel/objects';
import { startVersitygw, versitygw } from '@runnel/testing';
import { inTurn, measure, printRows, root, times, type Measured, type Row } from './measure.ts';

const mebi = 1024 * 1024;
const rounds = 3;

interface Load {
  name: string;
  count: number;
  size: number;
  target: number;
}
const loads: Load[] = [
  { name: '16 files of 64 MiB', count: 16, size: 64 * mebi, target: 0.7 },
  { name: 'one file of 1 GB', count: 1, size: 1_000_000_000, target: 0.5 },
];

interface Subject {
  key: string;
  path: string;
  sha256: string;
  size: number;
}

interface Bench {
  folder: string;
  store: ObjectStore;
  direct: DirectAccess;
  program: string;
}

/** What the program of deploy/stage brings in and keeps, with all checksums, beside curl with the same presigned addresses and none. */
export async function benchStaging(): Promise<void> {
  const command = versitygw();
  if (command === undefined) {
    console.log('staging: skipped (needs Go for versitygw and deploy/stage)\n');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'runnel-bench-staging-'));
  const server = await startVersitygw(command, folder);
  try {
    process.env['AWS_ACCESS_KEY_ID'] = server.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = server.secretAccessKey;
    const store = await openObjectStore(server.bucket('bench'));
    if (!store.direct) throw new Error('the store cannot be reached directly');
    execFileSync(join(root, 'deploy/stage/build.sh'), [folder]);
    const bench: Bench = { folder, store, direct: store.direct, program: join(folder, 'runnel-stage') };
    const rows: Row[] = [];
    for (const load of loads) rows.push(...(await rowsOf(bench, load)));
    printRows('staging through S3 (versitygw), MB/s', rows);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function rowsOf(bench: Bench, load: Load): Promise<Row[]> {
  const work = join(bench.folder, 'work');
  mkdirSync(work, { recursive: true });
  const subjects: Subject[] = [];
  for (let n = 0; n < load.count; n += 1) subjects.push(await makeSubject(work, n, load.size));
  const stager = stagingEndpoint(bench, subjects);
  const url = await listening(stager);
  try {
    const out = await inTurn(rounds, {
      ours: () => emptied(bench, () => upload(bench, url)),
      peer: () => emptied(bench, () => curl(bench, subjects, 'out')),
    });
    for (const subject of subjects) await bench.store.putFile(subject.key, subject.path);
    const into = await inTurn(rounds, { ours: () => stage(bench, url), peer: () => curl(bench, subjects, 'in') });
    return [rowOf(`${load.name} in`, load, into), rowOf(`${load.name} out`, load, out)];
  } finally {
    stager.close();
    rmSync(work, { recursive: true });
    rmSync(join(bench.folder, 'inputs'), { recursive: true, force: true });
    await emptied(bench, async () => undefined);
  }
}

function rowOf(what: string, { count, size, target }: Load, { ours, peer }: Record<string, Measured>): Row {
  const rate = (measured: Measured | undefined) => (count * size) / 1e6 / (measured?.wall ?? Number.NaN);
  const [mine, theirs] = [rate(ours), rate(peer)];
  return { what, ours: mine.toFixed(0), peer: theirs.toFixed(0), ratio: times(mine / theirs), target: `>= ${target}x (curl)` };
}

/** Contents that differ, so that nothing is already there. */
async function makeSubject(work: string, n: number, size: number): Promise<Subject> {
  const path = join(work, `file-${n}`);
  const block = Buffer.alloc(mebi, `block of file ${n} of ${size}; `);
  await pipeline(
    (function* () {
      for (let left = size; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length));
    })(),
    createWriteStream(path),
  );
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const sha256 = hash.digest('hex');
  return { key: `ws/objects/${sha256}`, path, sha256, size };
}

async function emptied<Result>({ store }: Bench, work: () => Promise<Result>): Promise<Result> {
  for await (const { key } of store.list('ws/')) await store.delete(key);
  return work();
}

/** As an executor answers, for one attempt. */
function stagingEndpoint({ folder, direct }: Bench, subjects: Subject[]): Server {
  const paths = { version: 1 as const, fifo: join(folder, 'end.fifo'), exitFile: join(folder, 'exit.json') };
  const entries = subjects.map(({ key, sha256, size }, n): StageEntry => ({
    kind: 'object',
    key,
    sha256,
    size,
    target: join(folder, `inputs/${n}`),
    writable: true,
  }));
  const plan = {
    version: 1,
    roots: [join(folder, 'inputs')],
    entries,
    parallel: 8,
    files: { program: join(folder, 'program'), wrap: join(folder, 'wrap.json'), upload: join(folder, 'upload.json') },
    wrap: { ...paths, argv: ['true'], env: {}, cwd: folder },
    upload: { ...paths, outdir: join(folder, 'work'), parallel: 8 },
  };
  const urls = async ({ get = [], put = [], complete = [] }: Partial<UrlsRequest>): Promise<unknown> => {
    for (const { sha256, size, uploadId, parts, etags } of complete)
      await direct.completeParts(`ws/objects/${sha256}`, {
        uploadId,
        size,
        parts: parts.map((sum, n) => ({ sha256: sum, etag: etags[n] ?? '' })),
      });
    const putAnswers = put.map(async ({ sha256, size, parts }) => {
      const key = `ws/objects/${sha256}`;
      if (size <= partBytes) return (await direct.signPuts([{ key, sha256, size }]))[0];
      const uploadId = await direct.beginParts(key);
      return { uploadId, parts: await direct.signParts(key, uploadId, parts ?? []) };
    });
    return { version: 1, get: await direct.signGets(get.map(({ key }) => key)), put: await Promise.all(putAnswers) };
  };
  const collect = ({ uploaded = {}, listing = [] }: Partial<CollectRequest>): unknown =>
    Object.keys(uploaded).length > 0 ? { next: 'done' } : { next: 'upload', files: listing.map(({ path }) => path) };
  return createServer((request, response) => {
    void (async () => {
      const body = (await json(request)) as Partial<UrlsRequest & CollectRequest>;
      const answer = request.url === '/staging/v1/plan' ? plan : request.url === '/staging/v1/urls' ? await urls(body) : collect(body);
      response.end(JSON.stringify(answer));
    })();
  });
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function environment({ folder }: Bench, url: string): string[] {
  const token = join(folder, 'token');
  writeFileSync(token, 'token');
  return [`RUNNEL_STAGING_URL=${url}`, `RUNNEL_STAGING_TOKEN_FILE=${token}`, 'RUNNEL_ATTEMPT={}'];
}

function stage(bench: Bench, url: string): Promise<Measured> {
  rmSync(join(bench.folder, 'inputs'), { recursive: true, force: true });
  return measure('env', [...environment(bench, url), bench.program, 'stage']);
}

/** The tool has ended when it starts: what is measured is what comes then. */
async function upload(bench: Bench, url: string): Promise<Measured> {
  const fifo = join(bench.folder, 'end.fifo');
  const plan = join(bench.folder, 'upload.json');
  writeFileSync(
    plan,
    JSON.stringify({ version: 1, outdir: join(bench.folder, 'work'), fifo, exitFile: '/nowhere/exit.json', parallel: 8 }),
  );
  const script = `[ -p ${fifo} ] || mkfifo ${fifo}; { : >${fifo}; } 2>/dev/null & exec env "$@"`;
  return measure('sh', ['-c', script, 'sh', ...environment(bench, url), bench.program, 'upload', plan]);
}

async function curl({ direct, folder }: Bench, subjects: Subject[], way: 'in' | 'out'): Promise<Measured> {
  const signed = way === 'in' ? await direct.signGets(subjects.map(({ key }) => key)) : await direct.signPuts(subjects);
  const config = join(folder, 'curl.conf');
  mkdirSync(join(folder, 'inputs'), { recursive: true });
  const lines = signed.flatMap(({ url, headers }, n) => [
    ...(n === 0 ? [] : ['next']),
    'fail',
    'silent',
    'show-error',
    `url = "${url}"`,
    ...Object.entries(headers).map(([name, value]) => (name === 'content-length' ? '' : `header = "${name}: ${value}"`)),
    way === 'in' ? `output = "${join(folder, `inputs/curl-${n}`)}"` : `upload-file = "${subjects[n]?.path ?? ''}"`,
  ]);
  writeFileSync(config, lines.join('\n'));
  return measure('curl', ['--parallel', '--parallel-immediate', '--parallel-max', '8', '--config', config]);
}
