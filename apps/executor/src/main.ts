import { closeOnSignals, createLogger, loadConfig } from '@runnel/service';
import { ExecutorConfig } from './config.ts';
import { startExecutor } from './start-executor.ts';

const loaded = loadConfig(ExecutorConfig, process.env, process.argv.slice(2), 'executor');
if (loaded.kind === 'config') {
  const logger = createLogger({ service: 'executor' });
  const executor = await startExecutor(loaded.config, { logger });
  closeOnSignals(logger, () => executor.close());
} else {
  console[loaded.kind === 'help' ? 'log' : 'error'](loaded.text);
  process.exitCode = loaded.kind === 'help' ? 0 : 2;
}
