cwlVersion: v1.2
$graph:
- class: Workflow
  id: failing
  inputs: {}
  outputs: {}
  steps:
    fail: {run: "#exit-three", in: {}, out: []}
    slow: {run: "#sleep", in: {}, out: []}
- class: CommandLineTool
  id: exit-three
  baseCommand: [sh, -c, "sleep 0.2; echo it went wrong >&2; exit 3"]
  inputs: []
  outputs: []
- class: CommandLineTool
  id: sleep
  baseCommand: [sleep, "20"]
  inputs: []
  outputs: []
