import { request, type Target } from './http.ts';

export interface ServerEvent {
  id: string | undefined;
  event: string;
  data: string;
}

/** Follows a stream of server-sent events; after a broken connection it resumes behind the last id it saw. */
export async function* follow(target: Target, path: string, signal?: AbortSignal): AsyncGenerator<ServerEvent> {
  let lastId: string | undefined;
  for (;;) {
    const response = await request(target, path, {
      headers: { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.body === null) return;
    try {
      for await (const event of parse(response.body)) {
        lastId = event.id ?? lastId;
        yield event;
      }
    } catch (error) {
      if (signal?.aborted === true) return;
      if (!(error instanceof TypeError)) throw error;
    }
    if (signal?.aborted === true) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let buffered = '';
  for await (const chunk of body) {
    buffered += decoder.decode(chunk, { stream: true });
    for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
      const event = parseBlock(buffered.slice(0, end));
      buffered = buffered.slice(end + 2);
      if (event !== undefined) yield event;
    }
  }
}

/** One block of the stream (HTML standard §9.2.6); comments yield nothing. */
export function parseBlock(block: string): ServerEvent | undefined {
  let id: string | undefined;
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { id, event, data: data.join('\n') };
}
