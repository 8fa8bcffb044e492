import { describe, expect, it } from '@jest/globals';
import { loadAndCheck } from '../load/load-package.ts';

const TOOL = `{class: CommandLineTool, inputs: {text: string, count: "int?", size: {type: int, default: 3}}, outputs: {out: File, lines: "string[]"}}`;
const FEATURES =
  'requirements: {ScatterFeatureRequirement: {}, SubworkflowFeatureRequirement: {}, MultipleInputFeatureRequirement: {}, StepInputExpressionRequirement: {}}';

/** Checks a workflow with the inputs `name`, `names` and `maybe`; TOOL stands for a tool. */
async function check(parts: { steps: string; outputs?: string; features?: string; inputs?: string; others?: { [name: string]: string } }) {
  const text = `cwlVersion: v1.2
class: Workflow
${parts.features ?? FEATURES}
inputs: ${parts.inputs ?? '{name: string, names: "string[]", maybe: "string?"}'}
outputs: ${parts.outputs ?? '[]'}
steps:
${parts.steps.replaceAll('TOOL', TOOL)}
`;
  const { package: pkg, diagnostics } = await loadAndCheck('file:///d/app.cwl', async (uri) => {
    const other = parts.others?.[uri.slice('file:///d/'.length)];
    return uri === 'file:///d/app.cwl' ? text : (other ?? Promise.reject(new Error('no such file')));
  });
  expect(pkg === undefined).toBe(diagnostics.some((one) => one.severity === 'error'));
  return diagnostics;
}

const step = (inputs: string, more = '') => `  say: {run: TOOL, in: ${inputs}, out: [out, lines]${more}}`;

