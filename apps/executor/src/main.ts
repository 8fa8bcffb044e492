import { runProgram } from '@runnel/service';
import { ExecutorConfig } from './config.ts';
import { startExecutor } from './start-executor.ts';

await runProgram('executor', ExecutorConfig, startExecutor);
