/** A document may have as many bytes as one that is uploaded. */
const largest = 10 * 1024 * 1024;
const patience = 10_000;
const mostRedirects = 5;

/**
 * Fetches a document that another one, or a deployment, names by address. Only hosts that the administrator allowed are asked, also where they
 * redirect; no credentials are sent. Rejects with the reason, which is shown to the user.
 */
export async function fetchDocument(uri: string, hosts: readonly string[]): Promise<string> {
  const signal = AbortSignal.timeout(patience);
  let address = uri;
  for (let hop = 0; hop <= mostRedirects; hop += 1) {
    refuseOthers(address, hosts);
    const response = await fetch(address, { redirect: 'manual', signal, headers: { accept: 'application/cwl, */*' } });
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      address = new URL(location, address).href;
    } else if (response.ok) {
      return readLimited(response, uri);
    } else {
      await response.body?.cancel();
      throw new Error(`${uri} answers ${response.status}`);
    }
  }
  throw new Error(`${uri} redirects more than ${mostRedirects} times`);
}

function refuseOthers(address: string, hosts: readonly string[]): void {
  const { protocol, host, hostname } = new URL(address);
  if (protocol === 'package:')
    throw new Error('it is not part of what was sent: pack the document into one (cwltool --pack), or give full addresses');
  if (protocol !== 'https:' && protocol !== 'http:') throw new Error(`documents are not read from ${protocol} addresses`);
  if (!hosts.includes(host) && !hosts.includes(hostname)) {
    throw new Error(
      `documents are not fetched from ${host}: pack the document into one (cwltool --pack), or ask the administrator to allow that host`,
    );
  }
}

async function readLimited(response: Response, uri: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > largest) throw new Error(`${uri} has more than ${largest} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
