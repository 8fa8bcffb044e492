cwlVersion: v1.0
$graph:
  - class: Workflow
    id: convert-stac
    inputs: [{id: stac, type: Directory, doc: a catalogue}, {id: size, type: string}]
    outputs: [{id: converted_image, type: Directory, outputSource: convert/results}]
    steps: [{id: convert, run: '#convert', in: [{id: stac, source: stac}, {id: size, source: size}], out: [results]}]
  - class: CommandLineTool
    id: convert
    baseCommand: [sh, -c, 'cat "$0"/*.json > merged.json; echo $1 > size.txt']
    inputs: [{id: stac, type: Directory, inputBinding: {position: 1}}, {id: size, type: string, inputBinding: {position: 2}}]
    outputs: [{id: results, type: Directory, outputBinding: {glob: .}}]
