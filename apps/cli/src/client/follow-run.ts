import type { Target } from './http.ts';
import { requestJson } from './http.ts';
import { duration } from './output.ts';
import { follow } from './sse.ts';

/** News of a run as `/api/v1/runs/{id}/events` sends it (contract `run.status`). */
export interface RunNews {
  run: string;
  version: number;
  status: 'accepted' | 'running' | 'publishing' | 'successful' | 'failed' | 'dismissed';
  progress: number;
  message: string;
  steps: { step: string; attempt: number; status: string }[];
}

export const isFinal = (status: string): boolean => status === 'successful' || status === 'failed' || status === 'dismissed';

interface Follower {
  step(line: string): void;
  progress(line: string): void;
  done(): void;
}

/** On a terminal the progress line is rewritten in place; elsewhere each change is a line of its own. */
export function terminalFollower(stream: NodeJS.WriteStream): Follower {
  const live = stream.isTTY === true;
  let shown = '';
  const clear = () => {
    if (live && shown !== '') stream.write(`\r${' '.repeat(shown.length)}\r`);
  };
  return {
    step(line) {
      clear();
      stream.write(`${line}\n`);
      if (live) stream.write(shown);
    },
    progress(line) {
      if (line === shown) return;
      clear();
      shown = line;
      stream.write(live ? line : `${line}\n`);
    },
    done() {
      if (live && shown !== '') stream.write('\n');
      shown = '';
    },
  };
}

/** Prints a line per step and a progress line until the run is final; returns the last news. */
export async function followRun(target: Target, run: string, out: Follower): Promise<RunNews> {
  const begun = Date.now();
  const stop = new AbortController();
  const started = new Map<string, number>();
  let last: RunNews | undefined;
  for await (const event of follow(target, `/api/v1/runs/${run}/events`, stop.signal)) {
    const news = JSON.parse(event.data) as RunNews;
    last = news;
    for (const step of news.steps) printStep(step, started, out);
    out.progress(`${news.status} ${news.progress} %  ${news.message}  ${duration(Date.now() - begun)}`);
    if (isFinal(news.status)) break;
  }
  stop.abort();
  out.done();
  return last ?? requestJson<RunNews>(target, `/api/v1/runs/${run}`);
}

function printStep(step: RunNews['steps'][number], started: Map<string, number>, out: Follower): void {
  const name = step.attempt > 1 ? `${step.step} (attempt ${step.attempt})` : step.step;
  const since = started.get(name);
  if (step.status === 'running') started.set(name, Date.now());
  const took = since !== undefined && step.status !== 'running' ? `  ${duration(Date.now() - since)}` : '';
  if (step.status !== 'requested') out.step(`  ${step.status.padEnd(10)} ${name}${took}`);
}
