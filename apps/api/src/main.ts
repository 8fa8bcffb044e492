import { closeOnSignals, createLogger, loadConfig, startTracing } from '@runnel/service';
import { ApiConfig } from './config.ts';
import { startApi } from './start.ts';

const loaded = loadConfig(ApiConfig, process.env, process.argv.slice(2), 'runnel-api');
if (loaded.kind === 'config') {
  const logger = createLogger({ service: 'api', level: loaded.config.logLevel });
  const stopTracing = await startTracing('runnel-api', process.env);
  const api = await startApi(loaded.config, { logger });
  closeOnSignals(logger, async () => {
    await api.close();
    await stopTracing();
  });
} else {
  (loaded.kind === 'help' ? process.stdout : process.stderr).write(`${loaded.text}\n`);
  process.exitCode = loaded.kind === 'help' ? 0 : 2;
}
