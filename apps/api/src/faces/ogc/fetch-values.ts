import type { CwlType, Json, JsonObject, Process } from '@runnel/cwl';
import type { ApiContext } from '../../context.ts';
import { fetchValue } from '../../outbound/fetch-input.ts';
import { OutboundRefused } from '../../outbound/request-outbound.ts';
import type { InputFault } from '../../runs/resolve-inputs.ts';
import { badInputs } from './problems.ts';

/**
 * Values by reference (`{href, type}`, 18-062r2, 7.11.2.2) of inputs that are not files: fetched here, checked against their types like values in
 * place. Files are fetched where they are resolved.
 */
export async function fetchValues({ config }: ApiContext, inputs: JsonObject, process: Pick<Process, 'inputs'>): Promise<JsonObject> {
  const faults: InputFault[] = [];
  const types = new Map(process.inputs.map(({ id, type }) => [id, type]));
  const entries = Object.entries(inputs).map(async ([id, value]): Promise<[string, Json]> => {
    const type = types.get(id);
    if (type === undefined || !isReference(value) || takesMaps(type)) return [id, value];
    try {
      return [id, (await fetchValue(config, value.href)) as Json];
    } catch (error) {
      if (!(error instanceof OutboundRefused)) throw error;
      faults.push({ path: id, message: error.message });
      return [id, value];
    }
  });
  const fetched = Object.fromEntries(await Promise.all(entries));
  if (faults.length > 0) throw badInputs(faults);
  return fetched;
}

const isReference = (value: Json): value is JsonObject & { href: string } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value['href'] === 'string';

/** Files, folders and records are maps themselves: a map may be the value. */
function takesMaps(type: CwlType): boolean {
  if (Array.isArray(type)) return type.some(takesMaps);
  if (typeof type === 'object') return type.type === 'record' || (type.type === 'array' && takesMaps(type.items));
  return type === 'File' || type === 'Directory' || type === 'Any';
}
