import type { JsonObject } from '@runnel/cwl';
import type { BuiltIn } from './built-ins.ts';
import type { DescribedInput } from './described-inputs.ts';

/** Longest pause, in seconds: who asks for it may be nobody in particular, and a pause keeps a slot. */
const longestPause = 10;

/**
 * Gives every input back as the output of the same name. Without a pause no step runs: a scatter over nothing. Values are of any type here, since
 * the description says more about them than CWL could.
 */
const document = `cwlVersion: v1.2
$graph:
- class: Workflow
  id: echo
  requirements: [{class: ScatterFeatureRequirement}, {class: MultipleInputFeatureRequirement}]
  inputs:
    message: string
    number: Any?
    count: Any?
    flag: Any?
    time: Any?
    numbers: Any?
    measures: Any?
    area: Any?
    image: Any?
    pause: int?
  outputs:
    message: {type: string, outputSource: message}
    number: {type: Any?, outputSource: number}
    count: {type: Any?, outputSource: count}
    flag: {type: Any?, outputSource: flag}
    time: {type: Any?, outputSource: time}
    numbers: {type: Any?, outputSource: numbers}
    measures: {type: Any?, outputSource: measures}
    area: {type: Any?, outputSource: area}
    image: {type: Any?, outputSource: image}
    pause: {type: int?, outputSource: pause}
  steps:
    wait:
      run: "#wait"
      scatter: seconds
      in: {seconds: {source: [pause], linkMerge: merge_nested, pickValue: all_non_null}}
      out: []
- class: CommandLineTool
  id: wait
  baseCommand: sleep
  inputs: {seconds: {type: int, inputBinding: {}}}
  outputs: []
`;

const values: Record<string, { title: string; schema: JsonObject; maxOccurs?: number }> = {
  message: { title: 'A text', schema: { type: 'string', maxLength: 100_000 } },
  number: { title: 'A number', schema: { type: 'number' } },
  count: { title: 'A whole number', schema: { type: 'integer' } },
  flag: { title: 'True or false', schema: { type: 'boolean' } },
  time: { title: 'An instant', schema: { type: 'string', format: 'date-time' } },
  numbers: { title: 'A list', schema: { type: 'array', items: { type: 'integer' }, maxItems: 1000 } },
  measures: { title: 'Up to ten numbers', schema: { type: 'number' }, maxOccurs: 10 },
  area: { title: 'A bounding box', schema: { allOf: [{ format: 'ogc-bbox' }] } },
  image: {
    title: 'A picture, in place (base64) or by reference; a reference is given back as it is',
    schema: {
      oneOf: [
        { type: 'string', contentEncoding: 'binary', contentMediaType: 'image/tiff; application=geotiff' },
        { type: 'string', contentEncoding: 'binary', contentMediaType: 'image/png' },
      ],
    },
  },
  pause: { title: 'Seconds to wait before answering', schema: { type: 'integer', minimum: 0, maximum: longestPause } },
};

const described = ([id, { title, schema, maxOccurs = 1 }]: [string, (typeof values)[string]]): [string, DescribedInput & JsonObject] => [
  id,
  { title, description: title, schema, minOccurs: id === 'message' ? 1 : 0, maxOccurs },
];

const inputs = Object.fromEntries(Object.entries(values).map(described));

/** What clients and judges of the standard try themselves on: inputs of every kind, given back (18-062r2, 7.1: the echo process). */
export const echo: BuiltIn = {
  document,
  public: true,
  description: {
    id: 'echo',
    version: '1.0.0',
    title: 'Echo',
    description: 'Gives every input back as the output of the same name.',
    keywords: ['echo', 'test'],
    metadata: [],
    mutable: false,
    jobControlOptions: ['sync-execute', 'async-execute', 'dismiss'],
    outputTransmission: ['value', 'reference'],
    inputs,
    outputs: Object.fromEntries(
      Object.entries(values).map(([id, { title, schema, maxOccurs }]) => [
        id,
        { title, description: title, schema: maxOccurs === undefined ? schema : { type: 'array', items: schema } },
      ]),
    ),
  },
};
