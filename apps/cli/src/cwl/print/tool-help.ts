import { showType, type InputParameter, type Process } from '@runnel/cwl';

/** The inputs of a process as options of its command line. */
export function toolHelp(process: Process, named: string): string {
  const width = Math.min(32, Math.max(0, ...process.inputs.map((one) => option(one).length)) + 2);
  const lines = process.inputs.map((one) => {
    const notes = [description(one), state(one)].filter(Boolean).join(' ');
    const left = option(one);
    return left.length + 2 > width ? `  ${left}\n  ${' '.repeat(width)}${notes}` : `  ${left.padEnd(width)}${notes}`;
  });
  const about = [process.label, process.doc].filter(Boolean).join('\n\n');
  return [
    `Usage: runnel-cwl [options] ${named} [job] ${process.inputs.map((one) => (isOptional(one) ? `[${option(one)}]` : option(one))).join(' ')}`.trimEnd(),
    ...(about === '' ? [] : ['', about.trim()]),
    '',
    ...(lines.length === 0 ? ['It has no inputs.'] : ['Inputs:', ...lines]),
    '',
    `Outputs: ${process.outputs.map(({ id, type }) => `${id} (${showType(type)})`).join(', ') || 'none'}`,
    '',
  ].join('\n');
}

function option({ id, type }: InputParameter): string {
  const shown = showType(type).replace(/\?$/, '');
  return shown === 'boolean' ? `--${id}` : `--${id} ${shown.toUpperCase().replaceAll(' ', '_')}`;
}

function isOptional({ type, default: value }: InputParameter): boolean {
  return value !== undefined || type === 'null' || (Array.isArray(type) && type.includes('null'));
}

function state(input: InputParameter): string {
  if (input.default !== undefined) return `(default: ${JSON.stringify(input.default)})`;
  return isOptional(input) ? '(optional)' : '(required)';
}

function description({ doc, label }: InputParameter): string {
  return (doc ?? label ?? '').replace(/\s+/g, ' ').trim();
}
