import { z } from 'zod';

/** An image's name; `*` at the end of an allowed one stands for any rest. */
const ImageName = z.string().regex(/^[a-z0-9][A-Za-z0-9._:/@-]{0,511}$/, 'no name of an image');
const ImagePattern = z.string().regex(/^[a-z0-9][A-Za-z0-9._:/@-]{0,511}\*?$/, 'no name of an image, nor the beginning of one and *');

/** Which images the steps of a workspace run in. */
export const WorkspaceImages = z.strictObject({
  allow: z.array(ImagePattern).max(200).optional().describe('nothing else is run; absent: any'),
  replace: z.record(ImageName, ImageName).optional().describe('what is taken instead of an image that a tool names'),
});
export type WorkspaceImages = z.infer<typeof WorkspaceImages>;

/** What a workspace may use in a calendar month (UTC), as it is billed; null: no limit. */
export const Budget = z.strictObject({
  coreHours: z.number().min(0).max(1e12).nullable().optional(),
  memoryGbHours: z.number().min(0).max(1e12).nullable().optional(),
});
export type Budget = z.infer<typeof Budget>;

/** Taints of nodes that pods do not mind. */
export const Toleration = z.strictObject({
  key: z.string().max(317).exactOptional(),
  operator: z.enum(['Exists', 'Equal']).exactOptional(),
  value: z.string().max(63).exactOptional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
});

export type Toleration = z.infer<typeof Toleration>;

const label = /^([A-Za-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** Settings of a workspace: column `settings` of table `workspaces`. Those of a run are the ones in force when it was accepted. */
export const WorkspaceSettings = z.strictObject({
  title: z.string().max(200).optional(),
  images: WorkspaceImages.optional(),
  nodeSelector: z
    .record(z.string().regex(label, 'no label of Kubernetes'), z.string().max(63))
    .optional()
    .describe('labels of the nodes on which its pods run'),
  tolerations: z.array(Toleration).max(50).optional().describe('taints of nodes on which its pods may run all the same'),
  priorityClass: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'no name of a PriorityClass')
    .optional()
    .describe('PriorityClass of its pods'),
  budget: Budget.optional(),
});
export type WorkspaceSettings = z.infer<typeof WorkspaceSettings>;

/** Whether an image may be run: the names as they are written, after replacement. */
export function mayRunImage(image: string, { allow }: WorkspaceImages): boolean {
  return allow?.some((name) => (name.endsWith('*') ? image.startsWith(name.slice(0, -1)) : image === name)) ?? true;
}
