export { HarvesterConfig } from './config.ts';
export { startHarvester, type Harvester } from './start-harvester.ts';
