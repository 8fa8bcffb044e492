import { createHash } from 'node:crypto';
import { applyPattern, hasExpression, isFile, packDigestText, visitPathValues } from '@runnel/cwl';
import type { CwlPackage, Json, JsonObject } from '@runnel/cwl';
import type { ApiContext } from '../context.ts';
import { fetchBytes } from '../outbound/fetch-input.ts';
import { OutboundRefused } from '../outbound/request-outbound.ts';
import { scheme } from '../runs/addresses.ts';

/** Files that one document may name, and bytes of each: larger ones are inputs. */
const mostFiles = 100;
const largest = 10 * 1024 * 1024;

type Services = Pick<ApiContext, 'objects' | 'config'>;

interface Kept {
  readonly location: string;
  readonly basename: string;
  readonly size: number;
}

/**
 * Brings the files that a package names into its workspace, by their content, so that nothing is fetched at run time; the package then names
 * those. What is not there stays as it is: an execution that needs it says so, one that brings its own does not mind.
 */
export async function keepNamedFiles(
  services: Services,
  workspace: string,
  { text, files }: { readonly text: string; readonly files: readonly string[] },
): Promise<{ text: string; digest: string }> {
  const pkg = JSON.parse(text) as CwlPackage;
  const kept = new Map<string, Kept>();
  for (const address of [...files, ...withSiblings(pkg)].slice(0, mostFiles)) {
    const file = await keepFile(services, workspace, address);
    if (file) kept.set(address, file);
  }
  visitPathValues(pkg.processes as unknown as Json, (file: JsonObject) => {
    const { location } = file;
    const found = typeof location === 'string' ? kept.get(location) : undefined;
    if (found) Object.assign(file, { ...found, basename: file['basename'] ?? found.basename });
  });
  for (const { default: file } of Object.values(pkg.processes).flatMap(({ inputs }) => inputs)) dropMissingSiblings(file);
  const packed = packDigestText(pkg);
  return { text: packed, digest: createHash('sha256').update(packed).digest('hex') };
}

/** Names secondary files that the defaults of inputs have beside them, by their patterns; answers where they would be. */
function withSiblings(pkg: CwlPackage): string[] {
  const addresses: string[] = [];
  for (const { default: file, secondaryFiles = [] } of Object.values(pkg.processes).flatMap(({ inputs }) => inputs)) {
    if (!isFile(file) || typeof file['location'] !== 'string' || file['secondaryFiles'] !== undefined) continue;
    const { location } = file;
    const patterns = secondaryFiles.flatMap(({ pattern }) => (hasExpression(pattern) ? [] : [pattern]));
    const siblings = patterns.map((pattern) => new URL(encodeURIComponent(applyPattern(nameOf(location), pattern)), location).href);
    addresses.push(...siblings);
    file['secondaryFiles'] = siblings.map((address) => ({ class: 'File', location: address }));
  }
  return addresses;
}

/** What a pattern names and nobody has: whether it is required is looked at when it is used. */
function dropMissingSiblings(file: Json | undefined): void {
  if (!isFile(file) || !Array.isArray(file['secondaryFiles'])) return;
  file['secondaryFiles'] = file['secondaryFiles'].filter(
    (one) => isFile(one) && !(typeof one['location'] === 'string' && /^https?:/i.test(one['location'])),
  );
}

async function keepFile({ objects, config }: Services, workspace: string, address: string): Promise<Kept | undefined> {
  let bytes: Buffer;
  try {
    bytes = await fetchBytes(config, address, largest);
  } catch (error) {
    if (error instanceof OutboundRefused) return undefined;
    throw error;
  }
  const key = `${workspace}/packages/files/${createHash('sha256').update(bytes).digest('hex')}`;
  // no crash point: named by its content, and by nobody before the deployment is stored.
  await objects.put(key, bytes, { derived: true });
  return { location: scheme + key, basename: nameOf(address), size: bytes.length };
}

function nameOf(address: string): string {
  const { pathname } = new URL(address);
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(last) || 'file';
  } catch {
    return last;
  }
}
