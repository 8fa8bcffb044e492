import { describe, expect, it } from '@jest/globals';
import { principalOf } from './claims.ts';
import { scopes, workspaceScopes } from './scopes.ts';

const sub = 'f2a1';

describe('the calling workspace of a user', () => {
  it.each([
    ['the one the token is scoped to', { workspace: 'demo', workspaces: ['demo'] }, 'demo'],
    ['also without a list', { workspace: 'demo' }, 'demo'],
    ['the only one of the list', { workspaces: ['demo'] }, 'demo'],
  ])('is %s', (_what, claims, workspace) => {
    expect(principalOf({ sub, ...claims })).toEqual({
      kind: 'principal',
      principal: { kind: 'token', workspace, token: `user:${sub}`, owner: sub, scopes: workspaceScopes },
    });
  });

  it.each([
    ['several', { workspaces: ['a', 'b'] }, /names 2 workspaces; ask for one/],
    ['none', {}, /names no workspace/],
    ['one that is not among them', { workspace: 'x', workspaces: ['a'] }, /not among/],
    ['one that is no text', { workspace: ['a'] }, /not text/],
    ['a claim twice, but for case', { workspace: 'a', Workspace: 'b' }, /workspace and Workspace/],
    ['nobody', { sub: '', workspace: 'a' }, /names nobody/],
  ])('is not known where there is %s', (_what, claims, reason) => {
    expect(principalOf({ sub, ...claims })).toMatchObject({ kind: 'forbidden', reason: expect.stringMatching(reason) });
  });

  it('an administrator of the hub may do what concerns all workspaces', () => {
    expect(principalOf({ sub, workspace: 'demo', realm_access: { roles: ['x', 'hub_admin'] } })).toMatchObject({ principal: { scopes } });
    expect(principalOf({ sub, workspace: 'demo', realm_access: 'hub_admin' })).toMatchObject({ principal: { scopes: workspaceScopes } });
  });
});
