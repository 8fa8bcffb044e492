/** What a token may do; each action of the policy asks for one of them. */
export const scopes = ['read', 'execute', 'deploy', 'write', 'tokens', 'manage', 'operator'] as const;

/**
 * `read`: see processes, runs, results, files · `execute`: start and dismiss runs · `deploy`: deploy, replace, undeploy processes · `write`: put and
 * delete files · `tokens`: make and revoke tokens of its workspace · `manage`: members, secrets and settings of its workspace · `operator`: what concerns all workspaces (dead letters, quotas, executors).
 */
export type Scope = (typeof scopes)[number];

/** What a user of a workspace needs: everything but `operator`. */
export const workspaceScopes: readonly Scope[] = scopes.filter((scope) => scope !== 'operator');

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}
