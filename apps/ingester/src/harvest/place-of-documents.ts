/**
 * Where the documents of a source stand among the files of its workspace, as a prefix of keys: those of a repository in a folder named for its
 * address and branch, the workspace's own files where they are.
 */
export function rootOf({
  workspace,
  source,
  repository,
  branch,
}: {
  workspace: string;
  source: string;
  repository: string;
  branch: string;
}) {
  const files = `${workspace}/files/`;
  if (source === 'files') return files;
  // `https://user@host/org/repo.git`, `git@host:org/repo.git`, `file:///srv/repo.git`
  const address = repository
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/^[^/@]*@/, '')
    .replace(/\.git\/?$/, '');
  const folders = [...address.split(/[/:]/), ...branch.split('/')].filter((part) => part !== '');
  return `${files}harvested/${folders.map((part) => part.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^\./, '_')).join('/')}/`;
}
