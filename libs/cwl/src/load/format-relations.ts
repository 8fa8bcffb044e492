import type { CwlType, InputParameter, Process } from '../model.ts';
import type { Documents } from './documents.ts';
import { readOntology, relationsTo } from './ontology.ts';
import type { ProcessLoader } from './process-loader.ts';
import type { Report } from './report.ts';
import { hasExpression } from './raw.ts';

/**
 * Reads the ontologies that `$schemas` names, if any input asks for a format at all. One that cannot be read is a warning: formats are then
 * compared by name. Formats given by an expression are only known in a run, so then all relations are kept.
 */
export async function readFormatRelations(
  loader: ProcessLoader,
  documents: Documents,
  report: Report,
): Promise<{ [iri: string]: string[] }> {
  const wanted = new Set(Object.values(loader.processes()).flatMap(inputFormats));
  if (wanted.size === 0) return {};
  const parents = new Map<string, Set<string>>();
  for (const { uri, position } of loader.schemas()) {
    const text = await documents.optionalText(uri);
    if (text === undefined) report.warn('$schemas', position, `cannot read the ontology ${uri}: formats are compared by name only`);
    else readOntology(text, parents);
  }
  return relationsTo([...wanted].some(hasExpression) ? allNames(parents) : wanted, parents);
}

function allNames(parents: Map<string, Set<string>>): string[] {
  return [...parents].flatMap(([name, above]) => [name, ...above]);
}

function inputFormats(process: Process): string[] {
  return process.inputs.flatMap((input: InputParameter) => [...(input.format ?? []), ...formatsInside(input.type)]);
}

function formatsInside(type: CwlType): string[] {
  if (typeof type === 'string') return [];
  if (Array.isArray(type)) return type.flatMap(formatsInside);
  if (type.type === 'array') return formatsInside(type.items);
  return type.type === 'record' ? type.fields.flatMap((field) => [...(field.format ?? []), ...formatsInside(field.type)]) : [];
}
