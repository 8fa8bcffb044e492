import type { Json } from '../model.ts';
import type { ExpressionContext } from '../ports.ts';

/** Evaluates natively; undefined where the values at hand need the sandbox after all. */
export type PlainScript = (context: ExpressionContext) => { value: Json } | undefined;

type Value = Json | undefined;
type Primitive = string | number | boolean | null | undefined;
type Term = (context: ExpressionContext) => Value;

/** Thrown inside of this file only: the script is not plain, or not for these values. */
class NotPlain extends Error {
  override readonly name = 'NotPlain';
}
const notPlain = new NotPlain();

const longest = 500;
/** What may be misread (`++`, `**`, `//`, `?.`, `==`, escapes, exponents, …) is no token here. */
const tokenPattern =
  /\s+|(?:0|[1-9]\d*)(?:\.\d+)?(?![\w$.])|'[^'\\\n\r]*'|"[^"\\\n\r]*"|[A-Za-z_$][\w$]*|===|!==|<=|>=|&&|\|\||\+(?!\+)|-(?!-)|\*(?!\*)|\/(?![/*])|[%()[\]:]|<(?!<)|>(?!>)|!(?!=)|\?(?![?.])|\.(?!\.)/y;
/** After a line break `return` gives nothing. */
const returnPattern = /^\s*return\b(?!\s*[\n\r\u2028\u2029])([^;]*);?\s*$/;
const namePattern = /^[A-Za-z_$]/;
/** From the loosest to the tightest. */
const operators = [['||'], ['&&'], ['===', '!=='], ['<', '>', '<=', '>='], ['+', '-'], ['*', '/', '%']];

/**
 * Reads a script that needs no sandbox, since it calls nothing, makes nothing and repeats nothing: operators over literals and fields, such as
 * `inputs.count + 1` or `return inputs.name + '.txt';`. To start the sandbox for these would cost more than the rest of a small tool. Undefined for
 * all others. What is faulty is left to the sandbox too, which says why.
 */
export function readPlainScript(form: 'expression' | 'body', source: string): PlainScript | undefined {
  const text = form === 'expression' ? source : returnPattern.exec(source)?.[1];
  if (text === undefined || text.length > longest) return undefined;
  const term = unlessNotPlain(() => parse(tokens(text)));
  return term && ((context) => unlessNotPlain(() => ({ value: asResult(term(context)) })));
}

function unlessNotPlain<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error === notPlain) return undefined;
    throw error;
  }
}

function tokens(text: string): string[] {
  const found: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const [token] = tokenPattern.exec(text) ?? [];
    if (token === undefined) throw notPlain;
    if (token.trim() !== '') found.push(token);
  }
  return found;
}

function parse(found: string[]): Term {
  let at = 0;
  const term = conditional();
  if (at < found.length) throw notPlain;
  return term;

  function take(token: string): boolean {
    if (found[at] !== token) return false;
    at += 1;
    return true;
  }

  function expect(token: string): void {
    if (!take(token)) throw notPlain;
  }

  function conditional(): Term {
    const condition = binary(0);
    if (!take('?')) return condition;
    const positive = conditional();
    expect(':');
    const negative = conditional();
    return (context) => (condition(context) ? positive(context) : negative(context));
  }

  function binary(level: number): Term {
    const known = operators[level];
    if (known === undefined) return unary();
    let left = binary(level + 1);
    for (let sign = found[at]; sign !== undefined && known.includes(sign); sign = found[at]) {
      at += 1;
      left = operation(sign, left, binary(level + 1));
    }
    return left;
  }

  function unary(): Term {
    const sign = ['!', '-', '+'].find(take);
    if (sign === undefined) return member();
    const operand = unary();
    if (sign === '!') return (context) => !operand(context);
    return (context) => (sign === '-' ? -number(operand(context)) : +number(operand(context)));
  }

  function member(): Term {
    let holder = atom();
    for (;;) {
      const of = holder;
      if (take('.')) {
        const name = found[at++] ?? '';
        if (!namePattern.test(name)) throw notPlain;
        holder = (context) => field(of(context), name);
      } else if (take('[')) {
        const key = conditional();
        expect(']');
        holder = (context) => field(of(context), key(context));
      } else return holder;
    }
  }

  function atom(): Term {
    const token = found[at++] ?? '';
    if (token === '(') {
      const inner = conditional();
      expect(')');
      return inner;
    }
    if (/^\d/.test(token)) return constant(Number(token));
    if (/^['"]/.test(token)) return constant(token.slice(1, -1));
    return named(token);
  }
}

function constant(value: Value): Term {
  return () => value;
}

function named(name: string): Term {
  switch (name) {
    case 'inputs':
    case 'self':
    case 'runtime':
      return (context) => context[name];
    case 'true':
    case 'false':
      return constant(name === 'true');
    case 'null':
      return constant(null);
    case 'undefined':
      return constant(undefined);
    default:
      throw notPlain;
  }
}

/** On primitives JavaScript's own operators are the meaning, here as in the sandbox. */
function operation(sign: string, left: Term, right: Term): Term {
  switch (sign) {
    case '||':
      return (context) => left(context) || right(context);
    case '&&':
      return (context) => left(context) && right(context);
    case '===':
      return (context) => same(left(context), right(context));
    case '!==':
      return (context) => !same(left(context), right(context));
    case '+':
      return (context) => number(left(context)) + number(right(context));
    case '-':
      return (context) => number(left(context)) - number(right(context));
    case '*':
      return (context) => number(left(context)) * number(right(context));
    case '/':
      return (context) => number(left(context)) / number(right(context));
    case '%':
      return (context) => number(left(context)) % number(right(context));
    case '<':
      return (context) => number(left(context)) < number(right(context));
    case '>':
      return (context) => number(left(context)) > number(right(context));
    case '<=':
      return (context) => number(left(context)) <= number(right(context));
    default:
      return (context) => number(left(context)) >= number(right(context));
  }
}

/** Values that are one object here may be two in the sandbox. */
function same(left: Value, right: Value): boolean {
  if (!isPrimitive(left) && !isPrimitive(right)) throw notPlain;
  return left === right;
}

function isPrimitive(value: Value): value is Primitive {
  return value === null || typeof value !== 'object';
}

/** Any primitive, called a number since TypeScript knows no operators on the others. */
function number(value: Value): number {
  if (!isPrimitive(value)) throw notPlain;
  return value as number;
}

/** Only fields of the values themselves, nothing that they inherit. */
function field(holder: Value, key: Value): Value {
  if (typeof key !== 'string' && typeof key !== 'number') throw notPlain;
  if (typeof holder === 'string' || Array.isArray(holder)) {
    if (key === 'length') return holder.length;
    if (typeof key === 'number' && Number.isInteger(key) && key >= 0) return holder[key];
    throw notPlain;
  }
  if (holder === null || typeof holder !== 'object') throw notPlain;
  if (Object.hasOwn(holder, key)) return holder[key];
  if (key in Object.prototype) throw notPlain;
  return undefined;
}

/** As it comes out of the sandbox: as JSON. */
function asResult(value: Value): Json {
  if (typeof value !== 'number') return value ?? null;
  if (!Number.isFinite(value)) throw notPlain;
  return value === 0 ? 0 : value;
}
