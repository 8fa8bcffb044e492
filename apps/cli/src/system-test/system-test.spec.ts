import { describe, expect, it } from '@jest/globals';
import { metricsText } from './metrics-text.ts';
import { isLeftover } from './run-journeys.ts';

describe('the system test', () => {
  it('takes only its own old processes for leftovers', () => {
    const now = Date.UTC(2026, 10, 21);
    const named = (age: number) => `system-test-${(now - age).toString(36)}-0123abcd`;
    expect(isLeftover(named(3_700_000), now)).toBe(true);
    expect(isLeftover(named(60_000), now)).toBe(false);
    expect(isLeftover('system-test-of-mine', now)).toBe(false);
    expect(isLeftover(`x${named(3_700_000)}`, now)).toBe(false);
  });

  it('tells Prometheus what it found', () => {
    const text = metricsText([{ journey: 'deploy', passed: false, seconds: 1.23456, remark: 'no' }], 1000);
    expect(text).toContain('runnel_system_test_success{journey="deploy"} 0\n');
    expect(text).toContain('runnel_system_test_duration_seconds{journey="deploy"} 1.235\n');
  });
});
