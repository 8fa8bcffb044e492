cwlVersion: v1.2
$graph:
- class: Workflow
  id: failing
  inputs: {}
  outputs: {}
  steps:
    keep: {run: "#write", in: {}, out: [out]}
    fail: {run: "#exit-three", in: {kept: keep/out}, out: []}
    slow: {run: "#sleep", in: {}, out: []}
- class: CommandLineTool
  id: write
  baseCommand: [echo, kept]
  inputs: []
  stdout: kept.txt
  outputs: {out: stdout}
- class: CommandLineTool
  id: exit-three
  baseCommand: [sh, -c, "sleep 0.2; echo it went wrong >&2; exit 3"]
  inputs: {kept: File}
  outputs: []
- class: CommandLineTool
  id: sleep
  baseCommand: [sleep, "20"]
  inputs: []
  outputs: []
