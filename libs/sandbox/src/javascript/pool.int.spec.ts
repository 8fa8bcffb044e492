import { afterAll, describe, expect, it } from '@jest/globals';
import type { Json, JavaScriptTask } from '@runnel/cwl';
import { createJavaScriptPool } from './pool.ts';

const pool = createJavaScriptPool({ threads: 2, memoryMiB: 32, timeout: 1 });
afterAll(() => pool.close());

function evaluate(source: string, more: Partial<JavaScriptTask> & { inputs?: { [name: string]: Json } } = {}): Promise<Json> {
  const { inputs = {}, ...rest } = more;
  return pool.evaluate({ kind: 'expression', source, context: { inputs, self: null }, library: [], ...rest });
}

describe('values in and out', () => {
  it.each<[string, Json]>([
    ['1 + 1', 2],
    ['inputs.x + "y"', 'äy'],
    ['({a: [1, null, "ü"], b: {c: true}})', { a: [1, null, 'ü'], b: { c: true } }],
    ['undefined', null],
    ['[undefined, 1]', [null, 1]],
    ['({a: undefined})', {}],
    ['self', null],
    ['inputs.missing', null],
    ['"\\ud83d\\ude00".length', 2],
    ['/* ) */ ")" // done', ')'],
    ['(function () { return typeof this; })()', 'undefined'],
  ])('%s', async (source, expected) => {
    expect(await evaluate(source, { inputs: { x: 'ä' } })).toEqual(expected);
  });

  it('runs a function body', async () => {
    expect(
      await evaluate('var sum = 0; for (var i in inputs.list) sum += inputs.list[i]; return sum;', {
        kind: 'body',
        inputs: { list: [1, 2, 3] },
      }),
    ).toBe(6);
  });

  it('passes values as they are, not as source', async () => {
    const text = '`${1}` "); throw 1; // \u2028 </script> ' + 'x'.repeat(200_000);
    expect(await evaluate('inputs.text', { inputs: { text } })).toBe(text);
  });

  it('gives runtime where there is one', async () => {
    expect(await evaluate('runtime.cores', { context: { inputs: {}, self: null, runtime: { cores: 3 } } })).toBe(3);
  });
});

describe('what is no JSON value is an error that says so', () => {
  it.each([
    ['0/0', 'the result is NaN'],
    ['({a: 1/0})', 'the field "a" of the result is Infinity'],
    ['function () {}', 'the result is a function'],
    ['({f: Math.max})', 'the field "f" of the result is a function'],
    ['Symbol("s")', 'the result is a symbol'],
    ['10n', 'the result is a BigInt'],
    ['Promise.resolve(1)', 'the result is a Promise'],
    ['(function () { var a = {}; a.a = a; return a; })()', 'circular'],
  ])('%s', async (source, reason) => {
    await expect(evaluate(source)).rejects.toThrow(reason);
  });
});

describe('errors name expression, reason and line', () => {
  it.each([
    ['missing.x', "$(missing.x): ReferenceError: 'missing' is not defined"],
    ['1 +', 'SyntaxError'],
    ['\n\n null.x', "TypeError: cannot read property 'x' of null (line 3)"],
    ['(function () { throw "plain"; })()', 'thrown: plain'],
    ['undeclared = 1', 'ReferenceError'],
  ])('%s', async (source, message) => {
    await expect(evaluate(source)).rejects.toThrow(message);
  });

  it('shows a body as the document has it', async () => {
    await expect(evaluate('throw new Error("no");', { kind: 'body' })).rejects.toThrow('${throw new Error("no");}: Error: no (line 1)');
  });

  it('names the library', async () => {
    await expect(evaluate('1', { library: ['var ok = 1;', '\nnope();'] })).rejects.toThrow('(expressionLib[1], line 2)');
  });
});

describe('determinism', () => {
  const now = '2026-01-02T03:04:05.000Z';

  it('lets documents print, to nobody', async () => {
    expect(await evaluate('(console.log("seen", inputs), console.error(1), Object.keys(globalThis).indexOf("console"))')).toBe(-1);
  });

  it('shows the given time, in every way to ask for it', async () => {
    const source = '[new Date().toISOString(), Date.now(), new Date(0).getTime(), new Date().constructor === Date, typeof Date()]';
    expect(await evaluate(source, { now })).toEqual([now, Date.parse(now), 0, true, 'string']);
  });

  it('draws the same numbers for the same seed, others for another', async () => {
    const draw = (seed: string) => evaluate('[Math.random(), Math.random()]', { seed });
    const [one, again, other] = [await draw('run/step'), await draw('run/step'), await draw('run/other')];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    for (const value of one as number[]) expect(value >= 0 && value < 1).toBe(true);
  });
});

