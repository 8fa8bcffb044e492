cwlVersion: v1.2
$graph:
- class: Workflow
  id: files
  requirements: [{class: MultipleInputFeatureRequirement}]
  inputs:
    text: string
    note: {type: File, default: {class: File, basename: note.txt, contents: "a note\n"}}
  outputs:
    out: {type: File, outputSource: join/out}
    note: {type: File, outputSource: note}
  steps:
    first: {run: "#write", in: {text: text}, out: [out]}
    second: {run: "#write", in: {text: text}, out: [out]}
    join: {run: "#concatenate", in: {parts: {source: [first/out, second/out]}}, out: [out]}
- class: CommandLineTool
  id: write
  baseCommand: echo
  inputs: {text: {type: string, inputBinding: {position: 1}}}
  stdout: text.txt
  outputs: {out: stdout}
- class: CommandLineTool
  id: concatenate
  baseCommand: cat
  inputs: {parts: {type: "File[]", inputBinding: {position: 1}}}
  stdout: all.txt
  outputs: {out: stdout}
