import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { services, type Service } from '@runnel/contracts';
import { z } from 'zod';
import { CliError } from '../client/cli-error.ts';

const User = z.enum([...services, 'operator']);

/** Passwords of the embedded Postgres and NATS, one per service (rule: each service has only its own rights). */
const Secrets = z.object({ postgres: z.string(), users: z.record(User, z.string()) });
export type Secrets = z.infer<typeof Secrets>;

/** Where a running `up` is to be reached; holds passwords, mode 0600. */
const Addresses = z.object({
  pid: z.number(),
  api: z.string().optional(),
  postgres: z.string(),
  nats: z.string(),
  natsUser: z.string().optional(),
  natsPassword: z.string().optional(),
  objects: z.string(),
});
export type Addresses = z.infer<typeof Addresses>;

/** Makes the folder if need be: only its owner looks into it, others pass through (Postgres runs as another user). */
export function makeDataFolder(folder: string): string {
  const path = resolve(folder);
  mkdirSync(path, { recursive: true, mode: 0o711 });
  return path;
}

/** The secrets of this folder, made on the first start. */
export function secretsOf(folder: string): Secrets {
  const file = join(folder, 'secrets.json');
  if (existsSync(file)) return Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  const password = () => randomBytes(24).toString('base64url');
  const users = Object.fromEntries([...services, 'operator' as const].map((name) => [name, password()])) as Record<Service | 'operator', string>;
  const secrets: Secrets = { postgres: password(), users };
  writeSecretFile(file, secrets);
  return secrets;
}

export function writeAddresses(folder: string, addresses: Addresses): void {
  writeSecretFile(join(folder, 'addresses.json'), addresses);
}

/** How to reach what was started with `up --data FOLDER`. */
export function readAddresses(folder: string): Addresses {
  const file = join(resolve(folder), 'addresses.json');
  if (!existsSync(file)) throw new CliError(`${folder} holds no Runnel`, `Start one there: runnel up --data ${folder}`);
  return Addresses.parse(JSON.parse(readFileSync(file, 'utf8')));
}

function writeSecretFile(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
