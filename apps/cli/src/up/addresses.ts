import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CliError } from '../client/cli-error.ts';

/** Where a running `up` is to be reached; holds passwords, mode 0600. */
export interface Addresses {
  pid: number;
  api?: string;
  postgres: string;
  nats: string;
  natsUser?: string;
  natsPassword?: string;
  objects: string;
}

export const addressFile = (folder: string): string => join(resolve(folder), 'addresses.json');

/** How to reach what was started with `up --data FOLDER`. */
export async function readAddresses(folder: string): Promise<Addresses> {
  const file = addressFile(folder);
  if (!existsSync(file)) throw new CliError(`${folder} holds no Runnel`, `Start one there: runnel up --data ${folder}`);
  const { z } = await import('zod');
  const shape = z.object({
    pid: z.number(),
    api: z.string().exactOptional(),
    postgres: z.string(),
    nats: z.string(),
    natsUser: z.string().exactOptional(),
    natsPassword: z.string().exactOptional(),
    objects: z.string(),
  });
  return shape.parse(JSON.parse(readFileSync(file, 'utf8')));
}
