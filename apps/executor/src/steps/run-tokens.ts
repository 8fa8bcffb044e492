import { signRunToken } from '@runnel/access/run-token';
import type { Spawner } from '@runnel/sandbox';
import type { StepRequest } from './attempt.ts';
import type { Concealment } from './concealment.ts';

/** What a tool's EnvVarRequirement says where it wants a token of the workspace it executes in (contract of the EODH face, section 5.3). */
const placeholder = '<<REPLACE>>';
/** Beyond the longest step; the end of the run ends it before. */
const goodFor = 7 * 86_400_000;

/** Gives tools their tokens at the start, in place of the placeholder, and conceals them. */
export function givingTokens(
  spawner: Spawner,
  {
    key,
    request: { run, workspace },
    concealment,
    now,
  }: { key: string | undefined; request: StepRequest; concealment: Concealment; now: number },
): Spawner {
  let token: string | undefined;
  const tokenOf = (): string => {
    if (key === undefined)
      throw new Error('the tool wants a token of its run (<<REPLACE>>), and this executor has no key to sign one (runTokenKey)');
    if (token === undefined) concealment.add((token = signRunToken(key, { run, workspace, expires: now + goodFor })));
    return token;
  };
  return {
    ...spawner,
    run: (spawned, hooks) => {
      const wanted = Object.values(spawned.env).includes(placeholder);
      if (!wanted) return spawner.run(spawned, hooks);
      const env = Object.fromEntries(Object.entries(spawned.env).map(([name, value]) => [name, value === placeholder ? tokenOf() : value]));
      return spawner.run({ ...spawned, env }, hooks);
    },
  };
}
