#!/usr/bin/env node
/**
 * A runner as cwltest calls it, `[--outdir=DIR] [--quiet] PROCESS [JOB]`, that runs nothing itself: it deploys the process by its address, executes
 * it over the api of a running Runnel and prints the outputs with local copies of their files.
 *
 * Environment: RUNNEL_URL, RUNNEL_TOKEN, RUNNEL_WORKSPACE; SUITE_FOLDER, whose files SUITE_URL serves and SUITE_FILES holds in the workspace.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { outputText } from '../../../apps/cli/src/cwl/output-text.ts';
import { createCalls } from './calls.ts';
import { localCopies } from './local-copies.ts';
import { readJob } from './read-job.ts';
import { suiteAddress } from './suite-address.ts';

async function main(args: string[]): Promise<number> {
  if (args.includes('--version')) {
    console.log('runnel services');
    return 0;
  }
  const outdir = args.find((one) => one.startsWith('--outdir='))?.slice('--outdir='.length) ?? '.';
  const [process, job] = args.filter((one) => !one.startsWith('--'));
  if (process === undefined) throw new Error('which process?');
  const calls = createCalls();
  const deployed = await calls.deploy(suiteAddress(process));
  if ('refused' in deployed) {
    console.error(`deployment refused: ${deployed.refused}`);
    return 1;
  }
  try {
    const inputs = job === undefined ? {} : readJob(readFileSync(job, 'utf8'), dirname(resolve(job)), deployed.inputs);
    const outputs = await calls.execute(deployed.id, inputs);
    console.log(outputText(await localCopies(outputs, deployed.outputs, outdir, (href) => calls.download(href))));
    return 0;
  } finally {
    await calls.undeploy(deployed.id);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
