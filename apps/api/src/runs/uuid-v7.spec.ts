import { RunId } from '@runnel/contracts';
import { expect, it } from '@jest/globals';
import { uuidV7 } from './uuid-v7.ts';

it('is a UUID of version 7 that carries its time', () => {
  const id = uuidV7(0x0193_6d2e_7c1a);
  expect(id).toMatch(/^01936d2e-7c1a-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(RunId.safeParse(id).success).toBe(true);
  expect(uuidV7(0x0193_6d2e_7c1a)).not.toBe(id);
});
