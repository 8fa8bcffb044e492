import { closeOnSignals, createLogger, loadConfig } from '@runnel/service';
import { ingesterConfig } from './config.ts';
import { startIngester } from './start-ingester.ts';

const loaded = loadConfig(ingesterConfig, process.env, process.argv.slice(2), 'ingester');
if (loaded.kind === 'config') {
  const logger = createLogger({ service: 'ingester', level: loaded.config.logLevel });
  const ingester = await startIngester(loaded.config, { logger });
  closeOnSignals(logger, () => ingester.close());
} else {
  console[loaded.kind === 'help' ? 'log' : 'error'](loaded.text);
  process.exitCode = loaded.kind === 'help' ? 0 : 2;
}
