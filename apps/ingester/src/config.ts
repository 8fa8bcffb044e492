import { whole } from '@runnel/service';
import { z } from 'zod';

/** The ingester's configuration; each field is an option and an environment variable (`RUNNEL_POSTGRES_URL`). */
export const ingesterConfig = z.object({
  postgresUrl: z.string().meta({ description: 'Postgres, with the role of the ingester' }),
  natsUrl: z.string().default('nats://127.0.0.1:4222').meta({ description: 'NATS servers, separated by commas' }),
  natsUser: z.string().optional().meta({ description: 'User at NATS' }),
  natsPassword: z.string().optional().meta({ description: 'Password at NATS', secret: true }),
  objects: z.string().meta({ description: 'Object store: file:///folder/ or s3://bucket/prefix/' }),
  prefix: z.string().default('rn').meta({ description: 'First token of subjects and streams' }),
  host: z.string().default('127.0.0.1').meta({ description: 'Address for metrics and health' }),
  port: whole
    .min(0)
    .max(65_535)
    .default(0)
    .meta({ description: 'Port for metrics and health; 0: a free one', env: 'RUNNEL_OPERATIONS_PORT' }),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
    .default('info')
    .meta({ description: 'Least level that is logged' }),
});

export type IngesterConfig = z.output<typeof ingesterConfig>;
