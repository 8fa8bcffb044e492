interface ToolOptions {
  /** Lines of the tool. */
  fields?: string;
  /** Of `requirements`. */
  requirements?: string;
}

/** A CommandLineTool that runs a script of the image's shell. */
export function shellTool(id: string, script: string, { fields = 'inputs: {}\noutputs: {}', requirements = '' }: ToolOptions = {}): string {
  const indented = (text: string, by: number): string => text.replaceAll(/^(?=.)/gm, ' '.repeat(by));
  return `cwlVersion: v1.2
class: CommandLineTool
id: ${id}
requirements:
  ResourceRequirement: { coresMin: 0.01, ramMin: 32, ramMax: 64 }
${indented(requirements, 2)}
baseCommand: [sh, -c]
arguments:
  - |
${indented(script, 4)}
${fields}
`;
}

/** Words in, files of them scattered, one file out. */
export const scatter = `cwlVersion: v1.2
$graph:
  - class: Workflow
    id: words
    requirements: { ScatterFeatureRequirement: {} }
    inputs: { words: 'string[]', pause: { type: int, default: 0 } }
    outputs: { all: { type: File, outputSource: join/all } }
    steps:
      write:
        run: '#write'
        scatter: word
        in: { word: words, pause: pause }
        out: [file]
      join:
        run: '#join'
        in: { files: write/file }
        out: [all]
  - class: CommandLineTool
    id: write
    requirements:
      ResourceRequirement: { coresMin: 0.01, ramMin: 32, ramMax: 64 }
    baseCommand: [sh, -c, 'sleep "$1"; echo "$0"']
    inputs:
      word: { type: string, inputBinding: { position: 1 } }
      pause: { type: int, inputBinding: { position: 2 } }
    stdout: word.txt
    outputs: { file: stdout }
  - class: CommandLineTool
    id: join
    requirements:
      ResourceRequirement: { coresMin: 0.01, ramMin: 32, ramMax: 64 }
    baseCommand: cat
    inputs: { files: { type: 'File[]', inputBinding: { position: 1 } } }
    stdout: all.txt
    outputs: { all: stdout }
`;
