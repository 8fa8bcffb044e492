import { closeOnSignals, createLogger, loadConfig, startTracing } from '@runnel/service';
import { SchedulerConfig } from './config.ts';
import { startScheduler } from './start-scheduler.ts';

const loaded = loadConfig(SchedulerConfig, process.env, process.argv.slice(2), 'runnel-scheduler');
if (loaded.kind === 'config') {
  const logger = createLogger({ service: 'scheduler', level: loaded.config.logLevel });
  const endTracing = await startTracing('scheduler', process.env);
  const scheduler = await startScheduler(loaded.config, { logger });
  closeOnSignals(logger, async () => {
    await scheduler.close();
    await endTracing();
  });
} else {
  (loaded.kind === 'help' ? process.stdout : process.stderr).write(`${loaded.text}\n`);
  process.exitCode = loaded.kind === 'help' ? 0 : 2;
}
