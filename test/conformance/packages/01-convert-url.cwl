cwlVersion: v1.0
$namespaces: {s: https://schema.org/}
s:softwareVersion: 0.1.2
schemas: [http://schema.org/version/9.0/schemaorg-current-http.rdf]
$graph:
  - class: Workflow
    id: convert-url
    label: convert url app
    doc: Convert URL
    requirements: {ResourceRequirement: {coresMax: 1, ramMax: 1024}}
    inputs:
      fn: {label: the operation to perform, doc: the operation to perform, type: string}
      url: {label: the image to convert, doc: the image to convert, type: string}
      size: {label: the percentage for a resize operation, doc: the percentage for a resize operation, type: string}
    outputs:
      - {id: converted_image, type: Directory, outputSource: [convert/results]}
    steps:
      convert: {run: '#convert', in: {fn: fn, url: url, size: size}, out: [results]}
  - class: CommandLineTool
    id: convert
    requirements: {ResourceRequirement: {coresMax: 1, ramMax: 512}}
    hints: {DockerRequirement: {dockerPull: convert.example/convert:latest}}
    baseCommand: [sh, -c, 'echo "$0 $1 $2" > image-resize.txt; printf "{\"type\": \"Catalog\", \"stac_version\": \"1.0.0\", \"id\": \"convert\", \"description\": \"converted\", \"links\": []}" > catalog.json']
    inputs:
      fn: {type: string, inputBinding: {position: 1}}
      url: {type: string, inputBinding: {position: 2}}
      size: {type: string, inputBinding: {position: 3}}
    outputs: {results: {type: Directory, outputBinding: {glob: .}}}
