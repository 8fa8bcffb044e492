import { hash } from 'node:crypto';
import { podNameOf, podNameText } from '@runnel/kube-pod';
import type { AttemptId } from '../steps/attempt.ts';

const folderOf = ({ workspace, run, step, attempt }: AttemptId): string => `${workspace}/attempts/${run}/${step}/${attempt}`;

/** The attempt's request, from which everything else follows; written before its pod is made. */
export const planKey = (id: AttemptId): string => `${folderOf(id)}/plan.json`;

/** What the uploader collected; written before the uploader may end. */
export const collectedKey = (id: AttemptId): string => `${folderOf(id)}/collected.json`;

export const podName = (id: Omit<AttemptId, 'workspace'>): string => podNameOf(hash('sha256', podNameText(id), 'buffer'));
