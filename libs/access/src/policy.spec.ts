import { describe, expect, it } from '@jest/globals';
import { embeddedPolicy } from './embedded-policy.ts';
import { actions } from './policy.ts';
import type { Action } from './policy.ts';
import { anonymous } from './principal.ts';
import type { TokenPrincipal } from './principal.ts';
import { scopes, workspaceScopes } from './scopes.ts';
import type { Scope } from './scopes.ts';

const { decide } = embeddedPolicy();
const holder = (...held: Scope[]): TokenPrincipal => ({ kind: 'token', workspace: 'demo', token: 't-1', scopes: held });
const open: Action[] = ['service.describe', 'service.observe', 'harvest.push', 'token.exchange'];
const closed = actions.filter((action) => !open.includes(action));
const operator: Action[] = [
  'harvest.hook',
  'executor.write',
  'harvest.hook',
  'quota.read',
  'quota.write',
  'tenant.read',
  'tenant.write',
  'dead-letter.read',
  'dead-letter.write',
];
const anyWorkspace: Action[] = [...operator, 'executor.read'];

describe('decide', () => {
  it.each(open)('%s is for everybody', (action) => {
    expect(decide({ principal: anonymous, action, resource: {} })).toEqual({ allow: true });
  });

  it.each(closed)('%s is not for anonymous callers', (action) => {
    expect(decide({ principal: anonymous, action, resource: { workspace: 'demo' } })).toMatchObject({ reason: 'unauthenticated' });
  });

  it.each(closed)('%s needs a scope', (action) => {
    expect(decide({ principal: holder(), action, resource: { workspace: 'demo' } })).toMatchObject({ reason: 'scope' });
  });

  it.each(closed.filter((action) => !anyWorkspace.includes(action)))('%s stops at the border of the workspace', (action) => {
    const principal = holder(...scopes);
    expect(decide({ principal, action, resource: { workspace: 'demo' } })).toEqual({ allow: true });
    expect(decide({ principal, action, resource: { workspace: 'other' } })).toMatchObject({ reason: 'foreign' });
    expect(decide({ principal, action, resource: {} })).toMatchObject({ reason: 'foreign' });
  });

  it('foreign comes before scope: the answer does not depend on what the token could do elsewhere', () => {
    expect(decide({ principal: holder(), action: 'run.read', resource: { workspace: 'other' } })).toMatchObject({ reason: 'foreign' });
  });

  it.each(operator)('%s is not for users of a workspace', (action) => {
    expect(decide({ principal: holder(...workspaceScopes), action, resource: {} })).toMatchObject({ reason: 'scope' });
    expect(decide({ principal: holder('operator'), action, resource: {} })).toEqual({ allow: true });
  });
});
