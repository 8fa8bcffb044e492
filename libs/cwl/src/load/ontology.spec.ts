import { describe, expect, it } from '@jest/globals';
import { formatIsA } from '../check/format-is-a.ts';
import { loadPackage } from './load-package.ts';
import { readOntology, relationsTo } from './ontology.ts';

function read(text: string, ...wanted: string[]) {
  const parents = new Map<string, Set<string>>();
  readOntology(text, parents);
  return relationsTo(wanted, parents);
}

const RDF = `<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [ <!ENTITY e "http://e.org/" > ]>
<rdf:RDF xmlns:owl="http://www.w3.org/2002/07/owl#">
  <owl:Class rdf:about="&e;bam">
    <rdfs:subClassOf rdf:resource="http://e.org/binary"/>
    <rdfs:subClassOf>
      <owl:Restriction><owl:someValuesFrom rdf:resource="http://e.org/data"/></owl:Restriction>
    </rdfs:subClassOf>
    <rdfs:label>A &lt;b&gt;</rdfs:label>
  </owl:Class>
  <owl:Class rdf:about="http://e.org/cram"><rdfs:subClassOf><owl:Class rdf:about="http://e.org/bam"/></rdfs:subClassOf></owl:Class>
  <owl:Class rdf:about="http://e.org/other"><owl:equivalentClass rdf:resource="http://e.org/bam"/></owl:Class>
  <owl:Class rdf:about="http://e.org/unrelated"><rdfs:subClassOf rdf:resource="http://e.org/else"/></owl:Class>
</rdf:RDF>`;

const TURTLE = `@prefix e: <http://e.org/> . # a comment
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
PREFIX owl: <http://www.w3.org/2002/07/owl#>
e:bam a owl:Class ; rdfs:label "has . and ; and # in it"@en ;
  rdfs:subClassOf e:binary , [ a owl:Restriction ; owl:someValuesFrom e:data ] .
<http://e.org/other> owl:equivalentClass e:bam.
e:cram rdfs:subClassOf e:bam .`;

const RELATIONS = {
  'http://e.org/bam': ['http://e.org/binary', 'http://e.org/other'],
  'http://e.org/cram': ['http://e.org/bam'],
  'http://e.org/other': ['http://e.org/bam'],
};

describe('ontologies', () => {
  it('keeps of RDF/XML what leads to a wanted format', () => expect(read(RDF, 'http://e.org/binary')).toEqual(RELATIONS));
  it('keeps of Turtle what leads to a wanted format', () => expect(read(TURTLE, 'http://e.org/binary')).toEqual(RELATIONS));

  it('answers whether a format is another, over several steps and with prefixes, and ends in circles', () => {
    const pkg = { namespaces: { e: 'http://e.org/' }, formatParents: RELATIONS };
    expect(formatIsA(pkg, 'e:cram', 'http://e.org/binary')).toBe(true);
    expect(formatIsA(pkg, 'e:cram', 'e:other')).toBe(true);
    expect(formatIsA(pkg, 'e:binary', 'e:cram')).toBe(false);
    expect(formatIsA(pkg, 'e:unheard', 'e:unheard')).toBe(true);
  });

  it('is read only where an input asks for a format, and missed with a warning', async () => {
    const text = (format: string) =>
      `{cwlVersion: v1.2, class: CommandLineTool, $namespaces: {e: "http://e.org/"}, $schemas: [e.owl], outputs: [], inputs: {x: {type: File${format}}}}`;
    const load = async (format: string, owl?: string) =>
      loadPackage('file:///d/app.cwl', async (uri) => (uri.endsWith('.owl') ? (owl ?? Promise.reject(new Error('gone'))) : text(format)));
    expect((await load(', format: e:bam', RDF)).package?.formatParents['http://e.org/cram']).toEqual(['http://e.org/bam']);
    expect((await load('')).diagnostics).toEqual([]);
    expect((await load(', format: e:bam')).diagnostics).toMatchObject([{ severity: 'warning', path: '$schemas' }]);
  });
});
