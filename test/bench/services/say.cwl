cwlVersion: v1.2
class: CommandLineTool
id: say
baseCommand: echo
inputs:
  i:
    type: int
    inputBinding: {position: 1}
stdout: out.txt
outputs:
  out: stdout
