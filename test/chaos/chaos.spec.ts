import { describe, expect, it } from '@jest/globals';
import { losses, survive } from './losses.ts';
import { randomKills } from './random-kills.ts';

describe('runs survive', () => {
  for (const [name, happen] of Object.entries(losses)) {
    it(
      name,
      async () => {
        const { faults, folder } = await survive(happen);
        expect({ faults, folder: faults.length > 0 ? folder : '' }).toEqual({ faults: [], folder: '' });
      },
      300_000,
    );
  }

  it(
    '50 random kills of services, Postgres and NATS',
    async () => {
      const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
      const { faults, folder, kills } = await randomKills(50, seed, () => undefined);
      expect({ seed, faults, folder: faults.length > 0 ? folder : '' }).toEqual({ seed, faults: [], folder: '' });
      expect(Object.values(kills).reduce((sum, n) => sum + n, 0)).toBe(50);
    },
    600_000,
  );
});
