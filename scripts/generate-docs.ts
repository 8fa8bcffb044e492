/**
 * Writes docs/events.md and docs/asyncapi.yaml from the contracts. With `--check` it writes nothing and fails where they are stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { asyncApi, contracts, eventsMarkdown } from '../libs/contracts/src/index.ts';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const documents: Record<string, string> = {
  'docs/events.md': eventsMarkdown(contracts),
  'docs/asyncapi.yaml': stringify(asyncApi(contracts, version), { aliasDuplicateObjects: false, lineWidth: 140 }),
};

const check = process.argv.includes('--check');
for (const [path, text] of Object.entries(documents)) {
  const file = join(root, path);
  // Formatted as everything else here, so that `make check` does not find fault with what was generated.
  const formatted = await format(text, { ...(await resolveConfig(file)), filepath: file });
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
