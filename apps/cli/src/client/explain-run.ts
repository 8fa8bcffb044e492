import { duration } from './output.ts';

/** A run as `/api/v1/runs/{id}` shows it. */
export interface ExplainedRun {
  run: string;
  status: string;
  progress: number;
  message: string;
  failure?: { class: string; reason: string; step?: string };
  attention?: string;
  created: string;
  finished?: string;
  nodes: {
    node: string;
    status: string;
    total: number;
    finished: number;
    running: number;
    reason?: string;
    queue?: { since: string; ahead: number };
  }[];
}

/** A step as `/api/v1/runs/{id}/steps` shows it. */
export interface ExplainedStep {
  step: string;
  attempt: number;
  status: string;
  executor?: string;
  exitCode?: number;
  started?: string;
  failure?: { class: string; reason: string; logTail?: string };
}

export interface Explanation {
  run: string;
  status: string;
  headline: string;
  because: { where: string; why: string }[];
  /** Last lines of the log of the step that failed. */
  log: string[];
  next: string[];
}

/** What to do about each class of fault. */
const remedies: Readonly<Record<string, string>> = {
  tool: 'the tool itself refused: read its log, mend the inputs or the tool',
  'out-of-memory': 'give the tool more memory (ResourceRequirement ramMin), or smaller inputs',
  'time-limit': 'give the tool more time (ToolTimeLimit), or less to do',
  'output-limit': 'the tool wrote too much: see what it leaves in its output folder',
  outputs: 'the tool ended well but its outputs are not those that it declares: see their globs',
  expression: 'an expression of the workflow failed: mend it and deploy again',
  inputs: 'mend the inputs: runnel template shows what is expected',
  image: 'the image is not to be had: see its name, and `runnel up --images`',
  staging: 'a file could not be brought to the tool or away from it: is it still there? runnel doctor',
  quota: 'ask for less (ResourceRequirement), or have the quota raised: runnel quota show',
  'executor-lost': 'the executor died more often than a step is repeated: see its machine, then run it again',
  infrastructure: 'the platform failed, not the tool: runnel doctor, then run it again',
};

/** Puts into words why a run is as it is; `now`: milliseconds since 1970. */
export function explanationOf(run: ExplainedRun, steps: readonly ExplainedStep[], now: number): Explanation {
  const failed = steps.find(({ step, failure }) => failure !== undefined && (run.failure?.step === undefined || step === run.failure.step));
  const age = duration((run.finished === undefined ? now : Date.parse(run.finished)) - Date.parse(run.created));
  const headline = `run ${run.run} ${run.finished === undefined ? `is ${run.status} since ${age}, ${run.progress} % done` : `${run.status} after ${age}`}`;
  return {
    run: run.run,
    status: run.status,
    headline,
    because: run.status === 'failed' ? whyFailed(run, failed) : [...attentionOf(run), ...whyOpen(run, steps, now)],
    log:
      run.status === 'failed'
        ? (failed?.failure?.logTail ?? '')
            .split('\n')
            .filter((line) => line !== '')
            .slice(-10)
        : [],
    next: whatNext(run, failed),
  };
}

const attentionOf = ({ attention }: ExplainedRun) => (attention === undefined ? [] : [{ where: 'attention', why: attention }]);

function whyFailed(run: ExplainedRun, failed: ExplainedStep | undefined): Explanation['because'] {
  const { failure } = run;
  const code = failed?.exitCode === undefined ? '' : `, exit code ${failed.exitCode}`;
  const attempt = failed !== undefined && failed.attempt > 1 ? `, attempt ${failed.attempt}` : '';
  const where = failure?.step ?? failed?.step ?? 'run';
  const about = failure ?? failed?.failure;
  return [{ where: `${where} (${about?.class ?? 'unknown'}${code}${attempt})`, why: about?.reason ?? run.message }, ...attentionOf(run)];
}

function whyOpen(run: ExplainedRun, steps: readonly ExplainedStep[], now: number): Explanation['because'] {
  if (run.finished !== undefined) return [];
  const running = steps
    .filter(({ status }) => status === 'running')
    .map(({ step, executor, started }) => ({
      where: step,
      why: `runs on ${executor ?? 'an executor'}${started === undefined ? '' : ` since ${duration(now - Date.parse(started))}`}`,
    }));
  const waiting = run.nodes
    .filter(({ status, reason }) => status === 'ready' || status === 'waiting' || reason !== undefined)
    .map(({ node, total, finished, running: under, reason, queue }) => {
      const left = total - finished - under;
      const count = total > 1 ? `${left} of ${total} wait, ` : '';
      const place =
        queue === undefined ? '' : `, for ${duration(now - Date.parse(queue.since))}, ${queue.ahead} steps of the workspace before it`;
      return { where: node, why: `${count}${reason ?? 'waits for the steps before it'}${place}` };
    });
  return [...running, ...waiting];
}

function whatNext(run: ExplainedRun, failed: ExplainedStep | undefined): string[] {
  const { failure } = run;
  if (run.status === 'failed') {
    const remedy = remedies[failure?.class ?? failed?.failure?.class ?? ''];
    const again = `when the cause is mended: runnel resume ${run.run}`;
    return [...(remedy === undefined ? [] : [remedy]), again, `runnel logs ${run.run}${failed === undefined ? '' : ` '${failed.step}'`}`];
  }
  if (run.attention !== undefined) return ['runnel dlq list'];
  if (run.status === 'successful') return [`runnel results ${run.run}`];
  if (run.status === 'dismissed') return [];
  if (run.nodes.some(({ reason }) => reason?.includes('no executor takes new steps') === true))
    return ['runnel executors list tells which executors take nothing new, and why'];
  if (run.nodes.some(({ status }) => status === 'ready'))
    return ['runnel executors list tells which executors take steps; more of them, or more slots, shorten the wait'];
  return [`runnel events ${run.run}`];
}
