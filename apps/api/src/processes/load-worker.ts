import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { describeProcess, loadAndCheck, packDigestText } from '@runnel/cwl';
import { namedFiles } from './named-files.ts';
import { fetchDocument } from './fetch-document.ts';
import { reservedNames } from './reserved-names.ts';
import type { DocumentRequest, LoadOutcome } from './load-document.ts';

const { hosts } = workerData as { hosts: readonly string[] };
/** Stands for the document that came with the request; what it refers to relatively lies nowhere. */
const uploaded = 'package:///document.cwl';

parentPort?.on('message', (request: DocumentRequest) => {
  void load(request).then((outcome) => parentPort?.postMessage(outcome));
});

async function load({ text, address, entry }: DocumentRequest): Promise<LoadOutcome> {
  const root = address ?? uploaded;
  let source = text ?? '';
  const read = async (uri: string): Promise<string> => {
    if (text !== undefined && uri === uploaded) return text;
    const found = await fetchDocument(uri, hosts);
    if (uri === address) source = found;
    return found;
  };
  const uri = entry === undefined ? root : `${root}#${encodeURIComponent(entry)}`;
  const { package: pkg, diagnostics } = await loadAndCheck(uri, read, { entry: 'first-workflow' });
  if (!pkg) {
    const entries = entry === undefined ? undefined : await otherEntries(root, read, entry);
    return entries ? { kind: 'no-such-entry', entries } : { kind: 'refused', diagnostics };
  }
  const reserved = reservedNames(pkg);
  if (reserved.length > 0) return { kind: 'refused', diagnostics: reserved };
  const packed = packDigestText(pkg);
  return {
    kind: 'loaded',
    digest: createHash('sha256').update(packed).digest('hex'),
    text: packed,
    entry: pkg.main,
    description: describeProcess(pkg, pkg.main),
    source,
    files: namedFiles(pkg),
  };
}

/** The processes of a document that is right but lacks the one asked for. */
async function otherEntries(root: string, read: (uri: string) => Promise<string>, entry: string): Promise<string[] | undefined> {
  const { package: pkg } = await loadAndCheck(root, read, { entry: 'first-workflow' });
  return pkg && !Object.hasOwn(pkg.processes, entry) ? Object.keys(pkg.processes).filter((id) => !id.includes('/')) : undefined;
}
