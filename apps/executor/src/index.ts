export { executorConfig, type ExecutorConfig } from './config.ts';
export { startExecutor, type Executor } from './start-executor.ts';
