import { describe, expect, it } from '@jest/globals';

import { cudaFault } from './check-cuda.ts';

describe('what a machine has for CUDARequirement', () => {
  const machine = { version: '12.4', capabilities: ['7.5', '8.6'] };
  it.each([
    [{ versionMin: '11.4', computeCapability: ['3.0'], count: 2 }, undefined],
    [{ versionMin: '12.10', computeCapability: ['3.0'], count: 1 }, 'CUDA 12.10 is needed, the driver of this machine has 12.4'],
    [{ versionMin: '11.4', computeCapability: ['9.0', '8.0'], count: 1 }, undefined],
    [
      { versionMin: '11.4', computeCapability: ['8.0'], count: 2 },
      '2 CUDA device(s) of compute capability 8.0 are needed, this machine has 1',
    ],
  ])('%j', (wanted, fault) => {
    expect(cudaFault(wanted, machine)).toBe(fault);
  });
});
