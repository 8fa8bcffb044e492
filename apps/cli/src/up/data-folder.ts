import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { services, type Service } from '@runnel/contracts';
import { z } from 'zod';
import { CliError } from '../client/cli-error.ts';
import { addressFile, type Addresses } from './addresses.ts';

const User = z.enum([...services, 'operator']);

/** Passwords of the embedded Postgres and NATS, one per service (rule: each service has only its own rights). */
const Secrets = z.object({
  postgres: z.string(),
  users: z.record(User, z.string()),
  callbacks: z.string(),
  /** With which executors sign tokens of runs. */
  runTokenKey: z.string(),
  /** With which the api keeps secrets of workspaces: without it those in the database are lost. */
  secretsKey: z.string(),
});
export type Secrets = z.infer<typeof Secrets>;

/** Makes the folder if need be: only its owner looks into it, others pass through (Postgres runs as another user). */
export function makeDataFolder(folder: string): string {
  const path = resolve(folder);
  mkdirSync(path, { recursive: true, mode: 0o711 });
  return path;
}

/** Stands in a folder as long as a restore into it has not ended. */
export const restoring = (folder: string): string => join(folder, 'restoring');

/** Throws where a restore into the folder was broken off: what stands there is half of an installation. */
export function requireWhole(folder: string): void {
  if (existsSync(restoring(folder)))
    throw new CliError(`a restore into ${folder} has not ended`, 'If it does not run any more, delete the folder and restore again.');
}

/** The secrets of this folder, made on the first start. */
export function secretsOf(folder: string): Secrets {
  const file = join(folder, 'secrets.json');
  const password = () => randomBytes(24).toString('base64url');
  if (existsSync(file)) {
    const present = JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>;
    // A folder of an earlier release lacks some.
    const secrets = Secrets.parse({ callbacks: password(), runTokenKey: password(), secretsKey: password(), ...present });
    if (Object.keys(secrets).length > Object.keys(present).length) writeSecretFile(file, secrets);
    return secrets;
  }
  const users = Object.fromEntries([...services, 'operator' as const].map((name) => [name, password()])) as Record<
    Service | 'operator',
    string
  >;
  const secrets: Secrets = { postgres: password(), users, callbacks: password(), runTokenKey: password(), secretsKey: password() };
  writeSecretFile(file, secrets);
  return secrets;
}

export function writeAddresses(folder: string, addresses: Addresses): void {
  writeSecretFile(addressFile(folder), addresses);
}

function writeSecretFile(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
