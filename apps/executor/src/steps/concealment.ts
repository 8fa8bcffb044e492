import { hideShortened, type Json } from '@runnel/cwl';

const mask = '***';

/** Values that may stand in nothing that is written down of an attempt. */
export interface Concealment {
  /** From now on, also as it looks in an address, in JSON and in base64. */
  add(value: string): void;
  /** Passes a log on without the values, also where one is split. */
  masking(log: (chunk: Buffer) => void): { readonly write: (chunk: Buffer) => void; readonly end: () => void };
  /** What it looks for. */
  texts(): string[];
  /** Of a text. */
  hide(this: void, text: string): string;
}

export function createConcealment(): Concealment {
  // Longest first: what holds another one is hidden as a whole.
  let values: readonly Buffer[] = [];
  const texts = (): string[] => values.map((value) => value.toString());
  return {
    add(value) {
      if (value === '') return;
      const forms = [
        value,
        JSON.stringify(value).slice(1, -1),
        encodeURIComponent(value),
        Buffer.from(value).toString('base64').replace(/=+$/, ''),
      ];
      const all = new Set([
        ...values.map((known) => known.toString('latin1')),
        ...forms.map((form) => Buffer.from(form).toString('latin1')),
      ]);
      values = [...all].map((form) => Buffer.from(form, 'latin1')).sort((a, b) => b.length - a.length);
    },
    masking: (log) => {
      // What may be the beginning of a value waits for what follows.
      let held: Buffer = Buffer.alloc(0);
      return {
        write(chunk) {
          if (values.length === 0) return log(chunk);
          const all = replaced(Buffer.concat([held, chunk]), values);
          const keep = Math.max(...values.map((value) => overlap(all, value)));
          held = all.subarray(all.length - keep);
          if (all.length > keep) log(all.subarray(0, all.length - keep));
        },
        end() {
          if (held.length > 0) log(held);
          held = Buffer.alloc(0);
        },
      };
    },
    texts,
    hide: (text) => hideShortened(replaced(Buffer.from(text), values).toString(), texts(), mask),
  };
}

/** Texts anywhere in a value, each changed. */
export function mapTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapTexts(one, change)]));
}

function replaced(bytes: Buffer, values: readonly Buffer[]): Buffer {
  let text = bytes;
  for (const value of values)
    if (text.includes(value)) text = Buffer.from(text.toString('latin1').replaceAll(value.toString('latin1'), mask), 'latin1');
  return text;
}

/** Bytes at the end that are a beginning of the value. */
function overlap(bytes: Buffer, value: Buffer): number {
  for (let length = Math.min(bytes.length, value.length - 1); length > 0; length -= 1)
    if (bytes.subarray(bytes.length - length).equals(value.subarray(0, length))) return length;
  return 0;
}
