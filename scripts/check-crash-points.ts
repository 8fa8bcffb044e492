/**
 * Every call that makes something true for others has a crash point before and after it, so that test/chaos can stop the world there.
 *
 * Rule: in apps/*\/src and libs/messaging/src, each call of a function or method named in `effects` needs, in the same function, a
 * `crashPoint('…')` between it and the effect before it (or the function's beginning), and another between it and the next effect (or the
 * function's end). One point between two effects serves both. Names are literals and stand for one place each.
 *
 * `--list` prints all names. A call that changes nothing for others is excused by a comment `no crash point: why` on its line or the one above.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const effects = new Set(['append', 'appendEvents', 'publish', 'ack', 'put', 'putJson', 'putFile', 'putStream', 'copy']);
const folders = ['apps/*/src/**/*.ts', 'libs/messaging/src/**/*.ts'];

interface Call {
  readonly kind: 'effect' | 'point';
  readonly name: string;
  readonly position: number;
}

const faults: string[] = [];
const names = new Map<string, string>();

for (const path of globSync(folders, { cwd: root }).toSorted()) {
  if (/\.(spec|fixture)\.ts$|\/(spec|testing)\//.test(path)) continue;
  const text = readFileSync(join(root, path), 'utf8');
  checkFile(ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true), text);
}

if (process.argv.includes('--list')) {
  for (const name of [...names.keys()].toSorted()) console.log(name);
} else {
  for (const fault of faults) console.error(fault);
  console.log(`${names.size} crash points, ${faults.length} faults`);
  if (faults.length > 0) process.exitCode = 1;
}

function checkFile(file: ts.SourceFile, text: string): void {
  const visitFunctions = (node: ts.Node): void => {
    if (ts.isSourceFile(node) || ts.isFunctionLike(node)) checkFunction(file, text, callsOf(node));
    ts.forEachChild(node, visitFunctions);
  };
  visitFunctions(file);
}

/** Effects and points of a function in order of their text; those of a function inside belong to that one, except when it only wraps the call. */
function callsOf(owner: ts.Node): Call[] {
  const calls: Call[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const name = calleeName(node);
      const [first] = node.arguments;
      if (name === 'crashPoint' && first && ts.isStringLiteral(first))
        calls.push({ kind: 'point', name: first.text, position: node.getStart() });
      else if (effects.has(name)) calls.push({ kind: 'effect', name, position: node.expression.getEnd() });
    }
    ts.forEachChild(node, (child) => {
      if (!ts.isFunctionLike(child) || isWrapper(child)) visit(child);
    });
  };
  ts.forEachChild(owner, (child) => {
    if (!ts.isFunctionLike(child) || isWrapper(child)) visit(child);
  });
  return calls.toSorted((a, b) => a.position - b.position);
}

/** `(row) => publish(row)`: an arrow function without a block has no room for points; its calls count for the function around it. */
function isWrapper(node: ts.Node): boolean {
  return ts.isArrowFunction(node) && !ts.isBlock(node.body);
}

function calleeName(call: ts.CallExpression): string {
  const callee = call.expression;
  if (ts.isIdentifier(callee)) return callee.text;
  return ts.isPropertyAccessExpression(callee) ? callee.name.text : '';
}

function checkFunction(file: ts.SourceFile, text: string, calls: readonly Call[]): void {
  calls.forEach((call, index) => {
    const { line } = file.getLineAndCharacterOfPosition(call.position);
    const where = `${file.fileName}:${line + 1}`;
    if (call.kind === 'point') {
      const other = names.get(call.name);
      if (other !== undefined && other !== where) faults.push(`${where}: the crash point '${call.name}' stands also at ${other}`);
      names.set(call.name, where);
      return;
    }
    if (isExcused(text, line)) return;
    if (calls[index - 1]?.kind !== 'point') faults.push(`${where}: no crash point before ${call.name}()`);
    if (calls[index + 1]?.kind !== 'point') faults.push(`${where}: no crash point after ${call.name}()`);
  });
}

function isExcused(text: string, line: number): boolean {
  const lines = text.split('\n');
  return [lines[line - 1], lines[line]].some((candidate) => candidate?.includes('no crash point: ') ?? false);
}
