import { z } from 'zod';
import { whole } from './config.ts';

/** Configuration that every service has: spread into its own schema. */
export const commonConfig = {
  natsUrl: z.string().min(1).meta({ description: 'NATS servers, separated by commas, e.g. nats://127.0.0.1:4222' }),
  natsUser: z.string().optional().meta({ description: 'user on NATS (default: the name of the service)' }),
  natsPassword: z.string().optional().meta({ description: 'its password', secret: true }),
  prefix: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .default('rn')
    .meta({ description: 'first token of subjects and stream names' }),
  logLevel: z.string().default('info').meta({ description: 'trace, debug, info, warn, error' }),
  host: z.string().default('127.0.0.1').meta({ description: 'address of health and metrics' }),
  port: whole.min(0).max(65535).default(0).meta({ description: 'port of health and metrics; 0: a free one' }),
};

/** Of services with a database connection. */
export const databaseConfig = {
  postgresUrl: z.url().meta({ description: 'Postgres, e.g. postgres://runnel_api:…@127.0.0.1:5432/runnel', secret: true }),
};

/** Of services that read or write objects. */
export const objectsConfig = {
  objects: z.url().meta({ description: 'object store, e.g. file:///var/lib/runnel/objects/ or s3://bucket/prefix/?endpoint=…' }),
};
