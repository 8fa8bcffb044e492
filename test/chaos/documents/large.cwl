cwlVersion: v1.2
$graph:
- class: Workflow
  id: large
  requirements: [{class: StepInputExpressionRequirement}, {class: InlineJavascriptRequirement}]
  inputs: {text: string}
  outputs: {out: {type: string, outputSource: repeat/out}}
  steps:
    repeat: {run: "#repeat", in: {text: {source: text, valueFrom: "${ return self + self; }"}}, out: [out]}
- class: CommandLineTool
  id: repeat
  baseCommand: ["true"]
  inputs: {text: string}
  outputs: {out: {type: string, outputBinding: {outputEval: $(inputs.text)}}}
