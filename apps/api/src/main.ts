import { runProgram } from '@runnel/service';
import { ApiConfig } from './config.ts';
import { startApi } from './start.ts';

await runProgram('api', ApiConfig, startApi);
