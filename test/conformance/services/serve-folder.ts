import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface ServedFolder {
  /** Without a slash at its end. */
  readonly url: string;
  /** Puts every file below an address of a workspace; resolves with that address, relative to its host. */
  uploadTo(address: string, token: string): Promise<string>;
  close(): Promise<void>;
}

/** Serves the files of a folder on this machine, as a web server of documents would. */
export async function serveFolder(folder: string): Promise<ServedFolder> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const known = new Set(files);
  const server = createServer((request, response) => {
    const place = decodeURIComponent((request.url ?? '').slice(1));
    // Only what was found there when it began: no path leads elsewhere.
    if (known.has(place)) response.end(readFileSync(join(folder, place)));
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async uploadTo(address, token) {
      for (const file of files) {
        const answer = await fetch(`${address}/${file.split('/').map(encodeURIComponent).join('/')}`, {
          method: 'PUT',
          body: readFileSync(join(folder, file)),
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
        });
        if (!answer.ok) throw new Error(`${file} cannot be uploaded: ${answer.status} ${await answer.text()}`);
      }
      return new URL(address).pathname;
    },
    close: () => new Promise((done) => server.close(() => done())),
  };
}
