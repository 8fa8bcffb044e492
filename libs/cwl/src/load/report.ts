import type { Diagnostic, SourcePosition } from '../model.ts';

/** Faults beyond this number say nothing new and would make a hostile document's answer as large as the document. */
const MAX_DIAGNOSTICS = 100;

/** Collects what is wrong, so that one load reports several faults. */
export interface Report {
  add(diagnostic: Diagnostic): void;
  error(path: string, position: SourcePosition | undefined, message: string, more?: Pick<Diagnostic, 'hint' | 'code'>): void;
  warn(path: string, position: SourcePosition | undefined, message: string, more?: Pick<Diagnostic, 'hint' | 'code'>): void;
  readonly diagnostics: Diagnostic[];
  hasErrors(): boolean;
}

export function createReport(): Report {
  const diagnostics: Diagnostic[] = [];
  const seen = new Set<string>();
  let failed = false;
  const add = (diagnostic: Diagnostic) => {
    if (diagnostic.severity === 'error') failed = true;
    // A shared file is reported once, however many steps run or import it.
    const { file, line, column } = diagnostic.position ?? { file: '', line: 0, column: 0 };
    const key = diagnostic.position ? `${file}:${line}:${column} ${diagnostic.message}` : `${diagnostic.path} ${diagnostic.message}`;
    if (seen.has(key) || diagnostics.length >= MAX_DIAGNOSTICS) return;
    seen.add(key);
    diagnostics.push(diagnostic);
  };
  const build =
    (severity: Diagnostic['severity']) =>
    (path: string, position: SourcePosition | undefined, message: string, more: Pick<Diagnostic, 'hint' | 'code'> = {}) =>
      add({ severity, message, path, ...(position && { position }), ...more });
  return { add, error: build('error'), warn: build('warning'), diagnostics, hasErrors: () => failed };
}
