/** Postgres channel on which changes of workspaces are told. */
export const workspaceChanges = 'workspaces_changed';

/** Belongs to every transaction that changes workspaces, quotas or secrets. */
export const tellWorkspacesChanged = { name: 'tell-workspaces-changed', text: `select pg_notify('${workspaceChanges}', '')` };
/** The same as a part of another statement. */
export const notifyChanged = `pg_notify('${workspaceChanges}', '')`;
