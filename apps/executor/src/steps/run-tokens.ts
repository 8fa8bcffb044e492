import { signRunToken } from '@runnel/access/run-token';
import type { Spawner } from '@runnel/sandbox';
import type { StepRequest } from './attempt.ts';

/** What a tool's EnvVarRequirement says where it wants a token of the workspace it executes in (contract of the EODH face, section 5.3). */
const placeholder = '<<REPLACE>>';
/** Beyond the longest step; the end of the run ends it before. */
const goodFor = 7 * 86_400_000;
const mask = '***';

/** Gives tools their tokens at the start, and keeps these out of what is written down of them. */
export interface RunTokens {
  /** The spawner, with the token in place of the placeholder. */
  giving: (spawner: Spawner) => Spawner;
  /** Passes a log on without the token, also where it is split. */
  masking: (log: (chunk: Buffer) => void) => { readonly write: (chunk: Buffer) => void; readonly end: () => void };
  /** Of a text. */
  hide: (text: string) => string;
}

export function runTokens(key: string | undefined, { run, workspace }: StepRequest, now: number): RunTokens {
  let token: string | undefined;
  const tokenOf = (): string => {
    if (key === undefined)
      throw new Error('the tool wants a token of its run (<<REPLACE>>), and this executor has no key to sign one (runTokenKey)');
    return (token ??= signRunToken(key, { run, workspace, expires: now + goodFor }));
  };
  return {
    giving: (spawner) => ({
      ...spawner,
      run: (spawned, hooks) => {
        const wanted = Object.entries(spawned.env).some(([, value]) => value === placeholder);
        if (!wanted) return spawner.run(spawned, hooks);
        const env = Object.fromEntries(
          Object.entries(spawned.env).map(([name, value]) => [name, value === placeholder ? tokenOf() : value]),
        );
        return spawner.run({ ...spawned, env }, hooks);
      },
    }),
    masking: (log) => {
      // What may be the beginning of the token waits for what follows.
      let held: Buffer = Buffer.alloc(0);
      return {
        write(chunk) {
          if (token === undefined) return log(chunk);
          const all = replaced(Buffer.concat([held, chunk]), token);
          const keep = overlap(all, token);
          held = all.subarray(all.length - keep);
          if (all.length > keep) log(all.subarray(0, all.length - keep));
        },
        end() {
          if (held.length > 0) log(held);
          held = Buffer.alloc(0);
        },
      };
    },
    hide: (text) => (token === undefined ? text : text.replaceAll(token, mask)),
  };
}

function replaced(bytes: Buffer, token: string): Buffer {
  return bytes.includes(token) ? Buffer.from(bytes.toString('latin1').replaceAll(token, mask), 'latin1') : bytes;
}

/** Bytes at the end that are a beginning of the token. */
function overlap(bytes: Buffer, token: string): number {
  for (let length = Math.min(bytes.length, token.length - 1); length > 0; length -= 1)
    if (bytes.subarray(bytes.length - length).equals(Buffer.from(token.slice(0, length)))) return length;
  return 0;
}
