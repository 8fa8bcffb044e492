import { closeOnSignals, createLogger, loadConfig } from '@runnel/service';
import { HarvesterConfig } from './config.ts';
import { startHarvester } from './start-harvester.ts';

const loaded = loadConfig(HarvesterConfig, process.env, process.argv.slice(2), 'harvester');
if (loaded.kind === 'config') {
  const logger = createLogger({ service: 'harvester' });
  const harvester = await startHarvester(loaded.config, { logger });
  closeOnSignals(logger, () => harvester.close());
} else {
  console[loaded.kind === 'help' ? 'log' : 'error'](loaded.text);
  process.exitCode = loaded.kind === 'help' ? 0 : 2;
}
