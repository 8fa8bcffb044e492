import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { CudaRequirement, Evaluator, Json, JsonObject } from '@runnel/cwl';

import { findProgram } from '../spawn/programs.ts';
import { StepFault } from './failures.ts';

/** The graphics processors of a machine. */
export interface CudaMachine {
  version: string;
  /** One per device. */
  capabilities: string[];
}

/** What is missing for a requirement; undefined: nothing. */
export function cudaFault(
  wanted: { versionMin: string; computeCapability: string[]; count: number },
  machine: CudaMachine,
): string | undefined {
  const { version, capabilities } = machine;
  if (compareVersions(version, wanted.versionMin) < 0)
    return `CUDA ${wanted.versionMin} is needed, the driver of this machine has ${version}`;
  const least = [...wanted.computeCapability].sort(compareVersions)[0] ?? '0';
  const fitting = capabilities.filter((one) => compareVersions(one, least) >= 0);
  if (fitting.length >= wanted.count) return undefined;
  return `${wanted.count} CUDA device(s) of compute capability ${least} are needed, this machine has ${fitting.length}`;
}

/** Refuses a tool whose CUDARequirement this machine cannot meet, with the reason. Gives the number of devices. */
export async function requireCuda(requirement: CudaRequirement, evaluator: Evaluator, inputs: JsonObject): Promise<number> {
  const { versionMin, computeCapability, countMin } = requirement;
  const path = 'requirements.CUDARequirement.cudaDeviceCountMin';
  const count: Json = typeof countMin === 'string' ? await evaluator(countMin, { inputs, self: null }, path) : countMin;
  if (typeof count !== 'number') throw new StepFault('inputs', `${path} must be a number`);
  const machine = await findCuda();
  if (machine === undefined)
    throw new StepFault('resources', 'CUDARequirement: this machine has no NVIDIA driver (nvidia-smi is missing or fails)');
  const fault = cudaFault({ versionMin, computeCapability, count }, machine);
  if (fault !== undefined) throw new StepFault('resources', `CUDARequirement: ${fault}`);
  return count;
}

async function findCuda(): Promise<CudaMachine | undefined> {
  const program = findProgram('nvidia-smi');
  if (program === undefined) return undefined;
  const run = promisify(execFile);
  try {
    const { stdout: about } = await run(program, [], { timeout: 20_000 });
    const { stdout: devices } = await run(program, ['--query-gpu=compute_cap', '--format=csv,noheader'], { timeout: 20_000 });
    return {
      version: /CUDA Version:\s*([\d.]+)/.exec(about)?.[1] ?? '0',
      capabilities: devices
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
    };
  } catch {
    return undefined;
  }
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((one) => one.split('.').map(Number));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
