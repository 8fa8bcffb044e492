import { whole } from '@runnel/service';
import { z } from 'zod';

/** Configuration of the harvester. */
export const HarvesterConfig = z.object({
  postgresUrl: z.string().meta({ description: 'Postgres, e.g. postgres://runnel_harvester:…@host/runnel', secret: true }),
  natsUrl: z.string().meta({ description: 'NATS servers, e.g. nats://127.0.0.1:4222' }),
  natsUser: z.string().optional().meta({ description: 'user on NATS' }),
  natsPassword: z.string().optional().meta({ description: 'its password', secret: true }),
  prefix: z.string().default('rn').meta({ description: 'first token of subjects' }),
  repositories: z.string().optional().meta({ description: 'JSON file: which Git branches are watched, and for which workspace (docs/operations.md)' }),
  workDir: z.string().meta({ description: 'folder for copies of the repositories' }),
  pollSeconds: whole.min(1).default(60).meta({ description: 'seconds between looks at a repository' }),
  host: z.string().default('127.0.0.1').meta({ description: 'address of metrics and health' }),
  port: whole.min(0).max(65535).default(0).meta({ description: 'port of metrics and health; 0: a free one' }),
});
export type HarvesterConfig = z.output<typeof HarvesterConfig>;
