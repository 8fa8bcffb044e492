#!/usr/bin/env node
/**
 * A runner as cwltest calls it, `[--outdir=DIR] [--quiet] PROCESS [JOB]`, that runs nothing itself: it deploys the process by its address, executes
 * it over the api of a running Runnel and prints the outputs with local copies of their files.
 *
 * Environment: RUNNEL_URL, RUNNEL_TOKEN, RUNNEL_WORKSPACE; SUITE_FOLDER, whose files SUITE_URL serves and SUITE_FILES holds in the workspace;
 * SUITE_FAULTS, the file to which faults are added, since cwltest does not show them.
 */
import { appendFileSync, readFileSync } from 'node:fs';
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
    throw new Error(`deployment refused: ${deployed.refused}`);
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
  const fault = error instanceof Error ? error.message : String(error);
  console.error(fault);
  const { SUITE_FAULTS: faults } = process.env;
  if (faults !== undefined) appendFileSync(faults, `${JSON.stringify({ called: process.argv.slice(2).join(' '), fault })}\n`);
  process.exitCode = 1;
}
