import { requestOutbound } from '../outbound/request-outbound.ts';

/** A document may have as many bytes as one that is uploaded. */
const largest = 10 * 1024 * 1024;
const patience = 10_000;
const redirects = 5;

/**
 * Fetches a document that another one, or a deployment, names by address: from public addresses and hosts that the administrator allowed, also
 * where they redirect; no credentials are sent. Rejects with the reason, which is shown to the user.
 */
export async function fetchDocument(uri: string, hosts: readonly string[]): Promise<string> {
  const { protocol } = new URL(uri);
  if (protocol === 'package:')
    throw new Error('it is not part of what was sent: pack the document into one (cwltool --pack), or give full addresses');
  if (protocol !== 'https:' && protocol !== 'http:') throw new Error(`documents are not read from ${protocol} addresses`);
  const signal = AbortSignal.timeout(patience);
  const headers = { accept: 'application/cwl, */*' };
  const { status, body } = await requestOutbound(uri, { method: 'GET', headers, allowedHosts: hosts, redirects, signal });
  if (status === 200) return readLimited(body, uri);
  body.destroy();
  throw new Error(`${uri} answers ${status}`);
}

async function readLimited(body: AsyncIterable<Uint8Array>, uri: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > largest) throw new Error(`${uri} has more than ${largest} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
