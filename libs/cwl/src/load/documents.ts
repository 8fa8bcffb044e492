import type { Diagnostic, SourcePosition } from '../model.ts';
import type { ReadDocument } from '../ports.ts';
import { createBudget, expandDirectives, hasDirectives } from './expand-directives.ts';
import type { LoadLimits } from './limits.ts';
import { parseSource } from './parse-source.ts';
import type { Report } from './report.ts';
import type { SourceMap } from './source-map.ts';
import { withoutFragment } from './uri.ts';

/** Who asks for a document: where the reference stands, and the documents that led there, for cycles and for the depth limit. */
export interface Reference {
  path: string;
  position: SourcePosition | undefined;
  chain: readonly string[];
}

/** Reads every document once. Answers undefined where a fault was reported. */
export interface Documents {
  /** Parsed, with `$import`, `$include` and `$mixin` carried out. */
  load(uri: string, from: Reference): Promise<{ root: unknown } | undefined>;
  text(uri: string, from: Reference): Promise<string | undefined>;
  /** Undefined, without a report, where it cannot be read. */
  optionalText(uri: string): Promise<string | undefined>;
}

export function createDocuments(read: ReadDocument, sources: SourceMap, report: Report, limits: LoadLimits): Documents {
  const texts = new Map<string, Promise<{ text: string } | { fault: Omit<Diagnostic, 'path'> }>>();
  const budget = createBudget(limits.nodes);
  const loaded = new Map<string, { root: unknown } | undefined>();

  const fetch = async (uri: string): Promise<{ text: string } | { fault: Omit<Diagnostic, 'path'> }> => {
    try {
      const text = await read(uri);
      if (text.length <= limits.documentBytes) return { text };
      const message = `${uri} has ${text.length} characters, more than the limit of ${limits.documentBytes}`;
      return { fault: { severity: 'error', code: 'limit-exceeded', message } };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { fault: { severity: 'error', code: 'unreadable', message: `cannot read ${uri}: ${reason}` } };
    }
  };

  const text = async (address: string, from: Reference): Promise<string | undefined> => {
    const uri = withoutFragment(address);
    if (!texts.has(uri) && texts.size >= limits.documents) {
      report.error(from.path, from.position, `more than ${limits.documents} documents`, { code: 'limit-exceeded' });
      return undefined;
    }
    const pending = texts.get(uri) ?? fetch(uri);
    texts.set(uri, pending);
    const found = await pending;
    if ('text' in found) return found.text;
    report.add({ ...found.fault, path: from.path, ...(from.position && { position: from.position }) });
    return undefined;
  };

  const load = async (address: string, from: Reference): Promise<{ root: unknown } | undefined> => {
    const uri = withoutFragment(address);
    if (from.chain.length > limits.importDepth) {
      const message = `more than ${limits.importDepth} documents that refer to one another in a chain`;
      report.error(from.path, from.position, message, { code: 'limit-exceeded' });
      return undefined;
    }
    if (loaded.has(uri)) return loaded.get(uri);
    const content = await text(uri, from);
    if (content === undefined) return undefined;
    const parsed = parseSource(content, uri, sources, limits);
    if ('diagnostic' in parsed) report.add({ ...parsed.diagnostic, path: from.path });
    let document = 'value' in parsed ? { root: parsed.value } : undefined;
    if (document && hasDirectives(content)) {
      const chain = [...from.chain, uri];
      document = {
        root: await expandDirectives(document.root, uri, {
          documents,
          sources,
          report,
          chain,
          path: from.path,
          maxDepth: limits.depth,
          budget,
        }),
      };
    }
    loaded.set(uri, document);
    return document;
  };

  const optionalText = async (uri: string): Promise<string | undefined> => {
    const found = await fetch(withoutFragment(uri));
    return 'text' in found ? found.text : undefined;
  };

  const documents: Documents = { load, text, optionalText };
  return documents;
}
