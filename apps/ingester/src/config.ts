import { commonConfig, databaseConfig, objectsConfig } from '@runnel/service';
import { z } from 'zod';

/** The ingester's configuration; each field is an option and an environment variable (`RUNNEL_POSTGRES_URL`). */
export const IngesterConfig = z.object({
  ...commonConfig,
  ...databaseConfig,
  ...objectsConfig,
});

export type IngesterConfig = z.output<typeof IngesterConfig>;
