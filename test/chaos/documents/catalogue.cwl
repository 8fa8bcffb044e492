cwlVersion: v1.2
$graph:
- class: Workflow
  id: catalogue
  inputs: {text: string}
  outputs: {catalogue: {type: Directory, outputSource: describe/catalogue}}
  steps:
    describe: {run: "#describe", in: {text: text}, out: [catalogue]}
- class: CommandLineTool
  id: describe
  requirements:
    InitialWorkDirRequirement:
      listing:
        - entryname: catalog.json
          entry: '{"type": "Catalog", "id": "chaos", "stac_version": "1.0.0", "description": "chaos", "links": [{"rel": "item", "href": "item.json"}]}'
        - entryname: item.json
          entry: '{"type": "Feature", "stac_version": "1.0.0", "id": "item", "geometry": null, "properties": {"datetime": "2024-01-01T00:00:00Z", "text": "$(inputs.text)"}, "links": [], "assets": {"data": {"href": "data.txt"}}}'
        - entryname: data.txt
          entry: $(inputs.text)
  baseCommand: ["true"]
  inputs: {text: string}
  outputs: {catalogue: {type: Directory, outputBinding: {glob: .}}}
