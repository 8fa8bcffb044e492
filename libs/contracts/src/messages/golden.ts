/** Values of which several golden examples are made. */
export const run = '01936d2e-7c1a-7000-8000-000000000001';
export const attempt = { workspace: 'demo', run, step: 'tile[3]', attempt: 1 };
export const usage = {
  wallSeconds: 0.4,
  cpuSeconds: 0.3,
  maxMemoryBytes: 1048576,
  cores: 1,
  memoryMiB: 256,
  inputBytes: 10,
  outputBytes: 20,
};
