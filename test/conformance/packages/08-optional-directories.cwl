cwlVersion: v1.2
$graph:
  - class: Workflow
    id: pattern-8
    inputs: {item: {type: Directory?, doc: may be left out}, items: {type: 'Directory[]?'}}
    outputs: {ndvi: {type: Directory?, outputSource: step/ndvi}, count: {type: int, outputSource: step/count}}
    requirements: {InlineJavascriptRequirement: {}}
    steps: {step: {run: '#clt', in: {item: item, items: items}, out: [ndvi, count]}}
  - class: CommandLineTool
    id: clt
    requirements: {InlineJavascriptRequirement: {}}
    baseCommand: [sh, -c, 'echo $# > count.txt; if [ $# -gt 0 ]; then mkdir ndvi; cp "$1"/* ndvi; fi', clt]
    inputs: {item: {type: Directory?, inputBinding: {position: 1}}, items: {type: 'Directory[]?', inputBinding: {position: 2}}}
    outputs:
      ndvi: {type: Directory?, outputBinding: {glob: ndvi}}
      count: {type: int, outputBinding: {glob: count.txt, loadContents: true, outputEval: "$(parseInt(self[0].contents))"}}
