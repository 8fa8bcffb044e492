import { commonConfig, databaseConfig, objectsConfig, whole } from '@runnel/service';
import { z } from 'zod';

/** Configuration of the harvester. */
export const HarvesterConfig = z.object({
  ...commonConfig,
  ...databaseConfig,
  ...objectsConfig,
  repositories: z
    .string()
    .optional()
    .meta({ description: 'JSON file: which Git branches and workspace files are watched, and for which workspace (docs/harvest.md)' }),
  workDir: z.string().meta({ description: 'folder for copies of the repositories' }),
  pollSeconds: whole.min(1).default(60).meta({ description: 'seconds between looks at a repository or at the files of a workspace' }),
});
export type HarvesterConfig = z.output<typeof HarvesterConfig>;
