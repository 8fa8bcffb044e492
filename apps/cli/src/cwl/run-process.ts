import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { createEvaluator, loadForStep, type CwlPackage, type EvaluateJavaScript, type Json, type JsonObject } from '@runnel/cwl';
import {
  createEngine,
  createInProcessRun,
  resolveValue,
  resolveValues,
  type EvaluationRequest,
  type RunCommand,
  type RunEvent,
  type StepJob,
  type Work,
} from '@runnel/engine';
import { carryOut, localFiles, type StepAttempt, type StepOutcome, type StepPorts } from '@runnel/sandbox';

import { CwlFault } from './fault.ts';

export interface ProcessRun {
  package: CwlPackage;
  entry: string;
  /** Bound and completed. */
  inputs: JsonObject;
  workRoot: string;
  parallel: number;
  ports: Omit<StepPorts, 'signal' | 'onLog'>;
  onLog?: (step: string, chunk: Buffer) => void;
  onEvents: (events: RunEvent[]) => void;
  /** After a failure start nothing more, or all that does not depend on it. */
  onError: 'stop' | 'continue';
  /** Steps that were carried out before and need not be again. */
  cache?: StepCache;
  /** Where in its document a process says what a failure is about, as `file:line:column: `. */
  locate: (process: string, reason: string) => Promise<string>;
  /** Every step that ended well or not, with what it was given. */
  onStep?: (step: CarriedStep) => void;
  /** Ends the run: steps are stopped, then it rejects. */
  signal: AbortSignal;
}

/** What a step was and gave. */
export interface CarriedStep {
  attempt: StepAttempt;
  outcome: StepOutcome;
}

export interface StepCache {
  find(attempt: StepAttempt): Promise<StepOutcome | undefined>;
  keep(attempt: StepAttempt, outcome: StepOutcome): Promise<StepOutcome>;
}

const executor = 'in-process';

type Command = RunCommand extends infer One ? (One extends RunCommand ? Omit<One, 'at'> : never) : never;

