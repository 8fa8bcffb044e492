import { z } from 'zod';

/** Name of the file and its place among a workspace's files (contract of the EODH face, section 4.1). */
export const policyFile = 'access-policy.json';
export const configFolder = 'eodh-config';

/** `on-revoke`: what becomes of others' runs that are under way when the offer is taken back. */
const workflow = z.object({
  access: z.enum(['public', 'private']).default('private'),
  type: z.literal('user-service').optional(),
  'on-revoke': z.enum(['continue', 'dismiss']).default('continue'),
});

/** Other sections concern other services of the hub. */
const file = z.looseObject({ workflows: z.record(z.string(), z.unknown()).default({}) });

export interface WorkflowPolicy {
  readonly process: string;
  readonly public: boolean;
  readonly userService: boolean;
  readonly onRevoke: 'continue' | 'dismiss';
}

export interface ReadPolicy {
  readonly workflows: readonly WorkflowPolicy[];
  /** Entries that cannot be read; they are private. */
  readonly faults: readonly string[];
}

/** Reads an access policy. What cannot be understood offers nothing, and is said. */
export function readPolicy(text: string): ReadPolicy {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return {
      workflows: [],
      faults: [`${policyFile} is not JSON, so all is private: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
  const found = file.safeParse(json);
  if (!found.success) return { workflows: [], faults: [`${policyFile}: "workflows" is an object of policies by workflow; all is private`] };
  const faults: string[] = [];
  const workflows = Object.entries(found.data.workflows).flatMap(([process, entry]): WorkflowPolicy[] => {
    const read = workflow.safeParse(entry);
    if (!read.success) {
      faults.push(
        `workflow ${process} is private: ${read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`,
      );
      return [];
    }
    const { access, type, 'on-revoke': onRevoke } = read.data;
    return [{ process, public: access === 'public', userService: type === 'user-service', onRevoke }];
  });
  return { workflows, faults };
}
