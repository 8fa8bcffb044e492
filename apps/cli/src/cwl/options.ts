import { availableParallelism, tmpdir } from 'node:os';

import type { ContainerEngineName } from '@runnel/sandbox';

import { unsupported, withoutEffect } from './cwltool-options.ts';

/** What is printed instead of running the process. */
export type Printing = 'deps' | 'dot' | 'pack' | 'template' | 'tool-help';

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
  /** Command lines of steps are shown too. */
  verbose: boolean;
  timestamps: boolean;
  isolation: boolean;
  containers: boolean;
  images?: string;
  engine?: ContainerEngineName;
  defaultContainer?: string;
  keepTemporary: boolean;
  /** Names of variables of our own environment that tools get; `all`: every one. */
  preserve: string[] | 'all';
  /** Fields that the standard does not know are warnings. */
  lenient: boolean;
  /** Formats are compared by name only: the ontologies of `$schemas` are not read. */
  skipSchemas: boolean;
  /** After a failure: start nothing more, or all that does not depend on it. */
  onError: 'stop' | 'continue';
  cachedir?: string;
  targets: string[];
  singleStep?: string;
  provenance?: string;
  mpiConfig?: string;
  print?: Printing;
}

/** What the command line asks for. */
export type Request =
  { kind: 'run' | 'validate' | 'print'; options: CwlOptions } | { kind: 'version' } | { kind: 'help' } | { kind: 'usage'; message: string };

type Set = (options: CwlOptions, value: string) => string | void;

const text =
  (
    field:
      'outdir' | 'basedir' | 'temporaryPrefix' | 'images' | 'defaultContainer' | 'cachedir' | 'singleStep' | 'provenance' | 'mpiConfig',
  ): Set =>
  (options, value) =>
    void (options[field] = value);

/** Options with a value; a setter may say what is wrong with it. */
const withValue = new Map<string, Set>([
  ['--outdir', text('outdir')],
  ['--basedir', text('basedir')],
  ['--tmpdir-prefix', text('temporaryPrefix')],
  ['--tmp-outdir-prefix', text('temporaryPrefix')],
  ['--images', text('images')],
  ['--default-container', text('defaultContainer')],
  ['--cachedir', text('cachedir')],
  ['--single-step', text('singleStep')],
  ['--provenance', text('provenance')],
  ['--mpi-config-file', text('mpiConfig')],
  ['--target', (options, value) => void options.targets.push(value)],
  ['-t', (options, value) => void options.targets.push(value)],
  ['--preserve-environment', (options, value) => void (options.preserve !== 'all' && options.preserve.push(value))],
  ['--on-error', setOnError],
  ['--eval-timeout', setEvalTimeout],
  ['--parallel-max', setParallel],
]);

/** Options without one. */
const flags = new Map<string, (options: CwlOptions) => void>([
  ['--quiet', (options) => (options.quiet = true)],
  ['--verbose', (options) => (options.verbose = true)],
  ['--debug', (options) => (options.verbose = true)],
  ['--timestamps', (options) => (options.timestamps = true)],
  ['--isolation', (options) => (options.isolation = true)],
  ['--no-container', (options) => (options.containers = false)],
  ['--podman', (options) => (options.engine = 'podman')],
  ['--singularity', (options) => (options.engine = 'singularity')],
  ['--udocker', (options) => (options.engine = 'udocker')],
  ['--leave-tmpdir', (options) => (options.keepTemporary = true)],
  ['--rm-tmpdir', (options) => (options.keepTemporary = false)],
  ['--preserve-entire-environment', (options) => (options.preserve = 'all')],
  ['--strict', (options) => (options.lenient = false)],
  ['--non-strict', (options) => (options.lenient = true)],
  ['--skip-schemas', (options) => (options.skipSchemas = true)],
  ['--print-deps', (options) => (options.print = 'deps')],
  ['--print-dot', (options) => (options.print = 'dot')],
  ['--pack', (options) => (options.print = 'pack')],
  ['--make-template', (options) => (options.print = 'template')],
  ['--tool-help', (options) => (options.print = 'tool-help')],
  ...withoutEffect.map((name): [string, () => void] => [name, () => undefined]),
]);

/** Reads the command line; everything after the process that is no option of ours belongs to its inputs. */
export function parseArguments(words: string[]): Request {
  const options = defaults();
  let kind: 'run' | 'validate' = 'run';
  const positional: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const [name, inline] = splitOption(word);
    const set = withValue.get(name);
    const flag = flags.get(word);
    if (word === '--help' || word === '-h') {
      if (positional.length === 0) return { kind: 'help' };
      options.print = 'tool-help';
    } else if (word === '--version') return { kind: 'version' };
    else if (word === '--validate') kind = 'validate';
    else if (name === '--parallel') {
      const next = inline ?? (/^-?\d/.test(words[index + 1] ?? '') ? words[++index] : undefined);
      const fault = next === undefined ? undefined : setParallel(options, next);
      if (fault !== undefined) return { kind: 'usage', message: fault };
    } else if (flag !== undefined) flag(options);
    else if (set !== undefined) {
      const value = inline ?? words[++index];
      const fault = value === undefined ? `${name} needs a value` : set(options, value);
      if (typeof fault === 'string') return { kind: 'usage', message: fault };
    } else if (unsupported.has(name)) return { kind: 'usage', message: `${name} is not supported: ${unsupported.get(name)}` };
    else if (positional.length > 0 && word.startsWith('--')) {
      options.inputFlags.push(...words.slice(index));
      break;
    } else if (word.startsWith('-') && word !== '-') return { kind: 'usage', message: `there is no option ${name}` };
    else positional.push(word);
  }
  // `tool.cwl --message hi --help` asks about the tool too.
  if (positional.length > 0 && options.inputFlags.includes('--help')) options.print = 'tool-help';
  const [process, job, ...rest] = positional;
  if (process === undefined) return { kind: 'usage', message: 'a process is missing: the path of a CWL document' };
  if (rest.length > 0) return { kind: 'usage', message: `one process and one job are expected, not also ${rest.join(' ')}` };
  const whole = { ...options, process, ...(job !== undefined && { job }) };
  return { kind: whole.print === undefined ? kind : 'print', options: whole };
}

function defaults(): CwlOptions {
  return {
    process: '',
    inputFlags: [],
    outdir: '.',
    temporaryPrefix: `${tmpdir()}/runnel-cwl-`,
    parallel: availableParallelism(),
    evalTimeout: 60,
    quiet: false,
    verbose: false,
    timestamps: false,
    isolation: false,
    containers: true,
    keepTemporary: false,
    preserve: [],
    lenient: false,
    skipSchemas: false,
    onError: 'stop',
    targets: [],
  };
}

function splitOption(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return word.startsWith('--') && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word, undefined];
}

function setOnError(options: CwlOptions, value: string): string | void {
  if (value !== 'stop' && value !== 'continue') return `--on-error is stop or continue, not ${value}`;
  options.onError = value;
}

function setEvalTimeout(options: CwlOptions, value: string): string | void {
  const seconds = Number(value);
  if (!(seconds > 0)) return `--eval-timeout needs a number above 0, not ${value}`;
  options.evalTimeout = seconds;
}

function setParallel(options: CwlOptions, value: string): string | undefined {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) return `--parallel needs a whole number above 0, not ${value}`;
  options.parallel = count;
  return undefined;
}
