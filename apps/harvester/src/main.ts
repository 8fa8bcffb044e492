import { runProgram } from '@runnel/service';
import { HarvesterConfig } from './config.ts';
import { startHarvester } from './start-harvester.ts';

await runProgram('harvester', HarvesterConfig, startHarvester);
