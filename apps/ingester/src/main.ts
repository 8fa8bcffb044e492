import { runProgram } from '@runnel/service';
import { IngesterConfig } from './config.ts';
import { startIngester } from './start-ingester.ts';

await runProgram('ingester', IngesterConfig, startIngester);
