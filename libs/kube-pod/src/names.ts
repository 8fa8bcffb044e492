import type { StagedAttempt } from './stage-plan.ts';

/** Namespace of a workspace's pods. */
export const namespaceOf = (workspace: string): string => `ws-${workspace}`;

/** What a pod's name is made from; the caller hashes it (sha256). */
export const podNameText = ({ run, step, attempt }: Omit<StagedAttempt, 'workspace'>): string => `${run}/${step}/${attempt}`;

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const characters = 20;

/** `rn-` and 20 base32 characters of the sha256 of `podNameText`: the same attempt never has two pods. */
export function podNameOf(sha256: Uint8Array): string {
  let name = 'rn-';
  for (let index = 0; index < characters; index += 1) {
    const bit = index * 5;
    const pair = ((sha256[bit >> 3] ?? 0) << 8) | (sha256[(bit >> 3) + 1] ?? 0);
    name += alphabet[(pair >> (11 - (bit & 7))) & 31];
  }
  return name;
}

/** Keys of labels and annotations. */
export const keys = {
  managedBy: 'app.kubernetes.io/managed-by',
  shard: 'runnel/shard',
  workspace: 'runnel/workspace',
  run: 'runnel/run',
  network: 'runnel/network',
  /** Annotation: the attempt in full, as JSON. */
  attempt: 'runnel/attempt',
} as const;

/** Where everything stands in a pod. */
export const places = {
  in: '/runnel/in',
  inputs: '/runnel/in/inputs',
  /** What a document puts elsewhere in its container. */
  absolute: '/runnel/in/absolute',
  program: '/runnel/in/runnel-stage',
  wrap: '/runnel/in/wrap.json',
  /** In memory: the wrapper's plan, where it holds secrets. */
  hidden: '/runnel/hidden',
  hiddenWrap: '/runnel/hidden/wrap.json',
  upload: '/runnel/in/upload.json',
  fifo: '/runnel/in/end.fifo',
  out: '/runnel/out',
  work: '/runnel/out/work',
  tmp: '/runnel/out/tmp',
  exit: '/runnel/out/exit',
  exitFile: '/runnel/out/exit/exit.json',
  token: '/runnel/token',
} as const;

/** Names of the containers. */
export const containers = { stage: 'stage', upload: 'upload', tool: 'tool' } as const;

/** Audience of the token with which our containers ask for addresses. */
export const stagingAudience = 'runnel-staging';

/** Account of the pods: it has no rights. */
export const stepAccount = 'runnel-steps';
