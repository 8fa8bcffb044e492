type Parents = Map<string, Set<string>>;

const RDFS = 'http://www.w3.org/2000/01/rdf-schema#';
const OWL = 'http://www.w3.org/2002/07/owl#';
const RELATIONS = new Set([`${RDFS}subClassOf`, `${OWL}equivalentClass`]);

/** Adds the class relations of an ontology (RDF/XML or Turtle) to `parents`: subclass → superclass, and both ways for equivalent classes. */
export function readOntology(text: string, parents: Parents): void {
  if (/^\s*(?:<\?xml|<!--|<!DOCTYPE|<rdf:RDF)/.test(text)) readRdfXml(text, parents);
  else readTurtle(text, parents);
}

/**
 * Only relations on the way from anything to one of the wanted IRIs: an ontology of 2.6 MB leaves a few hundred. Sorted, so that the package has
 * one text.
 */
export function relationsTo(wanted: Iterable<string>, parents: Parents): { [iri: string]: string[] } {
  const children: Parents = new Map();
  for (const [child, found] of parents) for (const parent of found) relate(children, parent, child);
  const reached = new Set(wanted);
  for (const iri of reached) for (const child of children.get(iri) ?? []) reached.add(child);
  const kept: [string, string[]][] = [];
  for (const iri of [...reached].sort()) {
    const above = [...(parents.get(iri) ?? [])].filter((parent) => reached.has(parent)).sort();
    if (above.length > 0) kept.push([iri, above]);
  }
  return Object.fromEntries(kept);
}

function relate(relations: Parents, from: string, to: string): void {
  const known = relations.get(from);
  if (known) known.add(to);
  else relations.set(from, new Set([to]));
}

/**
 * Scans for the outermost owl:Class elements that have an IRI and for the relations that name a resource directly; anonymous classes (restrictions)
 * say nothing about formats. A scan, because building the tree of EDAM would take longer than most tools run.
 */
function readRdfXml(text: string, parents: Parents): void {
  const entities = new Map([...text.matchAll(/<!ENTITY\s+(\S+)\s+["']([^"']*)["']/g)].map((entity) => [entity[1] ?? '', entity[2] ?? '']));
  const iri = (value: string) => value.replace(/&([^;]+);/g, (whole, name: string) => entities.get(name) ?? XML_ENTITIES[name] ?? whole);
  const tag = /<(\/?)([\w.-]+:)?(Class|Description|subClassOf|equivalentClass)\b([^<>]*?)(\/?)>/g;
  const classes: (string | undefined)[] = [];
  const relations: string[] = [];
  for (const [, closing, , name = '', attributes = '', empty] of text.matchAll(tag)) {
    const isClass = name === 'Class' || name === 'Description';
    const about = /(?:rdf:)?about\s*=\s*["']([^"']*)["']/.exec(attributes)?.[1];
    const resource = /(?:rdf:)?resource\s*=\s*["']([^"']*)["']/.exec(attributes)?.[1];
    const subject = classes.at(-1);
    if (closing) {
      if (isClass) classes.pop();
      else relations.pop();
    } else if (isClass) {
      const relation = relations.at(-1);
      if (relation !== undefined && subject !== undefined && about !== undefined) add(parents, iri(subject), relation, iri(about));
      if (!empty) classes.push(about);
    } else {
      if (subject !== undefined && resource !== undefined) add(parents, iri(subject), name, iri(resource));
      if (!empty) relations.push(name);
    }
  }
}

const XML_ENTITIES: { [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function add(parents: Parents, subject: string, relation: string, object: string): void {
  relate(parents, subject, object);
  if (relation.endsWith('equivalentClass')) relate(parents, object, subject);
}

/** Comments, IRIs, prefixed names, texts (long and short) and punctuation of Turtle. */
const TURTLE =
  /#[^\n]*|<([^<>\s]*)>|"""[^]*?"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[;,[\]()]|@?[\p{L}\d_:][\p{L}\d_:%/-]*(?:\.+[\p{L}\d_:%/-]+)*|\S/gu;

function readTurtle(text: string, parents: Parents): void {
  const prefixes = new Map<string, string>();
  let subject: string | undefined;
  let predicate: string | undefined;
  let depth = 0;
  const tokens = text.matchAll(TURTLE);
  const resolve = (token: string, iri: string | undefined): string | undefined => {
    if (iri !== undefined) return iri;
    if (token === 'a') return 'a';
    const colon = token.indexOf(':');
    const base = colon < 0 ? undefined : prefixes.get(token.slice(0, colon));
    return base === undefined ? undefined : base + token.slice(colon + 1);
  };
  for (const [token, iri] of tokens) {
    if (token === '' || (token.startsWith('#') && iri === undefined)) continue;
    if (/^@?prefix$/i.test(token)) {
      const [name = ''] = tokens.next().value ?? [];
      const [, base] = tokens.next().value ?? [];
      prefixes.set(name.replace(/:$/, ''), base ?? '');
    } else if (token === '[' || token === '(') {
      depth++;
    } else if (token === ']' || token === ')') {
      depth--;
    } else if (depth > 0) {
      continue;
    } else if (token === '.') {
      subject = predicate = undefined;
    } else if (token === ';') {
      predicate = undefined;
    } else if (token !== ',') {
      const term = resolve(token, iri);
      if (subject === undefined) subject = term ?? '';
      else if (predicate === undefined) predicate = term ?? '';
      else if (term !== undefined && subject !== '' && RELATIONS.has(predicate)) add(parents, subject, predicate, term);
    }
  }
}
