import type { CwlPackage, Source } from '@runnel/cwl';

/** A workflow as a graph in the language of Graphviz: inputs, steps and outputs, with an edge per link. A tool is one node. */
export function dotGraph(pkg: CwlPackage): string {
  const main = pkg.processes[pkg.main];
  const lines: string[] = [];
  const node = (id: string, label: string, shape: string): void =>
    void lines.push(`  ${quote(id)} [label=${quote(label)}, shape=${shape}];`);
  const edge = (source: Source, target: string, label: string): void => {
    const from = source.step === undefined ? `input ${source.port}` : `step ${source.step}`;
    lines.push(`  ${quote(from)} -> ${quote(target)} [label=${quote(label)}];`);
  };
  for (const { id } of main?.inputs ?? []) node(`input ${id}`, id, 'parallelogram');
  if (main?.class === 'Workflow') {
    for (const step of main.steps) {
      node(
        `step ${step.id}`,
        step.scatter === undefined ? step.id : `${step.id} (scatter ${step.scatter.join(', ')})`,
        pkg.processes[step.run]?.class === 'Workflow' ? 'box3d' : 'box',
      );
      for (const input of step.in) for (const source of input.source ?? []) edge(source, `step ${step.id}`, input.id);
    }
  } else {
    node('process', pkg.main, 'box');
    for (const { id } of main?.inputs ?? []) edge({ port: id }, 'process', '');
  }
  for (const { id, outputSource } of main?.outputs ?? []) {
    node(`output ${id}`, id, 'ellipse');
    if (main?.class !== 'Workflow') lines.push(`  "process" -> ${quote(`output ${id}`)};`);
    for (const source of outputSource ?? []) edge(source, `output ${id}`, source.step === undefined ? '' : source.port);
  }
  return ['digraph workflow {', '  rankdir=TB;', ...lines, '}', ''].join('\n');
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
