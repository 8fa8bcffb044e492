import type { CwlType, Process } from '../model.ts';
import { valueFaults } from './check-value.ts';
import type { CheckContext } from './check-package.ts';

/** Names that are given twice, and defaults that no input would accept. */
export function checkPorts(context: CheckContext, process: Process): void {
  checkUnique(context, process, 'inputs', process.inputs);
  checkUnique(context, process, 'outputs', process.outputs);
  for (const [kind, ports] of [
    ['inputs', process.inputs],
    ['outputs', process.outputs],
  ] as const) {
    for (const port of ports) checkFieldNames(context, port.type, port, context.path(process, kind, port.id));
  }
  for (const input of process.inputs) {
    if (input.default === undefined || input.default === null) continue;
    const [fault] = valueFaults(input.default, input.type, '');
    if (!fault) continue;
    const message = `the default does not fit the type: ${fault.message}`;
    context.report.warn(context.path(process, 'inputs', input.id, 'default'), context.positions(input, 'default'), message);
  }
  if (process.class !== 'Workflow') return;
  checkUnique(context, process, 'steps', process.steps);
  for (const step of process.steps) checkUnique(context, process, `steps.${step.id}.in`, step.in);
}

function checkUnique({ report, positions, path }: CheckContext, process: Process, kind: string, items: readonly { id: string }[]): void {
  const seen = new Set<string>();
  for (const item of items) {
    if (seen.has(item.id)) report.error(path(process, kind, item.id), positions(item, 'id'), `the id "${item.id}" is given twice`);
    seen.add(item.id);
  }
}

function checkFieldNames(context: CheckContext, type: CwlType, owner: object, where: string): void {
  if (typeof type === 'string') return;
  if (Array.isArray(type)) {
    for (const one of type) checkFieldNames(context, one, owner, where);
  } else if (type.type === 'array') {
    checkFieldNames(context, type.items, owner, where);
  } else if (type.type === 'record') {
    const seen = new Set<string>();
    for (const field of type.fields) {
      if (seen.has(field.name)) context.report.error(where, context.positions(field, 'name'), `the field "${field.name}" is given twice`);
      seen.add(field.name);
      checkFieldNames(context, field.type, owner, where);
    }
  }
}
