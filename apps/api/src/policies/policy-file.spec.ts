import { describe, expect, it } from '@jest/globals';
import { readPolicy } from './policy-file.ts';

describe('an access policy', () => {
  it('says of workflows who may use them; other sections are for others', () => {
    const text = JSON.stringify({
      'block-store': { '/a': { access: 'public' } },
      workflows: { w: { access: 'public' }, s: { access: 'private', type: 'user-service', 'on-revoke': 'dismiss' }, p: {} },
    });
    expect(readPolicy(text)).toEqual({
      workflows: [
        { process: 'w', public: true, userService: false, onRevoke: 'continue' },
        { process: 's', public: false, userService: true, onRevoke: 'dismiss' },
        { process: 'p', public: false, userService: false, onRevoke: 'continue' },
      ],
      faults: [],
    });
  });

  it.each([
    ['is no JSON', '{', /not JSON, so all is private/],
    ['has a list of workflows', '{"workflows": []}', /"workflows" is an object/],
    ['is a list', '[]', /"workflows" is an object/],
  ])('that %s offers nothing, and this is said', (_what, text, fault) => {
    expect(readPolicy(text)).toEqual({ workflows: [], faults: [expect.stringMatching(fault)] });
  });

  it('with an entry that cannot be read keeps the others', () => {
    const { workflows, faults } = readPolicy(
      '{"workflows": {"a": {"access": "Public"}, "b": {"access": "public"}, "c": {"type": "service"}, "d": 1}}',
    );
    expect(workflows.map(({ process }) => process)).toEqual(['b']);
    expect(faults).toEqual([
      expect.stringMatching(/^workflow a is private: access/),
      expect.stringMatching(/^workflow c is private: type/),
      expect.stringMatching(/^workflow d is private/),
    ]);
  });
});
