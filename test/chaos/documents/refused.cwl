cwlVersion: v1.2
$graph:
- class: Workflow
  id: refused
  inputs: {}
  outputs: {catalogue: {type: Directory, outputSource: describe/catalogue}}
  steps:
    describe: {run: "#describe", in: {}, out: [catalogue]}
- class: CommandLineTool
  id: describe
  requirements:
    InitialWorkDirRequirement:
      listing:
        - entryname: catalog.json
          entry: '{"type": "Catalog", "id": "chaos", "stac_version": "1.0.0", "description": "chaos", "links": [{"rel": "item", "href": "missing.json"}]}'
  baseCommand: ["true"]
  inputs: {}
  outputs: {catalogue: {type: Directory, outputBinding: {glob: .}}}
