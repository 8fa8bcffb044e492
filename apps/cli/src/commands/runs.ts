import type { Command } from 'commander';
import { assignmentOf } from '../client/assignment.ts';
import { CliError } from '../client/cli-error.ts';
import { followRun, isFinal, terminalFollower } from '../client/follow-run.ts';
import { postJson, request, requestJson, type Target } from '../client/http.ts';
import { bytes, printJson } from '../client/output.ts';
import { fetchResults, printResults } from '../client/results.ts';
import { follow } from '../client/sse.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean };

interface Job {
  jobID: string;
  processID: string;
  status: string;
  progress?: number;
  message?: string;
  created: string;
  started?: string;
  finished?: string;
}

/** `runnel cancel RUN…`: dismisses. */
export function cancelCommand(program: Command): void {
  const command = withTarget(program.command('cancel').description('dismiss runs: final at once, their processes are stopped'))
    .argument('[runs...]', 'run ids')
    .option('--label <NAME=VALUE...>', 'all runs with these labels')
    .option('--process <PROCESS...>', 'all runs of these processes')
    .option('--json', 'print the answers as JSON')
    .action(async (runs: string[], options: Options & { label?: string[]; process?: string[] }) => {
      const target = targetOf(options);
      const { label, process } = options;
      if (label !== undefined || process !== undefined) return cancelAll(target, label, process, options.json === true);
      if (runs.length === 0) throw new CliError('name runs, or --label or --process', 'See which there are: runnel ps');
      for (const run of runs) {
        const job = await requestJson<Job>(target, `/${target.workspace}/ogc-api/jobs/${run}`, { method: 'DELETE' });
        if (options.json === true) printJson(job);
        else console.log(`${run} ${job.status}`);
      }
    });
  example(command, 'runnel cancel 01936d2e-7c1a-7000-8000-000000000001');
}

/** Asks until the filter lets nothing through any more. */
async function cancelAll(target: Target, label: string[] | undefined, process: string[] | undefined, json: boolean): Promise<void> {
  const labels = label && Object.fromEntries(label.map((given) => assignmentOf('--label', given)));
  const dismissed: string[] = [];
  for (let more = true; more;) {
    const answer = await requestJson<{ dismissed: string[]; more: boolean }>(target, '/api/v1/runs/dismiss', postJson({ labels, process }));
    dismissed.push(...answer.dismissed);
    more = answer.more && answer.dismissed.length > 0;
  }
  if (json) printJson(dismissed);
  else console.log(`${dismissed.length} runs dismissed`);
}

/** `runnel results RUN`. */
export function resultsCommand(program: Command): void {
  const command = withTarget(program.command('results').description('print the results of a run'))
    .argument('<run>', 'run id')
    .option('--download <DIR>', 'fetch all its files into a new folder')
    .option('--json', 'print the whole result document (with --download: what was fetched) as JSON')
    .action(async (run: string, options: Options & { download?: string }) => {
      const target = targetOf(options);
      const results = await fetchResults(target, run);
      if (options.download !== undefined) {
        const { downloadResults } = await import('../client/download-results.ts');
        const files = await downloadResults(target, run, options.download, results);
        if (options.json === true) printJson(files);
        else for (const file of files) console.log(`${options.download}/${file.path}  (${bytes(file.bytes)})`);
      } else if (options.json === true) printJson(results);
      else printResults(results);
    });
  example(command, 'runnel results 01936d2e-7c1a-7000-8000-000000000001 --download ./results');
}

/** `runnel events RUN`: news as they come; `--json`: each as a line. */
export function eventsCommand(program: Command): void {
  const command = withTarget(program.command('events').description('follow the news of a run until it ends'))
    .argument('<run>', 'run id')
    .option('--json', 'print each event as one line of JSON')
    .action(async (run: string, options: Options) => {
      const target = targetOf(options);
      if (options.json !== true) {
        await followRun(target, run, terminalFollower(process.stdout));
        return;
      }
      const stop = new AbortController();
      for await (const event of follow(target, `/api/v1/runs/${run}/events`, stop.signal)) {
        console.log(event.data);
        if (isFinal((JSON.parse(event.data) as { status: string }).status)) stop.abort();
      }
    });
  example(command, 'runnel events --json 01936d2e-7c1a-7000-8000-000000000001');
}

interface StepPage {
  steps: { step: string; attempt: number; status: string }[];
  next?: string;
}

/** `runnel logs RUN [STEP]`. */
export function logsCommand(program: Command): void {
  const command = withTarget(program.command('logs').description('print the log of a step, or of every step of a run'))
    .argument('<run>', 'run id')
    .argument('[step]', 'step, e.g. tile[3]; all when absent')
    .option('-f, --follow', 'go on until the step ends')
    .option('--json', 'print one object per step as lines of JSON')
    .action(async (run: string, step: string | undefined, options: Options & { follow?: boolean }) => {
      const target = targetOf(options);
      const steps = step === undefined ? await allSteps(target, run) : [step];
      for (const name of steps) {
        if (options.json !== true && steps.length > 1) console.log(`==> ${name} <==`);
        const query = options.follow === true ? '?follow=1' : '';
        const response = await request(target, `/api/v1/runs/${run}/steps/${encodeURIComponent(name)}/log${query}`);
        if (options.json === true) console.log(JSON.stringify({ step: name, log: await response.text() }));
        else for await (const chunk of response.body ?? []) process.stdout.write(chunk as Uint8Array);
      }
    });
  example(command, "runnel logs -f 01936d2e-7c1a-7000-8000-000000000001 'tile[3]'");
}

async function allSteps(target: ReturnType<typeof targetOf>, run: string): Promise<string[]> {
  const names: string[] = [];
  for (let path: string | undefined = `/api/v1/runs/${run}/steps`; path !== undefined;) {
    const page: StepPage = await requestJson<StepPage>(target, path);
    names.push(...page.steps.filter((step) => step.attempt > 0).map((step) => step.step));
    path = page.next;
  }
  return names;
}
