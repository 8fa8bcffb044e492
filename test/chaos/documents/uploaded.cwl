cwlVersion: v1.2
class: CommandLineTool
id: uploaded
baseCommand: cat
inputs: {file: {type: File, inputBinding: {position: 1}}}
stdout: copy.txt
outputs: {out: stdout}
