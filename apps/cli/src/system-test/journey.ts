import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal } from '../client/follow-run.ts';
import { postJson, request, requestJson, type ApiRequest, type Target } from '../client/http.ts';

/** A small use of an installation, from the first request to the last trace removed. Rejects with what was wrong. */
export interface Journey {
  name: string;
  /** Resolves with a remark where a part of it could not be tried. */
  travel(way: Way): Promise<string | void>;
}

/** What a journey walks on. */
export interface Way {
  target: Target;
  /** Fresh for this journey: its processes and files are named by it. */
  name: string;
  /** Text that nobody else's logs and results hold. */
  secret: string;
  image: string | undefined;
  signal: AbortSignal;
  /** Called at the end in the opposite order, however the journey ended. */
  afterwards(undo: (target: Target) => Promise<unknown>): void;
}

/** The installation answers otherwise than it should. */
class Unexpected extends Error {
  override name = 'Unexpected';
}

export function expectThat(condition: boolean, otherwise: () => string): asserts condition {
  if (!condition) throw new Unexpected(otherwise());
}

export const ask = (way: Way, path: string, init: ApiRequest = {}): Promise<Response> =>
  request(way.target, path, { ...init, signal: way.signal });

export const askJson = <T>(way: Way, path: string, init: ApiRequest = {}): Promise<T> =>
  requestJson<T>(way.target, path, { ...init, signal: way.signal });

/** Deploys a document under the journey's own name, which its `id` must be. */
export async function deploy(way: Way, document: string): Promise<void> {
  const base = `/${way.target.workspace}/ogc-api/processes`;
  way.afterwards((target) => request(target, `${base}/${way.name}`, { method: 'DELETE', tolerate: [404] }));
  await ask(way, base, { method: 'POST', body: document, headers: { 'content-type': 'application/cwl+yaml' } });
}

export async function execute(way: Way, inputs: unknown): Promise<string> {
  const base = `/${way.target.workspace}/ogc-api`;
  const { jobID } = await askJson<{ jobID: string }>(
    way,
    `${base}/processes/${way.name}/execution`,
    postJson({ inputs, response: 'document' }, { prefer: 'respond-async' }),
  );
  // A run that has ended stays as it is.
  way.afterwards((target) => request(target, `${base}/jobs/${jobID}`, { method: 'DELETE', tolerate: [404, 410] }));
  return jobID;
}

export interface Job {
  status: string;
  message?: string;
}

/** Asks for the run until it is as wanted; rejects where it has ended otherwise. */
export async function until(way: Way, run: string, wanted: (status: string) => boolean): Promise<Job> {
  for (let pause = 50; ; pause = Math.min(pause * 1.5, 1000)) {
    const job = await askJson<Job>(way, `/${way.target.workspace}/ogc-api/jobs/${run}`);
    if (wanted(job.status)) return job;
    expectThat(!isFinal(job.status), () => `run ${run} ${job.status}: ${job.message ?? ''}`);
    await sleep(pause, undefined, { signal: way.signal });
  }
}

/** A workflow of one step that says the text in its log and gives it back as a value and as a file. */
export function echoDocument(way: Way): string {
  return `cwlVersion: v1.2
$graph:
- class: Workflow
  id: ${way.name}
  label: System test
  inputs: {text: string}
  outputs:
    said: {type: string, outputSource: say/said}
    file: {type: File, outputSource: say/file}
  steps: {say: {run: '#say', in: {text: text}, out: [said, file]}}
- class: CommandLineTool
  id: say
  hints: ${hints(way)}
  baseCommand: [sh, -c, 'echo "$0" >&2; printf %s "$0"']
  inputs: {text: {type: string, inputBinding: {}}}
  stdout: said.txt
  outputs:
    file: stdout
    said: {type: string, outputBinding: {glob: said.txt, loadContents: true, outputEval: '$(self[0].contents)'}}
`;
}

/** A tool that would run for ten minutes. */
export function sleepDocument(way: Way): string {
  return `cwlVersion: v1.2
class: CommandLineTool
id: ${way.name}
label: System test
hints: ${hints(way)}
baseCommand: [sleep, '600']
inputs: []
outputs: []
`;
}

const hints = ({ image }: Way): string => (image === undefined ? '{}' : `{DockerRequirement: {dockerPull: ${JSON.stringify(image)}}}`);
