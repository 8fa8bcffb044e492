cwlVersion: v1.2
$graph:
  - class: Workflow
    id: pattern-4
    inputs: {items: {type: 'Directory[]'}, bands: {type: {type: array, items: {type: enum, symbols: [red, nir]}}, default: [red, nir]}}
    outputs: {ndvi: {type: 'Directory[]', outputSource: step/ndvi}, ndwi: {type: 'Directory[]', outputSource: step/ndwi}}
    requirements: {ScatterFeatureRequirement: {}}
    steps: {step: {run: '#clt', scatter: item, in: {item: items, bands: bands}, out: [ndvi, ndwi]}}
  - class: CommandLineTool
    id: clt
    baseCommand: [sh, -c, 'mkdir ndvi ndwi; cat "$0"/* > ndvi/v.txt; echo "$1" > ndwi/w.txt']
    inputs:
      item: {type: Directory, inputBinding: {position: 1}}
      bands: {type: {type: array, items: {type: enum, symbols: [red, nir]}}, inputBinding: {position: 2, itemSeparator: ','}}
    outputs: {ndvi: {type: Directory, outputBinding: {glob: ndvi}}, ndwi: {type: Directory, outputBinding: {glob: ndwi}}}
