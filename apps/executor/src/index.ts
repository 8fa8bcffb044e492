export { ClusterConfig, ExecutorConfig } from './config.ts';
export { startExecutor, type Executor } from './start-executor.ts';
