import { randomUUID } from 'node:crypto';
import { requirement, requirementsInForce } from '@runnel/cwl';
import type { Json, JsonObject, Process } from '@runnel/cwl';
import type { Database, Write } from '@runnel/postgres';
import type { InputFault } from '../runs/resolve-inputs.ts';
import type { SecretSeal } from './seal.ts';

const referencePattern = /^\(secret-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)$/;

/** Inputs in which references stand for what nobody may see, and the values they stand for. */
interface HiddenInputs {
  readonly inputs: JsonObject;
  readonly hidden: ReadonlyMap<string, string>;
}

/**
 * Takes the values of inputs that cwltool:Secrets names out of an input object: every text in them becomes a reference, as in cwltool. What is
 * written down of the run from then on holds references alone. A reference of another run is a fault: it shows nobody what it stood for.
 */
export function hideInputs(main: Process, inputs: JsonObject): HiddenInputs | { readonly faults: readonly InputFault[] } {
  const secret = new Set(requirement(requirementsInForce(main), 'Secrets')?.inputs ?? []);
  const hidden = new Map<string, string>();
  const faults: InputFault[] = [];
  const hide = (value: Json, path: string): Json => {
    if (typeof value === 'string' && value !== '') {
      if (referencePattern.test(value)) faults.push({ path, message: 'it was secret, and what it was is not kept: give it again' });
      const reference = `(secret-${randomUUID()})`;
      hidden.set(reference, value);
      return reference;
    }
    if (Array.isArray(value)) return value.map((one) => hide(one, path));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, name === 'class' ? one : hide(one, path)]));
    }
    return value;
  };
  const without = Object.entries(inputs).map(([name, value]) => [name, secret.has(name) ? hide(value, name) : value] as const);
  return faults.length > 0 ? { faults } : { inputs: Object.fromEntries(without), hidden };
}

/** Keeps them, sealed, with the run. */
export function keepHidden(seal: SecretSeal, run: string, hidden: ReadonlyMap<string, string>): Write[] {
  return [...hidden].map(([reference, value]) => ({
    name: 'keep-hidden-input',
    text: 'insert into run_secrets (run_id, reference, sealed) values ($1, $2, $3)',
    values: [run, reference, seal.seal(`${run}/${reference}`, value)],
  }));
}

/** Secret inputs of runs that have ended are of no use any more; of those that were never accepted there are none. */
export async function forgetHidden({ pool }: Pick<Database, 'pool'>): Promise<void> {
  await pool.query({
    name: 'forget-hidden-inputs',
    text: `
delete from run_secrets s where exists (select from runs r where r.id = s.run_id and r.stopped and r.finished_at is not null)
  or (s.created_at < now() - interval '1 hour' and not exists (select from runs r where r.id = s.run_id))`,
  });
}
