/**
 * Built with `node --build-snapshot`: bin/runnel-cwl as a heap in which its modules are loaded and what nearly every document needs was compiled.
 * What is remembered here is the same in every later process: nothing of this machine, its clock or its randomness may be looked at.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startupSnapshot } from 'node:v8';

import type { Spawner, SpawnResult } from '@runnel/sandbox';

import { loadJob, loadProcess } from './load-job.ts';
import { createLocalExchange } from './local-exchange.ts';
import { parseArguments } from './options.ts';
import { outputText } from './output-text.ts';
import { runProgram } from './program.ts';
import { publishOutputs } from './publish-outputs.ts';
import { runProcess } from './run-process.ts';

/** Parameter references, types, defaults, scatter, links, a command line, the files of a step. */
const documents = {
  'workflow.cwl': `cwlVersion: v1.2
class: Workflow
requirements:
  ScatterFeatureRequirement: {}
  InlineJavascriptRequirement: {}
inputs:
  words: string[]
  given: File
  count: { type: int?, default: 2 }
steps:
  each:
    run: tool.cwl
    scatter: word
    in: { word: words, given: given, count: count }
    out: [said, copies]
outputs:
  all: { type: "string[]", outputSource: each/said }
`,
  'tool.cwl': `cwlVersion: v1.2
class: CommandLineTool
baseCommand: [echo, -n]
requirements:
  ResourceRequirement: { coresMin: 1 }
inputs:
  word: { type: string, inputBinding: { position: 1, prefix: --word } }
  given: { type: File, inputBinding: { position: 4 } }
  count: { type: int, inputBinding: { position: 2, valueFrom: $(inputs.count) } }
arguments: [{ position: 3, valueFrom: "$(runtime.cores) of $(inputs.word)" }]
stdout: out.txt
outputs:
  said: { type: string, outputBinding: { outputEval: $(inputs.given.basename) } }
  copies: { type: "File[]", outputBinding: { glob: "*.copy" } }
`,
  'job.json': '{ "words": ["a", "b"], "given": { "class": "File", "path": "tool.cwl" } }',
};

/** Says of every tool that it ran. */
const spawner: Spawner = {
  isolation: { uid: false, namespaces: 'none' },
  run: () => ({ result: Promise.resolve(ended), cancel: () => Promise.resolve() }),
  close: () => Promise.resolve(),
};

const ended: SpawnResult = {
  exitCode: 0,
  wallSeconds: 0,
  cpuSeconds: 0,
  maxMemoryBytes: 0,
  logTail: '',
  logBytes: 0,
  logGap: 0,
};

/** Does what a run does, in the given folder, but starts no process and no thread: these do not outlive a snapshot. */
async function rehearse(folder: string): Promise<void> {
  for (const [name, text] of Object.entries(documents)) writeFileSync(join(folder, name), text);
  const request = parseArguments(['--quiet', '--outdir', join(folder, 'out'), join(folder, 'workflow.cwl'), join(folder, 'job.json')]);
  if (request.kind !== 'run') throw new Error(`the rehearsal asks for ${request.kind}`);
  const { options } = request;
  const workRoot = join(folder, 'work');
  mkdirSync(workRoot);
  const evaluateJavaScript = (): Promise<never> => Promise.reject(new Error('no document of the rehearsal has JavaScript'));
  const loaded = await loadProcess(options.process, () => undefined, options);
  const job = await loadJob(loaded, options, evaluateJavaScript);
  const outputs = await runProcess({
    package: job.package,
    entry: job.package.main,
    inputs: job.inputs,
    workRoot,
    parallel: options.parallel,
    ports: {
      exchange: createLocalExchange(false, true),
      evaluateJavaScript,
      spawner,
      limits: { network: 'on-request', path: '/usr/bin:/bin' },
    },
    locate: () => Promise.resolve(''),
    onError: options.onError,
    onEvents: () => undefined,
    signal: new AbortController().signal,
  });
  outputText(await publishOutputs(outputs, { outdir: options.outdir, workRoot }));
}

async function build(): Promise<void> {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('in which folder may the rehearsal write?');
  await rehearse(folder);
  startupSnapshot.setDeserializeMainFunction(() => void runProgram(process.argv.slice(2)));
}

void build();
