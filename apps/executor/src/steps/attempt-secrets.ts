import type { Json, JsonObject } from '@runnel/cwl';
import type { Spawner } from '@runnel/sandbox';
import type { StepRequest } from './attempt.ts';
import type { AskSecrets } from './ask-secrets.ts';
import { mapTexts, type Concealment } from './concealment.ts';

/** What an attempt is given beside its inputs, and how it is kept out of what it leaves. */
export interface AttemptSecrets {
  readonly environment: Readonly<Record<string, string>>;
  /** Inputs with the values that references stand for. */
  reveal(inputs: JsonObject): JsonObject;
  /** Outputs with references, or a mask, in place of what they stand for. */
  conceal<Value extends JsonObject>(outputs: Value): Value;
}

export const noSecrets: AttemptSecrets = { environment: {}, reveal: (inputs) => inputs, conceal: (outputs) => outputs };

/** Asks for the secrets of an attempt that is given some; from then on its concealment knows them. */
export async function secretsOf(request: StepRequest, ask: AskSecrets, concealment: Concealment): Promise<AttemptSecrets> {
  if (request.secrets !== true) return noSecrets;
  const { environment, inputs } = await ask(request);
  const hidden = Object.entries(inputs);
  for (const value of [...Object.values(environment), ...Object.values(inputs)]) concealment.add(value);
  const replaceAll = (text: string, pairs: readonly (readonly [from: string, to: string])[]): string =>
    pairs.reduce((changed, [from, to]) => changed.replaceAll(from, () => to), text);
  const back = hidden.map(([reference, value]) => [value, reference] as const).sort(([a], [b]) => b.length - a.length);
  const map = <Value extends Json>(value: Value, change: (text: string) => string): Value => mapTexts(value, change) as Value;
  return {
    environment,
    reveal: (given) => map(given, (text) => (text.includes('(secret-') ? replaceAll(text, hidden) : text)),
    conceal: (outputs) => map(outputs, (text) => concealment.hide(replaceAll(text, back))),
  };
}

/** The spawner, with the secrets in the environment of what it starts. */
export function givingSecrets(spawner: Spawner, { environment }: AttemptSecrets): Spawner {
  if (Object.keys(environment).length === 0) return spawner;
  return { ...spawner, run: (spawned, hooks) => spawner.run({ ...spawned, env: { ...spawned.env, ...environment } }, hooks) };
}
