import { describe, expect, it } from '@jest/globals';
import type { Contract } from '@runnel/contracts';
import {
  contracts,
  HarvestChanged,
  partitionOf,
  partitionToken,
  RunAccepted,
  StepFinished,
  StepRequested,
  typeOf,
} from '@runnel/contracts';
import { largestMessageBytes, MessageTooLarge, open, seal, toHeaders } from './envelope.ts';
import { outgoing } from './message.ts';

const stamp = { id: 'e7', time: '2026-11-21T12:00:00.000Z', service: 'scheduler', prefix: 'rn' };
const run = RunAccepted.golden.run;
const all: readonly Contract[] = contracts;

function travel(wire: ReturnType<typeof seal>, deliveries?: number): ReturnType<typeof open> {
  return open({ subject: wire.subject, headers: toHeaders(wire.headers), data: new TextEncoder().encode(wire.payload) }, deliveries);
}

describe('seal', () => {
  it('is CloudEvents 1.0 in binary mode, routed by the run', () => {
    const wire = seal(
      outgoing(RunAccepted, { workspace: 'demo', run }, { causation: 'c1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }),
      stamp,
    );
    expect(wire).toEqual({
      id: 'e7',
      subject: `rn.run.accepted.${partitionToken(partitionOf(run))}`,
      headers: {
        'ce-specversion': '1.0',
        'ce-id': 'e7',
        'ce-type': 'runnel.run.accepted.v1',
        'ce-source': '/runnel/scheduler',
        'ce-time': '2026-11-21T12:00:00.000Z',
        'content-type': 'application/json',
        'ce-workspace': 'demo',
        'ce-run': run,
        'ce-causationid': 'c1',
        'ce-traceparent': `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      },
      payload: JSON.stringify({ workspace: 'demo', run }),
    });
  });

  it('routes orders to the executor in the data, and what has no route to the bare name', () => {
    expect(seal(outgoing(StepRequested, { ...StepRequested.golden, executor: 'x-9' }), stamp).subject).toBe('rn.step.requested.x-9');
    expect(seal(outgoing(HarvestChanged, { ...HarvestChanged.golden, move: 3 }), stamp).subject).toBe('rn.harvest.changed');
  });

  it('refuses data above the limit, naming contract and size, and takes data just below it', () => {
    const withWord = (length: number): ReturnType<typeof seal> =>
      seal(outgoing(StepFinished, { ...StepFinished.golden, outputs: { word: 'x'.repeat(length) } }), stamp);
    const rest = Buffer.byteLength(withWord(0).payload);
    expect(Buffer.byteLength(withWord(largestMessageBytes - rest).payload)).toBe(largestMessageBytes);
    expect(() => withWord(largestMessageBytes - rest + 1)).toThrow(MessageTooLarge);
    expect(() => withWord(largestMessageBytes - rest + 1)).toThrow(`step.finished: the message has ${largestMessageBytes + 1} bytes`);
  });

  it('refuses data that does not fit the contract', () => {
    expect(() => seal({ contract: RunAccepted, data: { workspace: 'Demo', run } }, stamp)).toThrow(/^run.accepted: workspace: /);
  });
});

describe('open', () => {
  it.each(all.map((contract) => [typeOf(contract), contract] as const))('reads %s as it was sealed', (_type, contract) => {
    const opened = travel(seal({ contract, data: contract.golden }, stamp), 3);
    expect(opened).toMatchObject({ ok: true, message: { id: 'e7', source: '/runnel/scheduler', deliveries: 3 } });
    expect(opened.ok && opened.message.data).toEqual(contract.golden);
    expect(opened.ok && opened.message.contract).toBe(contract);
  });

  const wire = seal(outgoing(RunAccepted, { workspace: 'demo', run }), stamp);
  it.each([
    ['no type', { ...wire, headers: {} }, 'it has no ce-type header'],
    [
      'an unknown type',
      { ...wire, headers: { ...wire.headers, 'ce-type': 'runnel.run.accepted.v9' } },
      'its type runnel.run.accepted.v9 is not known here',
    ],
    ['a broken payload', { ...wire, payload: '{' }, 'its payload is not JSON'],
    [
      'other data',
      { ...wire, payload: '{"workspace":"demo"}' },
      'runnel.run.accepted.v1: run: Invalid input: expected string, received undefined',
    ],
    [
      'too much',
      { ...wire, payload: ' '.repeat(largestMessageBytes + 1) },
      `it has ${largestMessageBytes + 1} bytes, the limit is ${largestMessageBytes}`,
    ],
  ])('says why it cannot read a message with %s', (_what, broken, reason) => {
    expect(travel(broken)).toEqual({ ok: false, reason });
  });
});
