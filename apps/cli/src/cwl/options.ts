import { availableParallelism, tmpdir } from 'node:os';

import type { ContainerEngineName } from '@runnel/sandbox';

export interface CwlOptions {
  process: string;
  job?: string;
  /** What follows the process as `--input value`. */
  inputFlags: string[];
  outdir: string;
  basedir?: string;
  temporaryPrefix: string;
  parallel: number;
  /** Seconds of CPU time of one JavaScript evaluation. */
  evalTimeout: number;
  quiet: boolean;
  isolation: boolean;
  containers: boolean;
  images?: string;
  engine?: ContainerEngineName;
  defaultContainer?: string;
}

/** What the command line asks for. */
export type Request =
  { kind: 'run' | 'validate'; options: CwlOptions } | { kind: 'version' } | { kind: 'help' } | { kind: 'usage'; message: string };

export const helpText = `Usage: runnel-cwl [options] process [job] [--input value ...]

Runs a CWL v1.0-1.2 tool or workflow on this machine. The process and the job (YAML or JSON) are paths or file: addresses;
a process of a document with several is named by a fragment (workflow.cwl#main). Prints the outputs as one JSON object.

  --outdir DIR            where outputs go (default: this directory)
  --parallel N            steps at a time (default: number of cores)
  --basedir DIR           what paths given as --input are relative to (default: this directory)
  --tmpdir-prefix PREFIX  temporary folders are PREFIX and six characters (default: ${tmpdir()}/runnel-cwl-)
  --isolation             separate tools from this machine and from each other, as the services do
  --images FILE           images.json: local root file systems or folders of programs that stand for container images
  --no-container          ignore images: DockerRequirement as a requirement is refused
  --eval-timeout SECONDS  CPU time of one JavaScript evaluation (default: 60)
  --validate              check the document and stop
  --quiet                 errors only
  --version, --help

Example:
  runnel-cwl --outdir results tile.cwl --bands B04.tif --bands B08.tif

Exit codes: 0 success, 1 failure, 33 the document needs something that is not supported here.
`;

type Field = 'outdir' | 'basedir' | 'temporaryPrefix' | 'images' | 'parallel' | 'evalTimeout';

const withValue = new Map<string, Field>([
  ['--outdir', 'outdir'],
  ['--basedir', 'basedir'],
  ['--tmpdir-prefix', 'temporaryPrefix'],
  ['--tmp-outdir-prefix', 'temporaryPrefix'],
  ['--images', 'images'],
  ['--parallel', 'parallel'],
  ['--eval-timeout', 'evalTimeout'],
]);

/** Reads the command line; everything after the process that is no option of ours belongs to its inputs. */
export function parseArguments(words: string[]): Request {
  const options: CwlOptions = {
    process: '',
    inputFlags: [],
    outdir: '.',
    temporaryPrefix: `${tmpdir()}/runnel-cwl-`,
    parallel: availableParallelism(),
    evalTimeout: 60,
    quiet: false,
    isolation: false,
    containers: true,
  };
  let kind: 'run' | 'validate' = 'run';
  const positional: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const [name = '', inline] = splitOption(word);
    if (positional.length > 0 && !withValue.has(name) && !flags.has(word) && word.startsWith('--')) {
      options.inputFlags.push(...words.slice(index));
      break;
    }
    if (word === '--version') return { kind: 'version' };
    if (word === '--help' || word === '-h') return { kind: 'help' };
    if (word === '--quiet') options.quiet = true;
    else if (word === '--isolation') options.isolation = true;
    else if (word === '--no-container') options.containers = false;
    else if (word === '--validate') kind = 'validate';
    else if (withValue.has(name)) {
      const value = inline ?? words[++index];
      const fault = setValue(options, name, value);
      if (fault !== undefined) return { kind: 'usage', message: fault };
    } else if (word.startsWith('-') && word !== '-') return { kind: 'usage', message: `there is no option ${name}` };
    else positional.push(word);
  }
  const [process, job, ...rest] = positional;
  if (process === undefined) return { kind: 'usage', message: 'a process is missing: the path of a CWL document' };
  if (rest.length > 0) return { kind: 'usage', message: `one process and one job are expected, not also ${rest.join(' ')}` };
  return { kind, options: { ...options, process, ...(job !== undefined && { job }) } };
}

const flags = new Set(['--version', '--help', '-h', '--quiet', '--isolation', '--no-container', '--validate']);

function splitOption(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return word.startsWith('--') && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word, undefined];
}

/** Returns what is wrong with the value. */
function setValue(options: CwlOptions, name: string, value: string | undefined): string | undefined {
  const field = withValue.get(name);
  if (value === undefined) return `${name} needs a value`;
  if (field === 'parallel' || field === 'evalTimeout') {
    const number = Number(value);
    if (!(number > 0) || (field === 'parallel' && !Number.isInteger(number)))
      return `${name} needs a ${field === 'parallel' ? 'whole ' : ''}number above 0, not ${value}`;
    options[field] = number;
  } else if (field !== undefined) options[field] = value;
  return undefined;
}
