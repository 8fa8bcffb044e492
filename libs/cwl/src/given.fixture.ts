import { createEvaluator } from './expression/evaluate.ts';
import { compareCodePoints } from './expression/json-text.ts';
import type { CommandLineTool, CwlVersion, Requirement } from './model.ts';
import type { EvaluateJavaScript, OutputEntry, ToolFiles } from './ports.ts';
import { requirementsInForce } from './requirements.ts';
import type { Runtime } from './resources.ts';

export const runtime: Runtime = { outdir: '/out', tmpdir: '/tmp/t', cores: 1, ram: 256, outdirSize: 1024, tmpdirSize: 1024 };

/** A tool with nothing but what a test says. */
export function tool(fields: Partial<CommandLineTool> = {}): CommandLineTool {
  return {
    class: 'CommandLineTool',
    id: 'main',
    cwlVersion: 'v1.2',
    inputs: [],
    outputs: [],
    requirements: [],
    hints: [],
    metadata: {},
    baseCommand: ['tool'],
    arguments: [],
    successCodes: [],
    temporaryFailCodes: [],
    permanentFailCodes: [],
    ...fields,
  };
}

/** Requirements by class: `{ ShellCommandRequirement: {} }`. */
export function required(classes: { [name: string]: Omit<Requirement, 'class'> } = {}) {
  return requirementsInForce({ requirements: Object.entries(classes).map(([name, fields]) => ({ ...fields, class: name })), hints: [] });
}

/** Parameter references; JavaScript only where a test gives the function that stands for the sandbox. */
export function references(cwlVersion: CwlVersion = 'v1.2', evaluate?: EvaluateJavaScript) {
  return createEvaluator({ cwlVersion, ...(evaluate !== undefined && { javascript: { library: [], evaluate } }) });
}

/** Files by path: text (ASCII) is a file, `null` a directory, `{ link }` a symbolic link. Directories above are made. */
export function givenFiles(content: { [path: string]: string | null | { link: string } }): ToolFiles {
  const entries = new Map<string, OutputEntry & { text?: string }>();
  for (const [path, what] of Object.entries(content)) {
    for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
      const above = path.slice(0, end);
      if (!entries.has(above)) entries.set(above, { path: above, type: 'directory', size: 0 });
    }
    if (what === null) entries.set(path, { path, type: 'directory', size: 0 });
    else if (typeof what === 'string') entries.set(path, { path, type: 'file', size: what.length, text: what });
    else entries.set(path, { path, type: 'symlink', size: 0, target: what.link });
  }
  const text = (path: string) => entries.get(path)?.text ?? '';
  return {
    list: async (directory) =>
      [...entries.values()].filter(({ path }) => path.startsWith(`${directory}/`)).sort((a, b) => compareCodePoints(a.path, b.path)),
    stat: async (path) => entries.get(path),
    readText: async (path, limit) => text(path).slice(0, limit),
    checksum: async (path) => `sha1$of ${text(path)}`,
  };
}
