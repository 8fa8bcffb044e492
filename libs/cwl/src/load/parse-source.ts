import type { Diagnostic, SourcePosition } from '../model.ts';
import type { LoadLimits } from './limits.ts';
import { parseJson, SyntaxFault } from './parse-json.ts';
import { parseYaml } from './parse-yaml.ts';
import { positionAt, type SourceMap, type SourceText } from './source-map.ts';

/** Parses YAML or JSON; what is wrong with the text as such becomes one diagnostic. */
export function parseSource(
  text: string,
  uri: string,
  map: SourceMap,
  limits: Pick<LoadLimits, 'documentBytes' | 'depth' | 'nodes'>,
): { value: unknown } | { diagnostic: Diagnostic } {
  if (text.length > limits.documentBytes) {
    const message = `the document has ${text.length} characters, more than the limit of ${limits.documentBytes}`;
    return { diagnostic: { severity: 'error', code: 'limit-exceeded', message, path: '', position: { file: uri, line: 1, column: 1 } } };
  }
  const document: SourceText = { uri, text: text.startsWith('\ufeff') ? text.slice(1) : text };
  try {
    return { value: parseAny(document, map, limits) };
  } catch (error) {
    return { diagnostic: syntaxDiagnostic(error, document, limits.depth) };
  }
}

/** Beyond this size a text that begins like JSON is taken for JSON: to have the YAML parser say the same of 5 MB takes seconds. */
const LARGE = 256 * 1024;

function parseAny(document: SourceText, map: SourceMap, limits: Pick<LoadLimits, 'depth' | 'nodes'>): unknown {
  if (/^\s*[{[]/.test(document.text)) {
    try {
      return parseJson(document, map, limits.depth);
    } catch (error) {
      if (!(error instanceof SyntaxFault) || error.kind !== 'syntax' || document.text.length > LARGE) throw error;
    }
  }
  return parseYaml(document, map, limits);
}

function syntaxDiagnostic(error: unknown, document: SourceText, depth: number): Diagnostic {
  if (error instanceof SyntaxFault) {
    const position: SourcePosition = positionAt(document, error.offset);
    const limit = error.kind === 'limit';
    const message = limit ? error.message : `not valid YAML or JSON: ${error.message}`;
    return { severity: 'error', code: limit ? 'limit-exceeded' : 'syntax', message, path: '', position };
  }
  // The YAML composer recurses: a document nested thousands deep overflows the stack before our own count could end it.
  if (error instanceof RangeError) {
    const position = positionAt(document, 0);
    return { severity: 'error', code: 'limit-exceeded', message: `nested deeper than ${depth} levels`, path: '', position };
  }
  throw error;
}
