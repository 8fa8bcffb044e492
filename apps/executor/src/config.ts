import { readFileSync } from 'node:fs';
import { commonConfig, flag, objectsConfig, whole } from '@runnel/service';
import { ClusterSettings, type Reachable } from '@runnel/kube-pod';
import { z } from 'zod';
import { ClusterImages } from './kubernetes/pod-choices.ts';

/** A value read from a JSON file whose path is configured. */
function jsonFile<S extends z.ZodType>(schema: S) {
  return z
    .string()
    .transform((path, context): unknown => {
      try {
        return JSON.parse(readFileSync(path, 'utf8'));
      } catch (error) {
        context.addIssue({ code: 'custom', message: `${path}: ${error instanceof Error ? error.message : String(error)}` });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

function parseReachable(text: string, context: z.RefinementCtx): Reachable[] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [, cidr = '', port] = /^\s*([0-9a-fA-F.:]+\/\d{1,3})(?::(\d{1,5}))?\s*$/.exec(part) ?? [];
      if (cidr === '') context.addIssue({ code: 'custom', message: `${part} is no CIDR[:PORT]` });
      return { cidr, ...(port !== undefined && { port: Number(port) }) };
    });
}

/** What matters where steps are pods. */
const clusterConfig = {
  backend: z
    .enum(['process', 'kubernetes'])
    .default('process')
    .meta({ description: 'where steps run: processes of this host, or pods of a cluster (then the object store is s3://)' }),
  kubeconfig: z
    .string()
    .optional()
    .meta({ description: 'of the cluster (default: the service account of this pod, else the usual places)' }),
  stageImage: z
    .string()
    .default('registry.local/runnel-stage:1')
    .meta({ description: 'image of the program beside the tools (deploy/stage)' }),
  stagingUrl: z.url().optional().meta({ description: 'where pods reach this executor, e.g. http://executor.runnel.svc:8090' }),
  stagingPort: whole.min(0).max(65_535).default(8090).meta({ description: 'port for the calls of pods' }),
  toolImage: z.string().optional().meta({ description: 'image for tools that name none' }),
  clusterImages: jsonFile(ClusterImages)
    .default({})
    .meta({ description: 'file: what stands for images, and their entry points ({"name": {"image", "entrypoint"}})' }),
  workspacePods: jsonFile(ClusterSettings)
    .default(() => ClusterSettings.parse({}))
    .meta({ description: 'file: node selectors, tolerations, uid, quota … by workspace (* for all)' }),
  reachable: z.string().default('').transform(parseReachable).meta({
    description: 'what every pod may reach: object store and staging, CIDR[:PORT] separated by commas; empty: no network policy is made',
  }),
  autoscaled: flag
    .default(false)
    .meta({ description: 'the cluster gets larger nodes by itself: too large a pod waits instead of failing' }),
  apiWritesPerSecond: whole.min(1).default(50).meta({ description: "most calls a second that change something in the cluster's API" }),
  imagePatience: whole.min(1).default(120).meta({ description: 'seconds for which a registry may be out of reach before a step fails' }),
};
export const ClusterConfig = z.object(clusterConfig);

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
  diskLimit: whole.min(1).max(100).default(95).meta({
    description:
      'per cent of the disk (of the work folder, or of an object store that is a folder) from which no new step begins; 100: never',
  }),
  stepTimeLimit: whole.min(1).default(86_400).meta({ description: 'most seconds of a step' }),
  stepMemoryMib: whole.min(1).default(4096).meta({ description: 'memory (MiB) of a step that asks for none' }),
  stepOutputMib: whole.min(1).default(10_240).meta({ description: 'most that a step may write (MiB)' }),
  ...clusterConfig,
  graceSeconds: whole.min(0).default(5).meta({ description: 'seconds that running steps get when the executor is asked to stop' }),
});

export type ExecutorConfig = z.output<typeof ExecutorConfig>;
