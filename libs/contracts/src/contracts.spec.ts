import { describe, expect, it } from '@jest/globals';
import { asyncApi } from './async-api.ts';
import type { Contract } from './contract.ts';
import { eventsMarkdown } from './events-markdown.ts';
import { contracts } from './messages/index.ts';
import { typeOf } from './routing.ts';

const all: readonly Contract[] = contracts;

describe('contracts', () => {
  it.each(all.map((contract) => [typeOf(contract), contract] as const))('%s reads its golden example', (_type, contract) => {
    expect(contract.schema.parse(contract.golden)).toEqual(contract.golden);
  });

  it('have a type of their own', () => {
    expect(new Set(all.map(typeOf)).size).toBe(all.length);
  });

  it('carry in their data what they are routed by', () => {
    for (const contract of all) {
      if (contract.routedBy === 'run') expect(contract.golden).toHaveProperty('run');
      if (contract.routedBy === 'shard') expect(contract.golden).toHaveProperty('executor');
      if (contract.routedBy === 'workspace') expect(contract.golden).toHaveProperty('workspace');
    }
  });

  it.each([
    ['run.accepted', { run: 'not-a-uuid' }],
    ['step.finished', { outcome: 'perhaps' }],
    ['step.started', { attempt: 0 }],
  ])('%s refuses %j', (name, wrong) => {
    const contract = all.find((c) => c.name === name);
    expect(contract?.schema.safeParse({ ...(contract.golden as object), ...wrong }).success).toBe(false);
  });

  it('are documented: every one has a section, a channel and an operation per side', () => {
    const page = eventsMarkdown(all);
    const document = asyncApi(all, '1.2.3');
    expect(Object.keys(document['channels'] as object)).toHaveLength(all.length);
    for (const contract of all) {
      expect(page).toContain(`## ${contract.name} v${contract.version}`);
      for (const service of contract.from)
        expect(document['operations']).toHaveProperty([`${service}.send.${contract.name}.v${contract.version}`]);
      for (const service of contract.to)
        expect(document['operations']).toHaveProperty([`${service}.receive.${contract.name}.v${contract.version}`]);
    }
  });
});
