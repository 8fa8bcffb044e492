import { describe, expect, it } from '@jest/globals';
import { isRepeatable, isUnavailable, ServiceUnavailable } from './faults.ts';

const withCode = (code: string): Error => Object.assign(new Error(code), { code });

describe('isUnavailable', () => {
  it.each([
    ['the server refuses connections', withCode('ECONNREFUSED')],
    ['it is starting', withCode('57P03')],
    ['it was told to stop', withCode('57P01')],
    ['it has no connections left', withCode('53300')],
    ['its disk is full', withCode('53100')],
    ['a statement took too long', withCode('57014')],
    ['the connection broke', new Error('Connection terminated unexpectedly')],
    ['it takes a connection and says nothing', new Error('timeout expired')],
    ['all addresses refuse', new AggregateError([withCode('ECONNREFUSED')])],
    ['TypeORM wrapped it', Object.assign(new Error('query failed'), { driverError: withCode('08006') })],
    ['it was recognised before', new ServiceUnavailable(new Error('away'))],
  ])('%s', (_, error) => {
    expect(isUnavailable(error)).toBe(true);
  });

  it.each([
    ['a constraint', withCode('23505')],
    ['a bug', new TypeError('x is undefined')],
    ['nothing at all', undefined],
  ])('is not %s', (_, error) => {
    expect(isUnavailable(error)).toBe(false);
  });
});

describe('isRepeatable', () => {
  it('is a serialization failure or a deadlock, and nothing else', () => {
    expect(['40001', '40P01', '23505'].map((code) => isRepeatable(withCode(code)))).toEqual([true, true, false]);
  });
});
