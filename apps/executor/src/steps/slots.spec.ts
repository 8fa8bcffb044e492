import { describe, expect, it } from '@jest/globals';
import { createSlots } from './slots.ts';

describe('slots', () => {
  it('are handed out once each, then in the order of asking', async () => {
    const slots = createSlots(2);
    const [a, b] = [await slots.take(), await slots.take()];
    expect(new Set([a.number, b.number])).toEqual(new Set([0, 1]));
    const order: string[] = [];
    const third = slots.take().then((slot) => (order.push('third'), slot));
    const fourth = slots.take().then((slot) => (order.push('fourth'), slot));
    expect(slots.waiting).toBe(2);
    a.release();
    a.release();
    expect((await third).number).toBe(a.number);
    expect(slots.waiting).toBe(1);
    b.release();
    expect((await fourth).number).toBe(b.number);
    expect(order).toEqual(['third', 'fourth']);
  });
});
