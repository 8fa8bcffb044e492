cwlVersion: v1.0
$graph:
  - class: Workflow
    id: scatter-join
    doc: Search, calculate per item, join
    requirements: {ScatterFeatureRequirement: {}, InlineJavascriptRequirement: {}}
    inputs: {collection: {type: string, default: s2}, limit: {type: int, default: 3}, clip: {type: boolean?, default: false}}
    outputs: {results: {type: Directory, outputSource: join/results}}
    steps:
      search: {run: '#search', in: {collection: collection, limit: limit}, out: [items]}
      calculate: {run: '#calculate', scatter: item, in: {item: search/items, clip: clip}, out: [results]}
      join: {run: '#join', in: {parts: calculate/results}, out: [results]}
  - class: ExpressionTool
    id: search
    requirements: {InlineJavascriptRequirement: {}}
    inputs: {collection: string, limit: int}
    outputs: {items: 'string[]'}
    expression: '${ var r = []; for (var i = 0; i < inputs.limit; i++) r.push(inputs.collection + "-" + i); return {items: r}; }'
  - class: CommandLineTool
    id: calculate
    baseCommand: [sh, -c, 'mkdir d; echo "$@" > "d/$(echo "$@" | tr -d " ").txt"', calculate]
    inputs: {item: {type: string, inputBinding: {position: 1}}, clip: {type: boolean, inputBinding: {prefix: --clip}}}
    outputs: {results: {type: Directory, outputBinding: {glob: d}}}
  - class: CommandLineTool
    id: join
    baseCommand: [sh, -c, 'mkdir joined; for d in "$@"; do cp "$d"/* joined; done', join]
    inputs: {parts: {type: 'Directory[]', inputBinding: {}}}
    outputs: {results: {type: Directory, outputBinding: {glob: joined}}}
