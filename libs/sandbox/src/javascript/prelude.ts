/**
 * Runs inside of the sandbox before anything else: fixes Date and Math.random, adds a console that says nothing, and keeps the functions that bring
 * values in and out where later code cannot replace them. It gives `begin(context, now, seed)`, `end(value)`, `describe(error)` and `touched()`.
 */
export const prelude = `(function () {
  'use strict';
  var parse = JSON.parse, stringify = JSON.stringify, RealDate = Date, RealPromise = Promise, text = String, finite = Number.isFinite;
  var construct = Reflect.construct, charCode = Function.prototype.call.bind(String.prototype.charCodeAt), imul = Math.imul;
  var now = 0, state = 0, touched = false;

  function FixedDate() {
    if (new.target === undefined) { touched = true; return text(new RealDate(now)); }
    if (arguments.length > 0) return construct(RealDate, arguments, new.target);
    touched = true;
    return construct(RealDate, [now], new.target);
  }
  FixedDate.prototype = RealDate.prototype;
  FixedDate.prototype.constructor = FixedDate;
  FixedDate.parse = RealDate.parse;
  FixedDate.UTC = RealDate.UTC;
  FixedDate.now = function () { touched = true; return now; };
  Object.defineProperty(FixedDate, 'name', { value: 'Date' });
  Object.defineProperty(globalThis, 'Date', { value: FixedDate, writable: true, enumerable: false, configurable: true });

  // Authors leave it in documents; as in cwltool without --debug nobody reads what is printed.
  function silent() {}
  var console = Object.freeze({ log: silent, info: silent, warn: silent, error: silent, debug: silent });
  Object.defineProperty(globalThis, 'console', { value: console, writable: true, enumerable: false, configurable: true });

  Math.random = function random() {
    touched = true;
    state = (state + 0x6d2b79f5) | 0;
    var mixed = imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };

  function hash(seed) {
    var value = 0x811c9dc5;
    for (var index = 0; index < seed.length; index++) value = imul(value ^ charCode(seed, index), 0x01000193);
    return value;
  }

  function refuse(key, what) {
    throw new TypeError((key === '' ? 'the result is ' : 'the field "' + key + '" of the result is ') + what + ', which is no JSON value');
  }

  function checked(key, value) {
    var kind = typeof value;
    if (kind === 'number' && !finite(value)) refuse(key, text(value));
    if (kind === 'function' || kind === 'symbol') refuse(key, 'a ' + kind);
    if (kind === 'bigint') refuse(key, 'a BigInt');
    if (value instanceof RealPromise) refuse(key, 'a Promise');
    return value;
  }

  return {
    begin: function (context, time, seed) {
      var values = parse(context);
      globalThis.inputs = values.inputs;
      globalThis.self = values.self;
      globalThis.runtime = values.runtime;
      now = time;
      state = hash(seed);
      touched = false;
    },
    end: function (value) {
      return value === undefined ? 'null' : stringify(value, checked);
    },
    describe: function (error) {
      if (!(error instanceof Error)) return stringify({ message: 'thrown: ' + text(error) });
      return stringify({ name: text(error.name), message: text(error.message), stack: text(error.stack) });
    },
    touched: function () { return touched; }
  };
})()`;
