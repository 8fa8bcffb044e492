import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@runnel/testing';
import { accept, untilFinal } from '../../journeys/up.ts';
import { cache, clusterEnv, host, script } from '../../kubernetes/cluster.ts';
import { namespace, startInstallation, watchPods, type Installation } from '../../kubernetes/installation.ts';
import { median, root, seconds, times, type Row } from '../measure.ts';
import { runPod } from './peers.ts';

interface Size {
  files: number;
  mebibytes: number;
  /** Least part of the plain client's speed. */
  target: number;
}

const sizes: Size[] = [
  { files: 16, mebibytes: 64, target: 0.7 },
  { files: 1, mebibytes: 1024, target: 0.5 },
];
const rounds = 3;

/** Seconds to bring files out of a pod, and into one. */
interface Took {
  out: number;
  in: number;
}

/** A step leaves files, the next one gets them. Each rests for a while, so that its containers' logs can be followed. */
const document = `cwlVersion: v1.2
$graph:
  - class: Workflow
    id: hand-on
    inputs: { files: int, mebibytes: int }
    outputs: {}
    steps:
      leave: { run: '#leave', in: { files: files, mebibytes: mebibytes }, out: [left] }
      take: { run: '#take', in: { left: leave/left }, out: [] }
  - class: CommandLineTool
    id: leave
    requirements: &room
      ResourceRequirement: { coresMin: 0.1, ramMin: 256, ramMax: 2048, outdirMin: 1, outdirMax: 3000 }
    baseCommand: [sh, -c, 'for i in $(seq $0); do dd if=/dev/urandom of=left.$i bs=1M count=$1; done; sleep 5']
    inputs: { files: { type: int, inputBinding: { position: 1 } }, mebibytes: { type: int, inputBinding: { position: 2 } } }
    outputs: { left: { type: 'File[]', outputBinding: { glob: left.* } } }
  - class: CommandLineTool
    id: take
    requirements: *room
    baseCommand: [sleep, '5']
    inputs: { left: 'File[]' }
    outputs: {}
`;

/** Files of a step brought and kept, beside curl in a pod, eight at a time too, with the same store. */
export async function benchStaging(row: (row: Row) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-bench-'));
  const installation = await startInstallation({ '*': { imagePullPolicy: 'Never' } });
  try {
    buildCurlImage(folder);
    await installation.deployed(document);
    for (const size of sizes) {
      const ours: Took[] = [];
      const plain: Took[] = [];
      for (let round = 0; round < rounds; round += 1) {
        plain.push(await curl(installation, size));
        ours.push(await handedOn(installation, size));
      }
      for (const way of ['out', 'in'] as const) {
        const [mine, peer] = [ours, plain].map((all) => median(all.map((took) => took[way]))) as [number, number];
        const what = `${size.files} x ${size.mebibytes} MiB ${way} of a pod, beside curl`.replace('in of', 'into');
        row({ what, ours: seconds(mine), peer: seconds(peer), ratio: times(peer / mine), target: `>= ${size.target}x of its speed` });
      }
    }
  } finally {
    await installation.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const image = 'registry.local/bench-curl:1';

function buildCurlImage(folder: string): void {
  const files = join(folder, 'root');
  const programs = ['/bin/sh', ...['curl', 'date', 'dd', 'seq', 'xargs'].map((name) => `/usr/bin/${name}`)];
  mkdirSync(files);
  execFileSync(join(root, 'deploy/images/programs.sh'), [files, ...programs]);
  execFileSync(join(root, 'deploy/images/archive.sh'), [image, join(folder, 'curl.tar'), '{"Env":["PATH=/usr/bin:/bin"]}', files]);
  script('load.sh', join(folder, 'curl.tar'));
}

async function curl({ s3Port }: Installation, { files, mebibytes }: Size): Promise<Took> {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env;
  const fetch = `xargs -P 8 -I% curl -sSf --aws-sigv4 aws:amz:us-east-1:s3 -u ${id}:${secret} -H x-amz-content-sha256:UNSIGNED-PAYLOAD`;
  const url = `http://${host}:${s3Port}/runnel/curl/%`;
  const said = await runPod('curl', {
    image,
    command: [
      'sh',
      '-ec',
      `cd /out; for i in $(seq ${files}); do dd if=/dev/urandom of=$i bs=1M count=${mebibytes} status=none; done
begun=$(date +%s%N); seq ${files} | ${fetch} -T % ${url}
kept=$(date +%s%N); seq ${files} | ${fetch} -o in.% ${url}
echo $((kept - begun)) $(($(date +%s%N) - kept))`,
    ],
  });
  const [out = NaN, into = NaN] = said.trim().split(' ').map(Number);
  return { out: out / 1e9, in: into / 1e9 };
}

async function handedOn(installation: Installation, { files, mebibytes }: Size): Promise<Took> {
  const watched = watchPods();
  try {
    const before = new Set(watched.seen.keys());
    const id = await accept(installation.up, 'hand-on', { files, mebibytes });
    const next = async (): Promise<string> => {
      let name = '';
      const isNew = (pod: { name: string; phase: string }): boolean => !before.has(pod.name) && pod.phase === 'Running';
      await eventually('a pod runs', () => (name = watched.now().find(isNew)?.name ?? '') !== '', 300_000);
      before.add(name);
      return name;
    };
    const out = await tookIn(await next(), 'upload');
    const into = await tookIn(await next(), 'stage');
    const { status, message } = await untilFinal(installation.up, id, 300_000);
    if (status !== 'successful') throw new Error(`the run is ${status}: ${message}`);
    return { out, in: into };
  } finally {
    watched.stop();
  }
}

/** What a container of ours says when it has done its work. */
async function tookIn(pod: string, container: string): Promise<number> {
  const args = ['-n', namespace, 'logs', '--follow', '-c', container, pod];
  const { stdout } = await promisify(execFile)(join(cache, 'bin/kubectl'), args, { env: clusterEnv });
  const told = /took ([\d.]+) s/.exec(stdout)?.[1];
  if (told === undefined) throw new Error(`${container} of ${pod} does not say how long it took: ${stdout}`);
  return Number(told);
}
