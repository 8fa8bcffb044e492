cwlVersion: v1.2
$graph:
  - class: Workflow
    id: pattern-6
    label: one input, a JSON document
    inputs: {item: {type: Directory, label: item}, red: {type: string, default: red.txt}}
    outputs: {mean: {type: float, outputSource: step/mean}}
    steps: {step: {run: '#clt', in: {item: item, red: red}, out: [mean]}}
  - class: CommandLineTool
    id: clt
    requirements: {InlineJavascriptRequirement: {}}
    baseCommand: [sh, -c, 'echo "{\"mean\": $(cat "$0/$1")}" > mean.json']
    arguments: [$(inputs.item.path), $(inputs.red)]
    inputs: {item: Directory, red: string}
    outputs: {mean: {type: float, outputBinding: {glob: mean.json, loadContents: true, outputEval: "$(JSON.parse(self[0].contents).mean)"}}}
