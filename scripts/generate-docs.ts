/**
 * Writes docs/events.md, docs/asyncapi.yaml and the bus's users of the Helm chart from the contracts. With `--check` it writes nothing and fails where they are stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { asyncApi, contracts, eventsMarkdown, services } from '../libs/contracts/src/index.ts';
import { natsServerConfig } from '../libs/messaging/src/permissions.ts';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const documents: Record<string, string> = {
  'docs/events.md': eventsMarkdown(contracts),
  'docs/asyncapi.yaml': stringify(asyncApi(contracts, version), { aliasDuplicateObjects: false, lineWidth: 140 }),
};

/** The chart puts the passwords in. */
const placeholders = Object.fromEntries([...services, 'operator' as const].map((name) => [name, `PASSWORD-${name}`])) as Parameters<
  typeof natsServerConfig
>[0]['users'];
documents['deploy/helm/files/nats.conf'] = natsServerConfig({
  host: '0.0.0.0',
  port: 4222,
  storeDir: '/data/jetstream',
  users: placeholders,
});

const check = process.argv.includes('--check');
for (const [path, text] of Object.entries(documents)) {
  const file = join(root, path);
  // Formatted as everything else here, so that `make check` does not find fault with what was generated.
  const formatted = file.endsWith('.conf') ? text : await format(text, { ...(await resolveConfig(file)), filepath: file });
  if (!check) writeFileSync(file, formatted);
  else if (readOr(file) !== formatted) {
    console.error(`${path} is stale: make docs`);
    process.exitCode = 1;
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
