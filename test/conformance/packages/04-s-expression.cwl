cwlVersion: v1.0
$graph:
  - class: Workflow
    id: s-expression
    requirements: [{class: ScatterFeatureRequirement}, {class: InlineJavascriptRequirement}, {class: StepInputExpressionRequirement}, {class: MultipleInputFeatureRequirement}]
    inputs:
      input_reference: {type: 'string[]'}
      s_expression: {type: 'string[]'}
      cbn: {type: 'string[]?'}
    outputs: [{id: results, type: 'Directory[]', outputSource: [apply/results]}]
    steps:
      apply:
        run: '#apply'
        scatter: [reference, expression]
        scatterMethod: flat_crossproduct
        in:
          reference: input_reference
          expression: {source: s_expression, valueFrom: '${ return self.split(":")[1]; }'}
          name: {source: s_expression, valueFrom: '$(inputs.reference + "_" + inputs.expression.split(":")[0])'}
        out: [results]
  - class: CommandLineTool
    id: apply
    requirements: {InlineJavascriptRequirement: {}}
    baseCommand: [sh, -c, 'mkdir "$2"; echo "$0 $1" > "$2/out.txt"']
    arguments: [{valueFrom: $(inputs.reference), position: 1}, {valueFrom: $(inputs.expression), position: 2}, {valueFrom: $(inputs.name), position: 3}]
    inputs: {reference: string, expression: string, name: string}
    outputs: {results: {type: Directory, outputBinding: {glob: $(inputs.name)}}}
