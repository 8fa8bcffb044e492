export { SchedulerConfig, type Timing } from './config.ts';
export { startScheduler, type RunningScheduler, type SchedulerOptions } from './start-scheduler.ts';
