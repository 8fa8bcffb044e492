import type { Diagnostic, SourcePosition } from '@runnel/cwl';

/** Exit code for what CWL allows and this program does not (contract of cwltest). */
export const UNSUPPORTED = 33;

/** Why the program ends without outputs; the message is for the user and names the place. */
export class CwlFault extends Error {
  override name = 'CwlFault';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** One line per diagnostic: `tool.cwl:3:1: inputs.x: what is wrong`. */
export function describeDiagnostic({ severity, message, path, position, hint }: Diagnostic): string {
  const place = position === undefined ? '' : showPosition(position);
  const subject = path === '' ? '' : `${path}: `;
  return `${place}${severity === 'warning' ? 'warning: ' : ''}${subject}${message}${hint === undefined ? '' : ` (${hint})`}`;
}

/** `tool.cwl:3:1: `. */
export function showPosition({ file, line, column }: SourcePosition): string {
  return `${shortFile(file)}:${line}:${column}: `;
}

/** Only what is unsupported and nothing else wrong: another engine could run this document. */
export function faultOf(diagnostics: Diagnostic[]): CwlFault {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const unsupported = errors.length > 0 && errors.every(({ code }) => code === 'unsupported' || code === 'unsupported-requirement');
  return new CwlFault(errors.map(describeDiagnostic).join('\n'), unsupported ? UNSUPPORTED : 1);
}

function shortFile(file: string): string {
  if (!file.startsWith('file://')) return file;
  const path = decodeURIComponent(file.slice('file://'.length));
  const here = `${process.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
