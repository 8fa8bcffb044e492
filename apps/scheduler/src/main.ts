import { runProgram } from '@runnel/service';
import { SchedulerConfig } from './config.ts';
import { startScheduler } from './start-scheduler.ts';

await runProgram('scheduler', SchedulerConfig, startScheduler);
