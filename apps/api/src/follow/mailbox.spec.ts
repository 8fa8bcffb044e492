import { describe, expect, it } from '@jest/globals';
import { createMailbox } from './mailbox.ts';

const never = new AbortController().signal;

describe('mailbox', () => {
  it('gives what came, in order', async () => {
    const mailbox = createMailbox<number>(10);
    mailbox.post(1);
    mailbox.post(2);
    expect(await mailbox.take(60_000, never)).toEqual({ items: [1, 2], lost: false });
  });

  it('wakes who waits', async () => {
    const mailbox = createMailbox<number>(10);
    const waiting = mailbox.take(60_000, never);
    mailbox.post(3);
    expect((await waiting).items).toEqual([3]);
  });

  it('is bounded: the oldest go, and the reader is told', async () => {
    const mailbox = createMailbox<number>(2);
    for (const item of [1, 2, 3]) mailbox.post(item);
    expect(await mailbox.take(0, never)).toEqual({ items: [2, 3], lost: true });
    mailbox.post(4);
    expect(await mailbox.take(0, never)).toEqual({ items: [4], lost: false });
  });

  it('ends with time and with its signal', async () => {
    const mailbox = createMailbox<number>(2);
    expect((await mailbox.take(1, never)).items).toEqual([]);
    const stop = new AbortController();
    const waiting = mailbox.take(60_000, stop.signal);
    stop.abort();
    expect((await waiting).items).toEqual([]);
    expect((await mailbox.take(60_000, stop.signal)).items).toEqual([]);
  });
});
