cwlVersion: v1.2
$graph:
  - id: echo
    class: CommandLineTool
    baseCommand: echo
    inputs:
      i:
        type: int
        inputBinding: {position: 1}
    stdout: out.txt
    outputs:
      out: stdout
  - id: scatter
    class: Workflow
    requirements:
      ScatterFeatureRequirement: {}
    inputs:
      nums: int[]
    outputs:
      all:
        type: File[]
        outputSource: each/out
    steps:
      each:
        run: '#echo'
        scatter: i
        in: {i: nums}
        out: [out]
