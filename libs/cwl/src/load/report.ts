import type { Diagnostic, SourcePosition } from '../model.ts';

/** Faults beyond this number say nothing new and would make a hostile document's answer as large as the document. */
const MAX_DIAGNOSTICS = 100;

/** Collects what is wrong, so that one load reports several faults. */
export interface Report {
  add: (diagnostic: Diagnostic) => void;
  error: Complain;
  warn: Complain;
  readonly diagnostics: Diagnostic[];
  hasErrors: () => boolean;
  /** Nothing more is taken in: looking for more faults is wasted work. */
  isFull: () => boolean;
}
type Complain = (path: string, position: SourcePosition | undefined, message: string, more?: Pick<Diagnostic, 'hint' | 'code'>) => void;

/** In the order in which one reads: file by file as they came up, from top to bottom; what has no position first. */
export function inReadingOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diagnostics.map((one) => one.position?.file ?? ''))];
  const rank = ({ position }: Diagnostic) => [files.indexOf(position?.file ?? ''), position?.line ?? 0, position?.column ?? 0] as const;
  return [...diagnostics].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
  });
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
    (severity: Diagnostic['severity']): Complain =>
    (path, position, message, more = {}) =>
      add({ severity, message, path, ...(position && { position }), ...more });
  return {
    add,
    error: build('error'),
    warn: build('warning'),
    diagnostics,
    hasErrors: () => failed,
    isFull: () => diagnostics.length >= MAX_DIAGNOSTICS,
  };
}
