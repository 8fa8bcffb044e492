import { z } from 'zod';
import type { Contract } from './contract.ts';
import { services } from './contract.ts';
import { subjectPattern, typeOf } from './routing.ts';

const tokens = {
  run: { description: "Partition of the run, `p00` to `p15`: a hash of the run's id." },
  shard: { description: 'Executor shard that carries out the step.' },
  workspace: { description: 'Tenant.' },
} as const;

/** AsyncAPI 3.0 document of the contracts, as a plain object. */
export function asyncApi(contracts: readonly Contract[], version: string): Record<string, unknown> {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Runnel events',
      version,
      description:
        'Generated from libs/contracts by `make docs`; do not edit. CloudEvents 1.0 in binary mode over NATS: attributes are headers.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(contracts.map((c) => [key(c), channel(c)])),
    operations: Object.fromEntries(services.flatMap((service) => contracts.flatMap((c) => operations(service, c)))),
    components: {
      messages: Object.fromEntries(contracts.map((c) => [key(c), message(c)])),
      messageTraits: { cloudEvent: { headers: cloudEventHeaders } },
    },
  };
}

function key(contract: Contract): string {
  return `${contract.name}.v${contract.version}`;
}

function channel(contract: Contract): Record<string, unknown> {
  const { routedBy } = contract;
  return {
    address: subjectPattern(contract, 'rn').replace('*', `{${routedBy}}`),
    description: contract.summary,
    ...(routedBy === 'none' ? {} : { parameters: { [routedBy]: tokens[routedBy] } }),
    messages: { [key(contract)]: { $ref: `#/components/messages/${key(contract)}` } },
  };
}

function operations(service: string, contract: Contract): [string, Record<string, unknown>][] {
  const operation = (action: 'send' | 'receive'): [string, Record<string, unknown>] => [
    `${service}.${action}.${key(contract)}`,
    { action, channel: { $ref: `#/channels/${key(contract)}` }, tags: [{ name: service }] },
  ];
  return [
    ...(contract.from.some((name) => name === service) ? [operation('send')] : []),
    ...(contract.to.some((name) => name === service) ? [operation('receive')] : []),
  ];
}

function message(contract: Contract): Record<string, unknown> {
  const { $schema: _dialect, ...payload } = z.toJSONSchema(contract.schema, { io: 'input' });
  return {
    name: typeOf(contract),
    summary: contract.summary,
    contentType: 'application/json',
    traits: [{ $ref: '#/components/messageTraits/cloudEvent' }],
    payload,
    examples: [{ name: 'golden', payload: contract.golden }],
  };
}

const text = { type: 'string' } as const;
const cloudEventHeaders = {
  type: 'object',
  required: ['ce-id', 'ce-type', 'ce-time', 'ce-source', 'ce-specversion'],
  properties: {
    'ce-id': text,
    'ce-type': text,
    'ce-time': { ...text, format: 'date-time' },
    'ce-source': text,
    'ce-specversion': { const: '1.0' },
    'ce-workspace': text,
    'ce-run': text,
    'ce-causationid': text,
    'ce-traceparent': text,
  },
} as const;
