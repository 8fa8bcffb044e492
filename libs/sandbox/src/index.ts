export * from './types.ts';
export { createJavaScriptPool, type JavaScriptPool, type JavaScriptPoolOptions } from './javascript/pool.ts';
export { createSpawner, type SpawnerOptions } from './spawn/spawner.ts';
export { LOG_LIMIT } from './spawn/log-file.ts';
export { describeIsolation, detectIsolation, noIsolation, type IsolationReport } from './isolation/detect.ts';
export { imageFolders, ImagesError, noImages, normaliseImage, readImages, type LocalImages } from './images/local-images.ts';
export { carryOut } from './step/carry-out.ts';
export type { StepPorts } from './step/prepare.ts';
export { checksumAndSize, localFiles } from './step/local-files.ts';