/** Runs a process to its end in this program and returns its outputs, with locations in `workRoot`. Throws CwlFault where it fails. */
export function runProcess(options: ProcessRun): Promise<JsonObject> {
  const acceptedAt = new Date().toISOString();
  const engine = createEngine(options.package, options.entry);
  const run = createInProcessRun(engine, {
    accepted: {
      run: 'local',
      workspace: 'local',
      process: { workspace: 'local', id: options.entry, version: '1', digest: 'local' },
      entry: options.entry,
      inputs: options.inputs,
      acceptedAt,
    },
    parallel: options.parallel,
    withheld: () => withheld.length,
  });
  const evaluateJavaScript: EvaluateJavaScript = options.ports.evaluateJavaScript;
  const running = new Map<string, AbortController>();
  /** Failures that are told when nothing else can be done any more. */
  const withheld: Command[] = [];
  /** What failed last, by step. */
  const failed = new Map<string, string>();
  let evaluating = 0;
  let attempts = 0;

  return new Promise((resolve, reject) => {
    let over = false;
    const fail = (error: unknown): void => {
      if (over) return;
      over = true;
      for (const controller of running.values()) controller.abort();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const tell = (command: Command): void => {
      if (over) return;
      try {
        work(run.apply({ ...command, at: new Date().toISOString() }));
      } catch (error) {
        fail(error);
      }
    };
    const interrupt = (): void => fail(new CwlFault('interrupted', 130));
    // While the document was loaded, perhaps.
    if (options.signal.aborted) return interrupt();
    options.signal.addEventListener('abort', interrupt, { once: true });

    /** With `continue` the run goes on without what failed, until only that is left. */
    function withholdFailure(command: Command): void {
      withheld.push(command);
      work(run.more(new Date().toISOString()));
    }

    function tellWithheld(): void {
      if (withheld.length === 0 || running.size > 0 || evaluating > 0) return;
      for (const command of withheld.splice(0)) tell(command);
    }

    function work(todo: Work): void {
      options.onEvents(todo.events);
      for (const { step } of todo.stop) running.get(step)?.abort();
      for (const request of todo.evaluations) void evaluate(request).catch(fail);
      for (const job of todo.jobs) void carryOutJob(job).catch(fail);
      for (const { step, dueAt } of todo.timers) {
        setTimeout(() => tell({ type: 'fire-timer', kind: 'retry', key: step }), Math.max(0, Date.parse(dueAt) - Date.now()));
      }
      finishIfOver();
      tellWithheld();
    }

    function finishIfOver(): void {
      if (over) return;
      const phase = run.phase();
      const outputs = phase === 'publishing' ? run.outputs() : undefined;
      if (outputs) {
        over = true;
        resolveValues(outputs, (key) => run.read(key)).then((values) => resolve(values), reject);
      } else if (phase === 'failed' && running.size === 0) {
        const { failure, message } = run.summary();
        const reason = failure?.reason ?? message ?? 'the run failed';
        const process = failed.get(failure?.step ?? '') ?? options.entry;
        options
          .locate(process, reason)
          .then((place) =>
            fail(new CwlFault([`${place}${reason}`, ...(failure?.logTail === undefined ? [] : [indent(failure.logTail)])].join('\n'))),
          )
          .catch(fail);
      }
    }

    async function evaluate(request: EvaluationRequest): Promise<void> {
      const { key } = request;
      evaluating += 1;
      const outcome = await evaluationOutcome(request);
      evaluating -= 1;
      tell({ type: 'record-evaluation', key, outcome });
    }

    async function evaluationOutcome(
      request: EvaluationRequest,
    ): Promise<{ value: Json } | { failure: { class: string; reason: string } }> {
      try {
        const context = await contextOf(request, (key) => run.read(key));
        const { cwlVersion, library, acceptedAt: now, seed } = request;
        const evaluator = createEvaluator({
          cwlVersion,
          ...(request.javascript && { javascript: { library, evaluate: evaluateJavaScript, now, seed } }),
        });
        return { value: await evaluator(request.template, context, request.path) };
      } catch (error) {
        if (error instanceof Error && (error.name === 'ExpressionError' || error.name === 'ProcessFault'))
          return { failure: { class: 'expression', reason: error.message } };
        throw error;
      }
    }

    // Without isolation nobody else's uid has to pass through an attempt's folder.
    const beside = options.ports.spawner.isolation.namespaces === 'none' ? { spare: [] } : undefined;

    async function carryOutJob(job: StepJob): Promise<void> {
      const { step, attempt } = job;
      const controller = new AbortController();
      running.set(step, controller);
      tell({ type: 'start-step', executor, step, attempt });
      attempts += 1;
      const directory = join(options.workRoot, String(attempts));
      if (!beside) mkdirSync(directory, { mode: 0o700 });
      const attemptOfStep: StepAttempt = {
        package: options.package,
        process: job.process.id,
        inputs: await resolveValues(job.inputs, (key) => run.read(key)),
        requirements: job.requirements,
        hints: job.hints,
        directory,
        ...(beside && { beside }),
        name: step,
        acceptedAt,
        seed: step,
      };
      const outcome = await outcomeOf(attemptOfStep, controller.signal);
      options.onStep?.({ attempt: attemptOfStep, outcome });
      running.delete(step);
      if (controller.signal.aborted) tell({ type: 'confirm-stopped', executor, step, attempt });
      else {
        const { outcome: how, outputs, failure } = outcome;
        const command: Command = { type: 'finish-step', executor, step, attempt, outcome: how, outputs, ...(failure && { failure }) };
        if (how === 'failed') failed.set(step, job.process.id);
        if (how === 'failed' && options.onError === 'continue') withholdFailure(command);
        else tell(command);
      }
    }

    async function outcomeOf(attempt: StepAttempt, signal: AbortSignal): Promise<StepOutcome> {
      const known = await options.cache?.find(attempt);
      if (known !== undefined) return known;
      const { name } = attempt;
      const ports = { ...options.ports, signal, ...(options.onLog && { onLog: (chunk: Buffer) => options.onLog?.(name, chunk) }) };
      const outcome = await carryOut(attempt, ports);
      return options.cache === undefined ? outcome : options.cache.keep(attempt, outcome);
    }

    try {
      work(run.start(acceptedAt));
    } catch (error) {
      fail(error);
    }
  });
}

async function contextOf(request: EvaluationRequest, read: (key: string) => Promise<Json>): Promise<{ inputs: JsonObject; self: Json }> {
  const inputs = await resolveValues(request.context.inputs, read);
  const self = await resolveValue(request.context.self, read);
  for (const [id, what] of Object.entries(request.load ?? {})) {
    inputs[id] = await loadForStep(inputs[id] ?? null, what, localFiles(), request.cwlVersion, `${request.path}.${id}`);
  }
  return { inputs, self: request.selfInput === undefined ? self : (inputs[request.selfInput] ?? null) };
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  | ${line}`)
    .join('\n');
}
