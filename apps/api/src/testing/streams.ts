/** A server-sent event whose data is JSON. */
export interface TestEvent {
  readonly id: string;
  readonly event: string;
  readonly data: { status: string; version: number; progress: number; steps: { step: string; attempt: number; status: string }[] };
}

/** Events of a run until the server ends the stream. */
export async function* followEvents(url: string, run: string, secret: string, lastEventId?: number): AsyncGenerator<TestEvent> {
  const headers = { authorization: `Bearer ${secret}`, ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }) };
  const response = await fetch(new URL(`/api/v1/runs/${run}/events`, url), { headers });
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = Object.fromEntries(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
      );
      text = text.slice(end + 2);
      if (fields['data'] !== undefined)
        yield { id: fields['id'] ?? '', event: fields['event'] ?? '', data: JSON.parse(fields['data']) as TestEvent['data'] };
    }
  }
}

/** Text of an answer while it comes. */
export function readText(response: Response): { until(text: string): Promise<void>; all(): Promise<string> } {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const more = async (): Promise<boolean> => {
    const next = await reader?.read();
    text += next?.value ?? '';
    return next !== undefined && !next.done;
  };
  return {
    async until(wanted) {
      while (text !== wanted) {
        if (text.length > wanted.length || !(await more()))
          throw new Error(`expected ${JSON.stringify(wanted)}, found ${JSON.stringify(text)}`);
      }
    },
    async all() {
      while (await more());
      return text;
    },
  };
}
