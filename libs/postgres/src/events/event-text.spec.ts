import { describe, expect, it } from '@jest/globals';
import { ValueTooLarge } from '../faults.ts';
import { eventText } from './event-text.ts';

const text = (kibibytes: number): string => 'x'.repeat(kibibytes * 1024);

describe('eventText', () => {
  it('takes values up to 256 KiB, however many', () => {
    const data = { inputs: { a: text(200), b: text(200) } };
    expect(JSON.parse(eventText({ type: 'run.accepted', data }))).toEqual(data);
  });

  it.each([
    ['an input', { inputs: { a: 1, big: text(300) } }, 'run.accepted.inputs.big'],
    ['an output', { step: 'a', outputs: { big: [text(300)] } }, 'run.accepted.outputs.big'],
    ['the value of an expression', { key: 'k', outcome: { value: text(300) } }, 'run.accepted.outcome.value'],
    ['anything else', { message: text(300) }, 'run.accepted.message'],
  ])('refuses %s above 256 KiB and names it', (_, data, path) => {
    const append = (): string => eventText({ type: 'run.accepted', data });
    expect(append).toThrow(ValueTooLarge);
    expect(append).toThrow(path);
  });
});
