import { describe, expect, it } from '@jest/globals';
import { embeddedPolicy } from './embedded-policy.ts';
import { actions } from './policy.ts';
import type { Action, Resource } from './policy.ts';
import type { Principal } from './principal.ts';
import { anonymous } from './principal.ts';
import type { Scope } from './scopes.ts';
import { scopes, workspaceScopes } from './scopes.ts';

/**
 * The cross-tenant table, written down a second time and by hand: who may do what with what is `d`'s. An action without a row does not compile.
 * Columns: a member of `d`; members of `c` with something private, public, a service of `d`'s, and with a run of a service of theirs.
 */
type Row = readonly [
  scope: Scope | 'session' | 'open',
  own: boolean,
  privately: boolean,
  publicly: boolean,
  service: boolean,
  witness: boolean,
];

const table: Record<Action, Row> = {
  'service.describe': ['open', true, true, true, true, true],
  'service.observe': ['open', true, true, true, true, true],
  'process.list': ['read', true, false, true, true, false],
  'process.read': ['read', true, false, true, true, false],
  'process.source': ['read', true, false, true, false, false],
  'process.deploy': ['deploy', true, false, false, false, false],
  'process.execute': ['execute', true, false, true, true, false],
  'run.list': ['read', true, false, false, false, false],
  'run.read': ['read', true, false, false, false, true],
  'run.update': ['execute', true, false, false, false, false],
  'run.dismiss': ['execute', true, false, false, false, false],
  'file.read': ['read', true, false, false, false, false],
  'file.write': ['write', true, false, false, false, false],
  'policy.write': ['deploy', true, false, false, false, false],
  'event.send': ['execute', true, false, false, false, false],
  'event.read': ['read', true, false, false, false, false],
  'harvest.read': ['read', true, false, false, false, false],
  'harvest.hook': ['operator', true, true, true, true, true],
  'harvest.push': ['open', true, true, true, true, true],
  'trigger.read': ['read', true, false, false, false, false],
  'trigger.write': ['deploy', true, false, false, false, false],
  'usage.read': ['read', true, false, false, false, false],
  'workspace.read': ['read', true, false, false, false, false],
  'workspace.manage': ['manage', true, false, false, false, false],
  'history.read': ['read', true, false, false, false, false],
  'history.write': ['deploy', true, false, false, false, false],
  'token.read': ['tokens', true, false, false, false, false],
  'token.write': ['tokens', true, false, false, false, false],
  'token.exchange': ['open', true, true, true, true, true],
  'session.create': ['session', true, false, false, false, false],
  'executor.read': ['read', true, true, true, true, true],
  'executor.write': ['operator', true, true, true, true, true],
  'quota.read': ['operator', true, true, true, true, true],
  'tenant.read': ['operator', true, true, true, true, true],
  'tenant.write': ['operator', true, true, true, true, true],
  'quota.write': ['operator', true, true, true, true, true],
  'dead-letter.read': ['operator', true, true, true, true, true],
  'dead-letter.write': ['operator', true, true, true, true, true],
};

const { decide } = embeddedPolicy();
const token = (workspace: string, some: readonly Scope[], more: object = {}): Principal => ({
  kind: 'token',
  workspace,
  token: 't',
  scopes: some,
  ...more,
});
const resources: readonly [name: string, column: 1 | 2 | 3 | 4 | 5, workspace: string, resource: Resource][] = [
  ['a member', 1, 'd', {}],
  ['another, private', 2, 'c', { offer: undefined, offers: false }],
  ['another, said to be private', 2, 'c', { offer: { public: false, userService: false }, offers: false }],
  ['another, public', 3, 'c', { offer: { public: true, userService: false }, offers: true }],
  ['another, service', 4, 'c', { offer: { public: false, userService: true }, offers: true }],
  ['another, public service', 4, 'c', { offer: { public: true, userService: true }, offers: true }],
  ['another, in whose workspace it executes', 5, 'c', { reader: 'c' }],
  ['another, in whose workspace it does not', 2, 'c', { reader: 'b' }],
];

describe.each(actions)('%s', (action) => {
  const row = table[action];
  const [scope] = row;
  const may = (principal: Principal, resource: Resource): boolean =>
    decide({ principal, action, resource: { workspace: 'd', ...resource } }).allow;

  it.each(resources)('%s', (_name, column, workspace, resource) => {
    expect(may(token(workspace, scopes), resource)).toBe(row[column]);
  });

  it('anonymous: only what is open', () => {
    for (const [, , , resource] of resources) expect(may(anonymous, resource)).toBe(scope === 'open');
  });

  it('anonymous, where the administrator opened a route: processes and jobs, of which handlers show what is public', () => {
    const opened = /^(process\.(list|read|source|execute)|run\.(list|read|dismiss))$/.test(action);
    expect(may(anonymous, { open: true })).toBe(opened || scope === 'open');
    // It opens nothing to those who have a token of another workspace.
    expect(may(token('c', scopes), { open: true })).toBe(row[2]);
  });

  it('not without its scope, and with it alone', () => {
    const own = (some: readonly Scope[]): boolean => may(token('d', some), {});
    if (scope === 'open') return expect(own([])).toBe(true);
    expect(own([])).toBe(false);
    for (const one of scopes) expect([one, own([one])]).toEqual([one, scope === 'session' || one === scope]);
  });

  it('with what only gets sessions: sessions', () => {
    expect(may(token('d', [], { sessionScopes: workspaceScopes }), {})).toBe(scope === 'open' || scope === 'session');
    expect(may(token('c', [], { sessionScopes: workspaceScopes }), {})).toBe(scope === 'open');
  });

  it('as a tool of a run: to read, or to read and write, and no more', () => {
    const tool = (some: readonly Scope[]): boolean => may(token('d', some, { run: 'r' }), {});
    expect(tool(['read'])).toBe(scope === 'open' || scope === 'read');
    expect(tool(['read', 'write'])).toBe(scope === 'open' || scope === 'read' || scope === 'write');
  });
});
