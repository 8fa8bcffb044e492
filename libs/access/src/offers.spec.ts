import { describe, expect, it } from '@jest/globals';
import { embeddedPolicy } from './embedded-policy.ts';
import type { PolicyInput } from './policy.ts';
import type { TokenPrincipal } from './principal.ts';
import { workspaceScopes } from './scopes.ts';
import { kindOf, placeRun, reasonToSee } from './offers.ts';

const { decide } = embeddedPolicy();
const offer = (isPublic: boolean, userService: boolean) => ({ public: isPublic, userService });

describe('where a run lies', () => {
  it.each([
    ['private, by its owner', 'd', undefined, { executing: 'd', reader: undefined }],
    ['private, by another', 'c', undefined, undefined],
    ['said to be private, by another', 'c', offer(false, false), undefined],
    ['public, by another', 'c', offer(true, false), { executing: 'c', reader: undefined }],
    ['a service, by another', 'c', offer(false, true), { executing: 'd', reader: 'd' }],
    ['a service that is public too', 'c', offer(true, true), { executing: 'd', reader: 'd' }],
    ['a service, by its owner: a plain run', 'd', offer(false, true), { executing: 'd', reader: undefined }],
  ])('%s', (_what, caller, policy, placement) => {
    expect(placeRun('d', caller, policy)).toEqual(placement);
  });

  it('is told', () => {
    expect([kindOf(undefined), kindOf(offer(true, false)), kindOf(offer(true, true))]).toEqual(['private', 'public', 'user-service']);
    expect(reasonToSee('d', 'd', offer(true, true))).toBe('Workspace owns this workflow');
    expect(reasonToSee('d', 'c', offer(true, true))).toBe('Workflow is a user service');
    expect(reasonToSee('d', 'c', offer(true, false))).toBe('Workflow is public');
  });
});

describe('what a member of another workspace may', () => {
  const principal: TokenPrincipal = { kind: 'token', workspace: 'c', token: 't', scopes: workspaceScopes };
  const may = (action: PolicyInput['action'], more: object) => decide({ principal, action, resource: { workspace: 'd', ...more } }).allow;
  it.each([
    ['private', undefined, { 'process.read': false, 'process.execute': false, 'process.source': false }],
    ['public', offer(true, false), { 'process.read': true, 'process.execute': true, 'process.source': true }],
    ['a service', offer(false, true), { 'process.read': true, 'process.execute': true, 'process.source': false }],
    ['a public service', offer(true, true), { 'process.read': true, 'process.execute': true, 'process.source': false }],
  ] as const)('do with a process that is %s', (_what, policy, expected) => {
    for (const [action, allowed] of Object.entries(expected))
      expect([action, may(action as keyof typeof expected, { offer: policy })]).toEqual([action, allowed]);
    expect(may('process.deploy', { offer: policy })).toBe(false);
  });

  it('see of the list: what is offered; of a run: that it executes in their workspace', () => {
    expect([may('process.list', { offers: true }), may('process.list', { offers: false })]).toEqual([true, false]);
    expect([may('run.read', { reader: 'c' }), may('run.read', { reader: 'b' }), may('file.read', { reader: 'c' })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('not do without the scope', () => {
    const reader = { ...principal, scopes: ['read'] as const };
    expect(decide({ principal: reader, action: 'process.execute', resource: { workspace: 'd', offer: offer(true, false) } })).toMatchObject(
      {
        reason: 'scope',
      },
    );
  });
});