describe('checking workflows', () => {
  it('finds nothing in a workflow that fits', async () => {
    const steps = `${step('{text: names, size: {default: 1}}', ', scatter: text')}\n  again: {run: TOOL, in: {text: {source: say/lines, valueFrom: '$(self[0])'}}, out: [out]}`;
    expect(
      await check({ steps, outputs: '{files: {type: "File[]", outputSource: say/out}, echo: {type: string, outputSource: name}}' }),
    ).toEqual([]);
  });

  it.each([
    ['a source of another type', step('{text: names}'), 'steps.say.in.text', 'the input "names" brings string[], but string is expected'],
    [
      'a scatter over what is no list',
      step('{text: name}', ', scatter: text'),
      'steps.say.in.text',
      'brings string, but string[] is expected',
    ],
    ['several sources for one value', step('{text: [name, name]}'), 'steps.say.in.text', 'brings string[], but string is expected'],
    ['an unknown input', step('{text: nam}'), 'steps.say.in.text', 'unknown source "nam"'],
    ['an unknown step', step('{text: sya/lines}'), 'steps.say.in.text', 'no step "sya"'],
    [
      'an output that the step does not list',
      `${step('{text: name}')}\n  b: {run: TOOL, in: {text: say/other}, out: []}`,
      'steps.b.in.text',
      'lists no such output in "out" (out, lines)',
    ],
    [
      'an output that the process lacks',
      '  say: {run: TOOL, in: {text: name}, out: [outt]}',
      'steps.say.out',
      'has no output "outt" (it has out, lines)',
    ],
    ['no value for a required input', step('{count: {default: 1}}'), 'steps.say.in.text', 'gives no value for "text" (string)'],
    ['a scatter over no input', step('{text: name}', ', scatter: txet'), 'steps.say.scatter', '"txet", which is none of its inputs'],
    ['no scatterMethod', step('{text: names, count: {default: [1]}}', ', scatter: [text, count]'), 'steps.say', 'needs a scatterMethod'],
    [
      'a circle',
      '  a: {run: TOOL, in: {text: {source: b/lines, valueFrom: x}}, out: [lines]}\n  b: {run: TOOL, in: {text: {source: a/lines, valueFrom: x}}, out: [lines]}',
      'steps.a',
      'a needs b needs a',
    ],
    [
      'an id given twice',
      `  - {id: a, run: TOOL, in: {text: name}, out: []}\n  - {id: a, run: TOOL, in: {text: name}, out: []}`,
      'steps.a',
      'given twice',
    ],
  ])('finds %s, with its place', async (_, steps, path, message) => {
    const diagnostics = await check({ steps });
    const errors = diagnostics.filter((one) => one.severity === 'error');
    expect(errors).toMatchObject([{ path, message: expect.stringContaining(message), position: { file: 'file:///d/app.cwl' } }]);
    expect(errors[0]?.position?.line).toBeGreaterThan(6);
  });

  it.each([
    ['optional', step('{text: maybe}'), 'brings string?, which does not always fit string'],
    [
      'conditional',
      `${step('{text: name}', ', when: $(true)')}\n  b: {run: {class: ExpressionTool, expression: x, inputs: {f: File}, outputs: []}, in: {f: say/out}, out: []}`,
      'brings File?, which does not always fit File',
    ],
  ])('warns where an %s source may bring nothing', async (_, steps, message) => {
    expect(await check({ steps })).toMatchObject([{ severity: 'warning', message: expect.stringContaining(message) }]);
  });

  it.each([
    ['{type: File, outputSource: say/lines}', 'brings string[], but File is expected'],
    ['{type: "File[]", outputSource: [say/out, name]}', 'the input "name" brings string[], but File[] is expected'],
    ['{type: File, outputSource: say/nothing}', 'unknown source "say/nothing"'],
    ['File', 'has no outputSource'],
  ])('checks the output %s', async (output, message) => {
    expect(await check({ steps: step('{text: name}'), outputs: `{o: ${output}}` })).toMatchObject([
      { severity: 'error', path: 'outputs.o', message: expect.stringContaining(message), position: { line: 5 } },
    ]);
  });

  it('takes nested lists from a nested scatter', async () => {
    const steps = `  say: {run: TOOL, in: {text: names, count: {default: [1]}}, scatter: [text, count], scatterMethod: nested_crossproduct, out: [out]}`;
    expect(await check({ steps, outputs: '{o: {type: {type: array, items: {type: array, items: File}}, outputSource: say/out}}' })).toEqual(
      [],
    );
    expect(await check({ steps, outputs: '{o: {type: "File[]", outputSource: say/out}}' })).toMatchObject([{ severity: 'error' }]);
  });

  it.each([
    ['ScatterFeatureRequirement', step('{text: names}', ', scatter: text')],
    ['MultipleInputFeatureRequirement', step('{text: {source: [name, maybe], pickValue: first_non_null}}')],
    ['StepInputExpressionRequirement', step('{text: {valueFrom: x}}')],
    ['SubworkflowFeatureRequirement', '  sub: {run: {class: Workflow, inputs: [], outputs: [], steps: []}, in: [], out: []}'],
  ])('asks for %s, wherever it may be declared', async (feature, steps) => {
    expect(await check({ steps, features: 'hints: []' })).toMatchObject([
      { severity: 'error', message: expect.stringContaining(feature), hint: expect.stringContaining(feature) },
    ]);
    expect(await check({ steps, features: `hints: [{class: ${feature}}]` })).toEqual([]);
    const onStep = steps.replace(/\}$/, `, requirements: {${feature}: {}}}`);
    expect(await check({ steps: onStep, features: 'hints: []' })).toEqual([]);
  });

  it('lets subworkflows inherit what the workflow declares', async () => {
    const inner = `{class: Workflow, inputs: {names: "string[]"}, outputs: [], steps: {say: {run: ${TOOL}, in: {text: names}, scatter: text, out: []}}}`;
    const steps = `  sub: {run: ${inner}, in: {names: names}, out: []}`;
    expect(await check({ steps })).toEqual([]);
    expect(await check({ steps, features: 'requirements: {SubworkflowFeatureRequirement: {}}' })).toMatchObject([
      { path: 'main/sub/run.steps.say.scatter' },
    ]);
  });

  it('finds processes that run one another', async () => {
    const other =
      'cwlVersion: v1.2\nclass: Workflow\ninputs: []\noutputs: []\nsteps: {back: {run: app.cwl, in: {name: {default: x}, names: {default: []}}, out: []}}';
    const diagnostics = await check({ steps: '  go: {run: other.cwl, in: [], out: []}', others: { 'other.cwl': other } });
    expect(diagnostics).toMatchObject([{ message: expect.stringContaining('main -> other -> main'), position: { line: 7 } }]);
  });

  it('warns of a default that its own type refuses', async () => {
    expect(await check({ steps: step('{text: name}'), inputs: '{name: {type: string, default: 7}}' })).toMatchObject([
      { severity: 'warning', path: 'inputs.name.default', message: expect.stringContaining('expected string, found the number 7') },
    ]);
  });
});
