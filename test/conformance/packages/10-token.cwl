cwlVersion: v1.0
$namespaces: {s: https://schema.org/}
s:softwareVersion: 0.0.1
$graph:
  - class: Workflow
    id: token-access
    inputs: [{id: workspace, type: string, default: none}, {id: record, type: {type: record, fields: [{name: name, type: string}, {name: pause, type: float?}]}}]
    outputs: [{id: results, type: File, outputSource: token-access-tool/results}]
    steps: [{id: token-access-tool, run: '#token-access-tool', in: {workspace: workspace, record: record}, out: [results]}]
  - class: CommandLineTool
    id: token-access-tool
    requirements: [{class: EnvVarRequirement, envDef: [{envName: WORKSPACE_TOKEN, envValue: <<REPLACE>>}, {envName: WORKSPACE, envValue: $(inputs.workspace)}]}]
    baseCommand: [sh, -c, 'echo "$WORKSPACE $0" > results.txt']
    arguments: [$(inputs.record.name)]
    inputs: [{id: workspace, type: string}, {id: record, type: {type: record, fields: [{name: name, type: string}, {name: pause, type: float?}]}}]
    outputs: [{id: results, type: File, outputBinding: {glob: results.txt}}]
