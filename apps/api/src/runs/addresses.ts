/**
 * Two forms of naming a file. Inside: an object URI, `runnel:` and the object's key. For users: an address under `/workspaces/`, whose path says
 * whose file it is. Only user addresses are understood in inputs, and only object URIs in results, so that neither can be forged.
 */
export const scheme = 'runnel:';

/** Folders of a workspace that have addresses. */
const folders = ['files', 'results'] as const;

export interface FileAddress {
  readonly workspace: string;
  readonly folder: (typeof folders)[number];
  /** Below the folder, without a slash at its end. */
  readonly path: string;
  readonly key: string;
}

export type ParsedAddress = { readonly address: FileAddress } | { readonly fault: string };

/**
 * Reads what a user may name as a location: `/workspaces/{ws}/files/…`, the same with one of our origins in front, `/workspaces/{ws}/results/…`,
 * `files/…` of the caller's own workspace, or `/workspace/pv-{ws}/…`, which are a workspace's files too.
 */
export function parseAddress(text: string, own: { readonly workspace: string; readonly origins: readonly string[] }): ParsedAddress {
  const path = localPath(text, own);
  if (path === undefined) return { fault: faultOf(text) };
  const [, root, workspace = '', folder = '', ...rest] = path.split('/');
  const segments = rest.map(decode);
  while (segments.at(-1) === '') segments.pop();
  const known = folders.find((name) => name === folder);
  if (root !== 'workspaces' || known === undefined)
    return { fault: `"${text}" is not the address of a file: /workspaces/${own.workspace}/files/…` };
  if (segments.some((segment) => segment === undefined || segment === '' || segment === '.' || segment === '..' || segment.includes('/'))) {
    return { fault: `"${text}" is not a well-formed address` };
  }
  const below = segments.join('/');
  return { address: { workspace, folder: known, path: below, key: `${workspace}/${known}/${below}` } };
}

/** The address for users of what lies in the store of this installation (`s3://bucket/prefix/`); undefined for what lies elsewhere. */
export function pathInStore(location: string, store: string): string | undefined {
  return store.startsWith('s3://') && location.startsWith(store) ? `/workspaces/${location.slice(store.length)}` : undefined;
}

function localPath(text: string, { workspace, origins }: { workspace: string; origins: readonly string[] }): string | undefined {
  if (text.startsWith('/workspaces/')) return withoutQuery(text);
  // Where the hub's block store stands in its users' documents.
  const volume = /^\/workspace\/pv-([a-z0-9-]+)\/(.*)$/s.exec(text);
  if (volume) return withoutQuery(`/workspaces/${volume[1]}/files/${volume[2]}`);
  if (text.startsWith('files/')) return withoutQuery(`/workspaces/${workspace}/${text}`);
  const origin = origins.find((candidate) => text.startsWith(`${candidate}/`));
  return origin === undefined ? undefined : withoutQuery(text.slice(origin.length));
}

function faultOf(text: string): string {
  if (/^https?:/i.test(text)) return `"${text}" is not here: files are read from this service's workspaces only; upload it first`;
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) return `"${text}" has a scheme that is not read here; upload the file and name its address`;
  return `"${text}" is not an address; upload the file and name its address, /workspaces/…/files/…`;
}

function withoutQuery(path: string): string {
  return path.replace(/[?#].*$/, '');
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** Address of an object for users: `{origin}/workspaces/{ws}/files/…`. Undefined for objects that have none. */
export function addressOf(uri: string, origin: string): string | undefined {
  const [workspace = '', folder = '', ...path] = uri.slice(scheme.length).split('/');
  if (!uri.startsWith(scheme) || !(folders as readonly string[]).includes(folder)) return undefined;
  return [`${origin}/workspaces`, workspace, folder, ...path.map(encodeURIComponent)].join('/');
}
