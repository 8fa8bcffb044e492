import { z } from 'zod';
import type { PodResources } from '@runnel/kube-pod';
import type { StepFailure } from '@runnel/sandbox';
import { imageChooser } from '../steps/choose-image.ts';
import type { PreparedStep } from './prepare-step.ts';

/** Of the administrator: `images.json` for a cluster. */
export const ClusterImages = z.record(
  z.string(),
  z.strictObject({
    /** Taken instead: a mirror, or the same by digest. */
    image: z.string().optional(),
    /** Kubernetes does not tell an image's ENTRYPOINT; CWL puts it before the command. */
    entrypoint: z.array(z.string()).optional(),
  }),
);
export type ClusterImages = z.infer<typeof ClusterImages>;

/** What holds for every pod. */
export interface PodDefaults {
  stageImage: string;
  stagingUrl: string;
  /** For tools that name no image. */
  image: string | undefined;
  images: ClusterImages;
  timeLimitSeconds: number;
  deadlineMarginSeconds: number;
  patienceSeconds: number;
  imagePatienceSeconds: number;
  memoryLimitMiB: number;
  diskLimitMiB: number;
}

/** No name of an image has other characters (distribution's reference grammar, loosely). */
const imageName = /^[a-z0-9][A-Za-z0-9._:/@-]{0,511}$/;

/** The image that the tool's container is made from. */
export function imageOf({ command, request }: PreparedStep, defaults: PodDefaults): { image: string } | { failure: StepFailure } {
  const asked = command.image;
  if (asked !== undefined && asked.image === undefined)
    return {
      failure: {
        class: 'image',
        reason: 'its DockerRequirement names no image to pull (dockerPull); nothing else can be run on a cluster',
      },
    };
  const named = asked?.image ?? defaults.image;
  const name = named === undefined ? undefined : imageChooser(request)(named);
  if (name === undefined)
    return { failure: { class: 'image', reason: 'it names no image (DockerRequirement), and this installation has none for such tools' } };
  if (!imageName.test(name)) return { failure: { class: 'image', reason: `${JSON.stringify(name)} is no name of an image` } };
  return { image: defaults.images[name]?.image ?? name };
}

/** Requests and limits: the requirement's own words first, else what the administrator allows. */
export function podResources({ resources, requirements }: PreparedStep, defaults: PodDefaults): PodResources {
  const said = requirements.get('ResourceRequirement')?.requirement ?? {};
  const disk = 'outdirMin' in said || 'tmpdirMin' in said ? resources.outdirMin + resources.tmpdirMin : 0;
  const cuda = requirements.get('CUDARequirement')?.requirement;
  const gpus = cuda === undefined ? 0 : Number(cuda['cudaDeviceCountMin'] ?? 1);
  return {
    cores: resources.coresMin,
    ...('coresMax' in said && { coresLimit: Math.max(resources.coresMax, resources.coresMin) }),
    memoryMiB: resources.ramMin,
    memoryLimitMiB:
      'ramMax' in said || 'ramMin' in said
        ? Math.max(resources.ramMax, resources.ramMin)
        : Math.max(defaults.memoryLimitMiB, resources.ramMin),
    diskMiB: disk,
    diskLimitMiB:
      'outdirMax' in said || 'tmpdirMax' in said
        ? Math.max(resources.outdirMax + resources.tmpdirMax, disk, 1)
        : Math.max(defaults.diskLimitMiB, disk),
    extended: gpus > 0 ? { 'nvidia.com/gpu': gpus } : {},
  };
}
