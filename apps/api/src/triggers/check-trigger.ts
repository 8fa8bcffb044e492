import { parseFilter, pathOf } from '@runnel/contracts';
import type { Process } from '@runnel/cwl';
import { Problem } from '@runnel/service';
import { cronFault } from './cron-times.ts';
import type { FiringServices } from './carry-out-firing.ts';
import { findTarget } from './carry-out-firing.ts';
import { Trigger } from './trigger-definition.ts';

interface Fault {
  readonly path: string;
  readonly column?: number;
  readonly message: string;
}

/** The definition in a request's body; a 400 that names each fault where it does not parse, never fires, or does not fit its process. */
export async function checkTrigger(
  services: Pick<FiringServices, 'processes' | 'packages'>,
  workspace: string,
  body: object,
): Promise<Trigger> {
  const parsed = Trigger.safeParse(body);
  if (!parsed.success) throw refused(parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })));
  const trigger = parsed.data;
  const faults = [...ownFaults(trigger), ...(await targetFaults(services, workspace, trigger))];
  if (faults.length > 0) throw refused(faults);
  return trigger;
}

function ownFaults(trigger: Trigger): Fault[] {
  const mapped = Object.entries(trigger.inputs).flatMap(([name, source]): Fault[] => {
    if (!('from' in source) || trigger.each !== undefined || pathOf(source.from)[0] !== 'item') return [];
    return [{ path: `inputs.${name}.from`, message: 'there is an item only with `each`' }];
  });
  if (trigger.on === 'cron') {
    const fault = cronFault(trigger, new Date());
    return fault ? [...mapped, fault] : mapped;
  }
  if (trigger.on !== 'event' || trigger.filter === undefined) return mapped;
  const filter = parseFilter(trigger.filter);
  return 'fault' in filter ? [...mapped, { path: 'filter', ...filter.fault }] : mapped;
}

async function targetFaults(
  services: Pick<FiringServices, 'processes' | 'packages'>,
  workspace: string,
  trigger: Trigger,
): Promise<Fault[]> {
  const target = await findTarget(services, workspace, trigger.process);
  if ('reason' in target) return [{ path: 'process', message: target.reason }];
  const { package: pkg } = await services.packages.get(target.process);
  return inputFaults(trigger, pkg.processes[target.process.entry]?.inputs ?? []);
}

function inputFaults({ inputs, process }: Trigger, declared: Process['inputs']): Fault[] {
  const known = new Set(declared.map(({ id }) => id));
  const unknown = Object.keys(inputs).filter((name) => !known.has(name));
  const missing = declared.filter(({ id, type, default: fallback }) => !(id in inputs) && fallback === undefined && !mayBeNull(type));
  const own = new Set(['calling_workspace', 'executing_workspace']);
  return [
    ...unknown.map((name) => ({ path: `inputs.${name}`, message: `${process} has no input ${name}; it has ${[...known].join(', ')}` })),
    ...missing.filter(({ id }) => !own.has(id)).map(({ id }) => ({ path: `inputs.${id}`, message: `${process} needs it` })),
  ];
}

const mayBeNull = (type: Process['inputs'][number]['type']): boolean => [type].flat().some((one) => one === 'null' || one === 'Any');

function refused(errors: Fault[]): Problem {
  const shown = errors.map(({ path, column, message }) => `${path}${column === undefined ? '' : `, column ${column}`}: ${message}`);
  return new Problem({ status: 400, title: 'Trigger refused', detail: shown.join('; '), extra: { errors } });
}
