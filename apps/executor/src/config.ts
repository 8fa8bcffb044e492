import { commonConfig, flag, objectsConfig, whole } from '@runnel/service';
import { z } from 'zod';

/** Configuration of the executor. */
export const ExecutorConfig = z.object({
  ...commonConfig,
  ...objectsConfig,
  workDir: z.string().meta({ description: 'folder for the attempts; emptied at start' }),
  hidden: z
    .string()
    .default('')
    .transform((text) => text.split(':').filter((path) => path !== ''))
    .meta({ description: 'folders that no tool may see, separated by colons' }),
  images: z.string().optional().meta({ description: 'images.json: what stands for container images' }),
  slots: whole.min(1).optional().meta({ description: 'steps at a time (default: number of cores)' }),
  executorId: z.string().optional().meta({ description: 'name of this executor (default: made from the host and a random part)' }),
  isolation: z
    .enum(['auto', 'none'])
    .default('auto')
    .meta({ description: 'auto: the strongest that works here; none: tools run as this user' }),
  network: flag.default(false).meta({ description: 'allow NetworkAccess: such tools get the network of this host' }),
  runTokenKey: z.string().min(32).optional().meta({
    description: 'secret shared with the api: signs tokens of runs (EnvVarRequirement with <<REPLACE>>); default: tools get none',
  }),
  stepTimeLimit: whole.min(1).default(86_400).meta({ description: 'most seconds of a step' }),
  stepMemoryMib: whole.min(1).default(4096).meta({ description: 'memory (MiB) of a step that asks for none' }),
  stepOutputMib: whole.min(1).default(10_240).meta({ description: 'most that a step may write (MiB)' }),
  graceSeconds: whole.min(0).default(5).meta({ description: 'seconds that running steps get when the executor is asked to stop' }),
});
export type ExecutorConfig = z.output<typeof ExecutorConfig>;
