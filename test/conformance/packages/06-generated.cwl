cwlVersion: v1.0
$graph:
- class: CommandLineTool
  id: '#get_urls'
  inputs:
  - id: '#get_urls/query'
    type: string
    inputBinding: {prefix: --query}
  outputs:
  - id: '#get_urls/urls'
    type: {type: array, items: string}
    outputBinding: {glob: urls.txt, loadContents: true, outputEval: '$(self[0].contents.trim().split("\n"))'}
  requirements:
  - class: InlineJavascriptRequirement
  - {class: ResourceRequirement, coresMax: 1, ramMax: 1024}
  baseCommand: [sh, -c, 'printf "%s/a\n%s/b\n" "$1" "$1" > urls.txt', get_urls]
- class: CommandLineTool
  id: '#resize'
  inputs:
  - id: '#resize/url'
    type: string
    inputBinding: {prefix: /vsicurl/, separate: false, position: 3}
  - id: '#resize/out'
    type: string?
    inputBinding: {position: 4}
  outputs:
  - {id: '#resize/resized', type: File, outputBinding: {glob: resized.txt}}
  baseCommand: [sh, -c, 'echo "$@" > resized.txt', resize]
  arguments: [-outsize, 5%]
- class: Workflow
  id: '#resize-urls'
  inputs:
  - {id: '#resize-urls/query', label: query, doc: what to search, type: string}
  outputs:
  - {id: '#resize-urls/images', type: {type: array, items: File}, outputSource: ['#resize-urls/resize/resized']}
  requirements:
  - class: ScatterFeatureRequirement
  steps:
  - id: '#resize-urls/get_urls'
    in: [{id: '#resize-urls/get_urls/query', source: '#resize-urls/query'}]
    out: [{id: '#resize-urls/get_urls/urls'}]
    run: '#get_urls'
  - id: '#resize-urls/resize'
    in: [{id: '#resize-urls/resize/url', source: '#resize-urls/get_urls/urls'}]
    out: [{id: '#resize-urls/resize/resized'}]
    run: '#resize'
    scatter: ['#resize-urls/resize/url']
