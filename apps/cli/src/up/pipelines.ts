import { readFileSync } from 'node:fs';
import { TenantWorkspace } from '@runnel/contracts';
import { z } from 'zod';
import { CliError } from '../client/cli-error.ts';

/** Programs that publish events: the administrator says whose workspace each is for. The file holds passwords. */
const Pipelines = z
  .array(
    z.strictObject({
      name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,38}$/),
      workspace: TenantWorkspace,
      password: z.string().min(16),
    }),
  )
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two pipelines have the same name');

/** Reads the file of pipelines. Throws with the place of the fault. */
export function readPipelines(file: string): z.output<typeof Pipelines> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CliError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = Pipelines.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CliError(
    parsed.error.issues.map(({ path, message }) => `${file}: ${path.join('.') || 'the file'}: ${message}`).join('\n'),
    'A list of {"name", "workspace", "password"}; passwords have at least 16 characters.',
  );
}