describe('isolation between evaluations', () => {
  it.each([
    ['globals', 'globalThis.leak = 1', 'typeof leak', 'undefined'],
    ['prototypes', 'Array.prototype.leak = 1', '[].leak === undefined', true],
    ['built-ins', 'JSON.stringify = function () { return "1"; }', 'JSON.stringify([2])', '[2]'],
    ['inputs', 'inputs.a = 2', 'inputs.a', 1],
  ])('%s', async (_name, first, second, expected) => {
    for (let round = 0; round < 3; round++) {
      await evaluate(`(function () { ${first}; return 1; })()`, { inputs: { a: 1 } });
      expect(await evaluate(second, { inputs: { a: 1 } })).toEqual(expected);
    }
  });

  it('also for state that a library keeps', async () => {
    const library = [
      'var count = 0; var next = (function () { var hidden = 0; return function () { count++; return ++hidden + count; }; })();',
    ];
    const answers = await Promise.all(Array.from({ length: 20 }, () => evaluate('next() + next()', { library })));
    expect(new Set(answers)).toEqual(new Set([6]));
  });

  it('a library that reads the clock while it loads is loaded again', async () => {
    const library = ['var loadedAt = Date.now();'];
    expect(await evaluate('loadedAt', { library, now: '2026-01-01T00:00:00Z' })).toBe(Date.parse('2026-01-01T00:00:00Z'));
    expect(await evaluate('loadedAt', { library, now: '2027-01-01T00:00:00Z' })).toBe(Date.parse('2027-01-01T00:00:00Z'));
  });

  it('a library sees the inputs when its functions are called', async () => {
    expect(await evaluate('twice()', { library: ['function twice() { return inputs.n * 2; }'], inputs: { n: 21 } })).toBe(42);
  });
});

it('a thousand evaluations of all kinds, one after the other, stay right', async () => {
  const library = ['var seen = []; function remember(n) { seen.push(n); return seen.length; }'];
  const kinds: ((n: number) => [script: string, expected: Json | undefined])[] = [
    (n) => [`inputs.n + ${n}`, 2 * n],
    (n) => [`remember(${n}) + Object.keys(globalThis).filter(function (k) { return /^leak/.test(k); }).length`, 1],
    (n) => [`(globalThis.leak${n} = 1, Array.prototype.push = null, "x".repeat(${n}).length)`, n],
    (n) => [`Array.from({ length: ${n * 10} }, function (_, i) { return { i: i }; }).reverse()[0].i`, n * 10 - 1],
    () => ['nope()', undefined],
    () => ['syntax error', undefined],
    (n) => [`new Uint8Array(${n * 5000}).fill(7).length`, n * 5000],
    (n) => [`[${n}, 3, 1].sort().map(String).join().replace(/[0-9]+/g, "d")`, 'd,d,d'],
  ];
  for (let n = 1; n <= 1000; n++) {
    const [script, expected] = kinds[(n * 7) % kinds.length]?.(n) ?? ['null', null];
    const answer = evaluate(script, { inputs: { n }, library });
    if (expected === undefined) await expect(answer).rejects.toThrow('Error');
    else expect([n, await answer]).toEqual([n, expected]);
  }
});

describe('hostile scripts', () => {
  it.each([
    ['endless loop', 'while (true) {}', 'more than 1 s of CPU time'],
    ['endless loop that catches', 'for (;;) { try { while (true) {} } catch (e) {} }', 'more than 1 s of CPU time'],
    ['memory bomb', 'var a = []; for (;;) a.push(new Array(100000).fill(1));', 'more than 32 MiB of memory'],
    ['string bomb', 'var s = "x", all = []; for (;;) all.push(s = s.slice(0, 1e6) + s + Math.random());', 'more than 32 MiB of memory'],
    ['typed array bomb', 'var a = []; for (;;) a.push(new Uint8Array(1 << 20));', 'more than 32 MiB of memory'],
    ['deep recursion', 'function f(n) { return 1 + f(n + 1); } return f(0);', 'stack overflow'],
    ['deep recursion in a sort', 'function f() { return [2, 1].sort(f); } return f();', 'stack overflow'],
    ['catastrophic regular expression', 'return /^(a+)+$/.test("a".repeat(40) + "b");', 'more than 1 s of CPU time'],
    ['object bomb', 'var a = []; for (;;) a.push({});', 'more than 32 MiB of memory'],
    ['huge integers', 'return String((3n ** 4000000n) % 7n);', 'BigInt is too large'],
    [
      'constructor.constructor',
      'return (function () { return this; }).constructor("return this")().constructor.constructor("return process")();',
      "'process' is not defined",
    ],
    ['constructor.constructor of this', 'return this.constructor.constructor("return process")();', 'TypeError'],
    ['Function', 'return Function("return process.env")();', "ReferenceError: 'process' is not defined"],
    ['require', 'return require("fs");', "ReferenceError: 'require' is not defined"],
    ['import', 'return import("fs").then(function () { return 1; });', 'a Promise'],
  ])('%s', async (_name, source, reason) => {
    await expect(evaluate(source, { kind: 'body' })).rejects.toThrow(reason);
    expect(await evaluate('6 * 7')).toBe(42);
  });

  it('a computation that QuickJS does in one go is stopped from outside', async () => {
    await expect(evaluate('Array.prototype.indexOf.call({ length: 9007199254740991 }, 1)')).rejects.toThrow('CPU time');
    expect(await evaluate('6 * 7')).toBe(42);
  });

  it('an endless library is stopped, too', async () => {
    await expect(evaluate('1', { library: ['while (true) {}'] })).rejects.toThrow('CPU time');
  });
});

describe('the pool', () => {
  it('answers many at once, each its own', async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, (_, n) => evaluate('inputs.n * 2', { inputs: { n } })));
    expect(answers).toEqual(Array.from({ length: 300 }, (_, n) => n * 2));
  });

  it('rejects what waits when it is closed, and everything after', async () => {
    const closing = createJavaScriptPool({ threads: 1 });
    const task: JavaScriptTask = { kind: 'expression', source: '1', context: { inputs: {}, self: null }, library: [] };
    const waiting = [closing.evaluate(task), closing.evaluate(task)].map((answer) => answer.catch((error: Error) => error.message));
    await closing.close();
    expect(await waiting[1]).toContain('was closed');
    await expect(closing.evaluate(task)).rejects.toThrow('closed');
  });
});
