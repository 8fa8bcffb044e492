import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ApiConfig } from '@runnel/api';
import { ExecutorConfig } from '@runnel/executor';
import { HarvesterConfig } from '@runnel/harvester';
import { IngesterConfig } from '@runnel/ingester';
import { SchedulerConfig } from '@runnel/scheduler';
import { loadConfig } from '@runnel/service';
import { parse } from 'yaml';
import { z } from 'zod';

const file = join(import.meta.dirname, '../../../../deploy/compose/compose.yaml');

/** The part of the Compose specification that is used. */
const Compose = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      image: z.string(),
      command: z.array(z.string()).default([]),
      environment: z.record(z.string(), z.string()).default({}),
      volumes: z.array(z.string()).default([]),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
    }),
  ),
  volumes: z.record(z.string(), z.null()),
});

const { services, volumes } = Compose.parse(parse(readFileSync(file, 'utf8'), { merge: true }));
const schemas = {
  api: ApiConfig,
  scheduler: SchedulerConfig,
  executor: ExecutorConfig,
  ingester: IngesterConfig,
  harvester: HarvesterConfig,
};

/** As Compose puts variables in. */
const filledIn = (text: string): string =>
  text.replaceAll(/\$\{([A-Z_]+)(?::[-?][^}]*)?\}/g, (_, name: string) => `${name.toLowerCase()}-of-at-least-32-characters`);

describe('the Compose file', () => {
  it.each(Object.entries(schemas))('gives %s a configuration that it takes, and no variable that it does not know', (name, schema) => {
    const { environment = {}, command = [] } = services[name] ?? {};
    expect(command).toEqual([`apps/${name}/dist/main.js`]);
    const env = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, filledIn(value)]));
    const loaded = loadConfig(schema, env, []);
    expect(loaded).toMatchObject({ kind: 'config' });
    const help = loadConfig(schema, {}, ['--help']) as { text: string };
    const unknown = Object.keys(env).filter((key) => !new RegExp(` ${key} `).test(help.text));
    expect(unknown).toEqual([]);
  });

  it('names nothing that is not there', () => {
    for (const { depends_on, volumes: mounts } of Object.values(services)) {
      expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(depends_on)));
      const named = mounts.map((mount) => mount.split(':')[0] ?? '').filter((source) => /^[a-z]/.test(source));
      expect(Object.keys(volumes)).toEqual(expect.arrayContaining(named));
    }
  });
});
