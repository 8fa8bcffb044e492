import { describe, expect, it } from '@jest/globals';
import { references } from '../given.fixture.ts';
import type { CwlType, ExpressionTool, Json, JsonObject } from '../model.ts';
import { runExpressionTool } from './run-expression-tool.ts';

const inputs: JsonObject = { file: { class: 'File', location: 'file:///x/a.txt', basename: 'a.txt', size: 3 }, n: 2 };

function run(type: CwlType, result: Json) {
  const tool: ExpressionTool = {
    class: 'ExpressionTool',
    id: 'main',
    cwlVersion: 'v1.2',
    inputs: [],
    outputs: [{ id: 'o', type }],
    requirements: [],
    hints: [],
    metadata: {},
    expression: '${}',
  };
  return runExpressionTool(
    tool,
    inputs,
    references('v1.2', () => Promise.resolve(result)),
  );
}

describe('runExpressionTool', () => {
  it.each<[CwlType, Json]>([
    ['int', 3],
    [{ type: 'array', items: 'int' }, [1, 2]],
    [['null', 'string'], null],
  ])('%j', async (type, value) => expect(await run(type, { o: value })).toEqual({ outputs: { o: value } }));

  it('an optional output may be left out, others are left away', async () => {
    expect(await run(['null', 'int'], { more: 1 })).toEqual({ outputs: { o: null } });
  });

  it('passes inputs on under another name, and makes literals', async () => {
    expect(await run('File', { o: { class: 'File', location: 'file:///x/a.txt', basename: 'b.csv' } })).toEqual({
      outputs: { o: { class: 'File', location: 'file:///x/a.txt', basename: 'b.csv', nameroot: 'b', nameext: '.csv' } },
    });
    const literal = {
      class: 'Directory',
      basename: 'd',
      listing: [
        { class: 'File', basename: 'f', contents: '' },
        { class: 'File', location: 'file:///x/a.txt' },
      ],
    };
    expect(await run('Directory', { o: literal })).toMatchObject({
      outputs: { o: { listing: [{ contents: '' }, { basename: 'a.txt' }] } },
    });
  });

  it.each<[CwlType, Json, string]>([
    ['int', 3, 'expression: must give an object with the outputs, not the number 3'],
    ['int', { o: 'x' }, 'outputs.o: must be int, but the expression gave the string "x"'],
    ['int', {}, 'outputs.o: must be int, but the expression gave nothing (null)'],
    [
      'File',
      { o: { class: 'File', location: 'file:///etc/passwd' } },
      'outputs.o: the File passwd is neither an input (same location) nor a literal',
    ],
  ])('%j of %j is refused', async (type, result, reason) => {
    expect(await run(type, result)).toEqual({ failure: { class: 'outputs', reason } });
  });
});
