import type { Scope } from './scopes.ts';
import { workspaceScopes } from './scopes.ts';

/** What members of a workspace may do: each role is a set of scopes, which bounds what the holder's tokens may do. */
export const roles = {
  owner: workspaceScopes,
  developer: ['read', 'execute', 'deploy', 'write'],
  user: ['read', 'execute'],
  viewer: ['read'],
} as const satisfies Record<string, readonly Scope[]>;

export type Role = keyof typeof roles;

export const roleNames = Object.keys(roles) as [Role, ...Role[]];

export function isRole(text: string): text is Role {
  return Object.hasOwn(roles, text);
}
