import { describe, expect, it } from '@jest/globals';
import type { Json } from '../model.ts';
import type { EvaluateJavaScript, ExpressionContext } from '../ports.ts';
import { createEvaluator, evaluate } from './evaluate.ts';
import { ExpressionError } from './expression-error.ts';
import { parseTemplate } from './template.ts';

const context: ExpressionContext = {
  inputs: { n: 1.5e-7, text: 'a"b\n', rec: { b: 1, a: [true, null] }, file: { class: 'File', path: '/in/a' } },
  self: 'me',
};
const reference = (text: string) => evaluate(parseTemplate(text), context);

describe('parameter references', () => {
  it.each<[string, Json]>([
    ['$(inputs.rec)', { b: 1, a: [true, null] }],
    [' $(inputs.n)\n', 1.5e-7],
    ['<$(inputs.rec)>', '<{"a": [true, null], "b": 1}>'],
    ['$(inputs.n)s', '0.00000015s'],
    ['$(inputs.text)$(self)', 'a"b\nme'],
    ['$(null)', null],
    ['$(null)-', 'null-'],
  ])('%s at once', (text, value) => expect(reference(text)).toEqual(value));

  it('keep what they give out of further interpolation', () => {
    expect(evaluate(parseTemplate('$(self)$(self)'), { inputs: {}, self: '$(inputs.x)' })).toBe('$(inputs.x)$(inputs.x)');
  });
});

describe('JavaScript', () => {
  const seen: unknown[] = [];
  const sandbox: EvaluateJavaScript = (task) => {
    seen.push(task);
    return task.source.includes('fail')
      ? Promise.reject(new ExpressionError({ expression: `$(${task.source})`, reason: 'Error: no' }))
      : Promise.resolve({ z: 1, a: task.source });
  };
  const javascript = { library: ['lib'], evaluate: sandbox, now: '2026-01-01T00:00:00Z', seed: 'run/step' };

  it('is asked with everything it needs', async () => {
    expect(await evaluate(parseTemplate('x $(1 + 1) ${y}'), context, { javascript })).toBe('x {"a": "1 + 1", "z": 1} {"a": "y", "z": 1}');
    const common = { context, library: ['lib'], now: '2026-01-01T00:00:00Z', seed: 'run/step' };
    expect(seen).toEqual([
      { kind: 'expression', source: '1 + 1', ...common },
      { kind: 'body', source: 'y', ...common },
    ]);
  });

  it('keeps the type where it is the whole field', async () => {
    expect(await evaluate(parseTemplate('$(f())'), context, { javascript })).toEqual({ z: 1, a: 'f()' });
  });

  it('never runs for references', () => {
    expect(evaluate(parseTemplate('$(inputs.missing)'), context, { javascript: { library: [] } })).toBe(null);
    expect(evaluate(parseTemplate('$(self.length)'), context, { javascript: { library: [] } })).toBe(2);
  });

  it('needs the requirement', () => {
    expect(() => evaluate(parseTemplate('$(1 + 1)'), context)).toThrow(
      '$(1 + 1): this is no parameter reference, and JavaScript needs InlineJavascriptRequirement',
    );
  });

  it('its errors get place and inputs', async () => {
    const evaluator = createEvaluator({ cwlVersion: 'v1.2', javascript });
    const failing = Promise.resolve(evaluator('$(fail())', { inputs: { a: 1 }, self: null }, 'arguments[0]'));
    await expect(failing).rejects.toThrow('arguments[0]: $(fail()): Error: no (inputs: {"a": 1})');
  });
});

describe('errors', () => {
  const evaluator = createEvaluator({ cwlVersion: 'v1.2' });

  it('name place, expression, reason and inputs', () => {
    expect(() => evaluator('$(inputs.b)', { inputs: { a: 1 }, self: null }, 'stdout')).toThrow(
      'stdout: $(inputs.b): `inputs` has no field "b": it has a (inputs: {"a": 1})',
    );
    expect(() => evaluator('$(inputs.b', { inputs: { a: 1 }, self: null }, 'stdout')).toThrow(
      /^stdout: \$\(inputs\.b: .*never closed.*\(inputs: \{"a": 1\}\)$/,
    );
  });

  it('are short even when the inputs are long', () => {
    const message = (() => {
      try {
        void evaluator('$(inputs.b)', { inputs: { a: 'x'.repeat(10_000) }, self: null }, 'stdout');
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(message).toContain('…');
    expect(message.length).toBeLessThan(600);
  });
});

it('text without an expression is returned untouched', () => {
  expect(createEvaluator({ cwlVersion: 'v1.2' })(' a\\\\b ', { inputs: {}, self: null }, 'x')).toBe(' a\\\\b ');
});
