import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

import { descendants, signal } from './process-tree.ts';

/** How a step ended as the slot's shell saw it; `died`: the shell itself is gone. */
export type StepEnd = { status: number; leftovers: boolean; cpuSeconds: number } | { died: true };

/**
 * A shell that starts one tool after another: forking from a shell of 2 MB costs a fraction of forking from Node, however much memory the
 * service has. Its namespaces are made once. What tools write to the log comes through a named pipe (a pipe and not Node's socket, so that
 * `/dev/stderr` can be opened), and in the same stream, after a word that no tool can guess, the exit status.
 */
export interface Slot {
  ready: Promise<void>;
  readonly alive: boolean;
  run(script: (nonce: string) => string, onOutput: (chunk: Buffer) => void): Promise<StepEnd>;
  /** The running tool and all below it, not the slot's own processes. */
  toolProcesses(): number[];
  /** Ends the shell and all in its namespaces, or its process group; resolves when the shell is gone. */
  destroy(): Promise<void>;
}

export interface SlotCommand {
  /** Command line that ends in a shell reading its standard input. */
  argv: string[];
  script: string;
  pipe: string;
  uid?: number;
  /** The shell is the first process of its pid namespace: when it dies, all in it is gone. */
  ownNamespace: boolean;
}

export function startSlot(command: SlotCommand): Slot {
  const [program, ...rest] = command.argv;
  const shell = spawn(program ?? 'sh', rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    detached: true,
    cwd: '/',
  });
  const exited = new Promise<void>((resolve) => shell.once('exit', () => resolve()).once('error', () => resolve()));
  let alive = true;
  let current: { parser: StreamParser; settle: (end: StepEnd) => void } | undefined;
  let cpuBefore = 0;
  // No tool ever sees it: it is only in what is written to the shell and, behind a tool's output, in what is read here.
  const secret = randomBytes(15).toString('hex');
  let steps = 0;

  const ready = watchStart(shell, command, (chunk) => {
    const end = current?.parser.push(chunk);
    if (end === undefined || current === undefined) return;
    const { settle } = current;
    current = undefined;
    settle({ status: end.status, leftovers: end.leftovers, cpuSeconds: end.cpuTotal - cpuBefore });
    cpuBefore = end.cpuTotal;
  });
  // Whoever uses the slot awaits `ready`; a slot that nobody uses must not end the process by an unhandled rejection.
  ready.catch(() => undefined);
  void exited.then(() => {
    alive = false;
    current?.settle({ died: true });
    current = undefined;
  });
  shell.stdin.on('error', () => undefined);
  shell.stdin.write(command.script);

  return {
    ready,
    get alive() {
      return alive;
    },
    run(script, onOutput) {
      if (!alive) return Promise.resolve({ died: true });
      steps += 1;
      const nonce = `${secret}-${steps}`;
      return new Promise((resolve) => {
        current = { parser: createStreamParser(nonce, onOutput), settle: resolve };
        shell.stdin.write(script(nonce));
      });
    },
    toolProcesses() {
      const all = descendants(shell.pid ?? 0);
      return command.ownNamespace ? all.slice(1) : all;
    },
    async destroy() {
      if (alive && shell.pid !== undefined) {
        if (command.ownNamespace) killNamespace(shell.pid);
        else killTree(shell.pid);
      }
      await exited;
      shell.stdin.destroy();
      shell.stdout.destroy();
      shell.stderr.destroy();
    },
  };
}

/** The outer process waits for the namespace's first one, and that ends when everything in it has ended: exactly then the exit is reported. */
function killNamespace(outer: number): void {
  const [first] = descendants(outer);
  if (first === undefined || !signal(first, 'SIGKILL')) signal(outer, 'SIGKILL');
}

function killTree(shell: number): void {
  for (const pid of descendants(shell)) signal(pid, 'SIGKILL');
  signal(-shell, 'SIGKILL');
}

/** Resolves at the shell's word `ready`; rejects with what it complained of. */
function watchStart(shell: ChildProcess, command: SlotCommand, onData: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    let complaints = '';
    let opened = false;
    shell.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString('utf8')));
    shell.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (!opened && said.includes('pipe\n')) {
        opened = true;
        if (command.uid !== undefined) chownSync(command.pipe, command.uid, command.uid);
        const socket = new Socket({
          fd: openSync(command.pipe, constants.O_RDONLY | constants.O_NONBLOCK),
          readable: true,
          writable: false,
        });
        socket.on('data', onData).on('error', () => undefined);
        shell.once('exit', () => socket.destroy());
      }
      if (said.includes('ready\n')) resolve();
    });
    const fail = (reason: string): void =>
      reject(new SlotError(`no slot for tools could be made: ${[reason, complaints.trim()].filter(Boolean).join(': ')}`));
    shell.once('error', (error) => fail(error.message));
    shell.once('exit', (code, signal) => fail(`its shell ended with ${signal ?? `exit code ${code}`}`));
  });
}

export class SlotError extends Error {
  override name = 'SlotError';
}

interface StreamParser {
  push(chunk: Buffer): { status: number; leftovers: boolean; cpuTotal: number } | undefined;
}

const NEWLINE = 10;

/** Separates a tool's output from the shell's report that follows it. Never holds back more than a piece that could begin the report. */
export function createStreamParser(nonce: string, onOutput: (chunk: Buffer) => void): StreamParser {
  const word = Buffer.from(nonce);
  let held: Buffer = Buffer.alloc(0);
  let report: string | undefined;
  return {
    push(chunk) {
      if (report === undefined) {
        const all = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
        const at = all.indexOf(word);
        const until = at >= 0 ? at : all.length - possibleStart(all, word);
        if (until > 0) onOutput(all.subarray(0, until));
        held = all.subarray(until);
        if (at < 0) return undefined;
        report = held.toString('latin1');
      } else {
        report += chunk.toString('latin1');
      }
      return parseReport(report);
    },
  };
}

/** Length of the longest end of `all` with which `word` begins. */
function possibleStart(all: Buffer, word: Buffer): number {
  if (all.at(-1) === NEWLINE) return 0;
  for (let length = Math.min(word.length - 1, all.length); length > 0; length -= 1) {
    if (all.subarray(-length).equals(word.subarray(0, length))) return length;
  }
  return 0;
}

/** Undefined before its third line is there: the status, then the times of the shell and of its children. */
function parseReport(report: string): { status: number; leftovers: boolean; cpuTotal: number } | undefined {
  const [first = '', , children = '', rest] = report.split('\n');
  if (rest === undefined) return undefined;
  const [, status, leftovers] = first.split(' ');
  return { status: Number(status), leftovers: leftovers === '1', cpuTotal: parseTimes(children) };
}

/** The line of times(1p) for children: `1m2.5s 0m0.03s`, in seconds together. */
function parseTimes(line: string): number {
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}
