cwlVersion: v1.2
$graph:
- class: Workflow
  id: large
  requirements: [{class: StepInputExpressionRequirement}, {class: InlineJavascriptRequirement}]
  inputs: {text: string}
  outputs: {out: {type: string, outputSource: repeat/out}}
  steps:
    repeat:
      run: "#repeat"
      in:
        # Too large for an event; the other two are not, but together for a message.
        twice: {source: text, valueFrom: "${ return self + self; }"}
        left: {source: text, valueFrom: "${ return self.slice(0, 220000); }"}
        right: {source: text, valueFrom: "${ return self.slice(-220000); }"}
      out: [out]
- class: CommandLineTool
  id: repeat
  baseCommand: ["true"]
  inputs: {twice: string, left: string, right: string}
  outputs: {out: {type: string, outputBinding: {outputEval: $(inputs.twice)}}}
