import { commonConfig, databaseConfig, objectsConfig, whole } from '@runnel/service';
import { z } from 'zod';

/** The ingester's configuration; each field is an option and an environment variable (`RUNNEL_POSTGRES_URL`). */
export const IngesterConfig = z.object({
  ...commonConfig,
  ...databaseConfig,
  ...objectsConfig,
  billingWindowSeconds: whole.min(1).max(86_400).default(300).meta({ description: 'seconds that one billing event stands for' }),
});

export type IngesterConfig = z.output<typeof IngesterConfig>;
