/**
 * Constant expressions of C: `#if`, enum values, array sizes, static assertions, and the values of object-like macros.
 */

import { type Constant, characterValue, int, parseNumber, sizeOfText, typed, typeNameOf } from './integer.js';
import { badToken, describe, type Token } from './lexer.js';
import { combineLong, toLong } from './long-double.js';
import { headerError } from './source.js';
import type { TokenStream } from './stream.js';

/** The names and types to which an expression may refer. */
export interface ExpressionWorld {
  /** Bits of `long`, which decides the type of literals. */
  readonly longBits: 32 | 64;
  /** Bits of `size_t`, the type of `sizeof`. */
  readonly sizeBits: 32 | 64;
  /** Whether all integers are of the widest type, as in `#if`. */
  readonly widest?: boolean;
  /** The value of a name; undefined refuses it. */
  name(token: Token): Constant | undefined;
  /**
   * Reads the operand of `sizeof`, `_Alignof` or `offsetof` and returns its value; undefined, without reading, for
   * `sizeof` of a value. Absent if types are unknown, as in `#if`.
   */
  typed?(word: Token): bigint | undefined;
  /** Reads the type of an association of `_Generic`, and returns its plain name. */
  typeName?(): string;
  /** Bytes of a scalar type, by its plain name. */
  bytesOf?(name: string): number;
  /**
   * Reads a cast if a type name follows the parenthesis; otherwise returns undefined and leaves the stream in place.
   */
  cast?(): ((value: Constant) => Constant) | undefined;
}

const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const deepest = 200;
const typeWords = new Set([
  'sizeof',
  '_Alignof',
  'alignof',
  '__alignof__',
  '__alignof',
  'offsetof',
  '__builtin_offsetof',
]);

/** Evaluates the expression at the next token and leaves the stream after it. */
export function evaluate(stream: TokenStream, world: ExpressionWorld): Constant {
  return new Evaluator(stream, world).conditional(0, true);
}

class Evaluator {
  readonly #stream: TokenStream;
  readonly #world: ExpressionWorld;

  constructor(stream: TokenStream, world: ExpressionWorld) {
    this.#stream = stream;
    this.#world = world;
  }

  #int(value: bigint): Constant {
    return int(value, this.#world.widest ? 64 : 32);
  }

  /** `live` is false in a branch that is not evaluated: a division by zero is not an error there. */
  conditional(depth: number, live: boolean): Constant {
    if (depth > deepest) throw headerError(this.#stream.peek(), `this expression is nested more than ${deepest} deep`);
    const condition = this.#binary(0, depth + 1, live);
    if (!this.#stream.take('?')) return condition;
    const truth = isTrue(condition, this.#stream.peek());
    const yes = this.conditional(depth + 1, live && truth);
    this.#stream.expect(':');
    const no = this.conditional(depth + 1, live && !truth);
    // The result has the type that both alternatives have in common.
    const chosen = truth ? yes : no;
    if (isLong(yes) || isLong(no)) return toLong(chosen);
    if (yes.kind === 'float' || no.kind === 'float') return floating(chosen, Number(chosen.value), yes, no);
    const { bits, unsigned } = common(yes, no);
    return typed(int(BigInt(chosen.value), bits, unsigned), [yes, no]);
  }

  #binary(level: number, depth: number, live: boolean): Constant {
    const operators = levels[level];
    if (!operators) return this.#unary(depth, live);
    let left = this.#binary(level + 1, depth, live);
    for (;;) {
      const token = this.#stream.peek();
      if (token.kind !== 'punctuator' || !operators.includes(token.text)) return left;
      this.#stream.at++;
      const needed = token.text === '&&' ? isTrue(left, token) : token.text === '||' ? !isTrue(left, token) : true;
      const right = this.#binary(level + 1, depth, live && needed);
      left = combine(token, left, right, live && needed, this.#world.widest ? 64 : 32);
    }
  }

  #unary(depth: number, live: boolean): Constant {
    const token = this.#stream.peek();
    if (depth > deepest) throw headerError(token, `this expression is nested more than ${deepest} deep`);
    if (token.kind === 'punctuator') {
      if (token.text === '(') {
        this.#stream.at++;
        const cast = this.#world.cast?.();
        if (cast) {
          this.#stream.expect(')');
          return cast(this.#unary(depth + 1, live));
        }
        const inner = this.conditional(depth + 1, live);
        this.#stream.expect(')');
        return inner;
      }
      if ('+-~!'.includes(token.text) && token.text.length === 1) {
        this.#stream.at++;
        const value = this.#unary(depth + 1, live);
        if (token.text === '!') return this.#int(isTrue(value, token) ? 0n : 1n);
        if (token.text === '+')
          return value.kind === 'float' ? value : typed(int(value.value, value.bits, value.unsigned), [value]);
        if (value.kind === 'float') {
          if (token.text === '-') return { ...value, value: -value.value };
          throw headerError(token, '~ needs an integer');
        }
        return typed(int(token.text === '-' ? -value.value : ~value.value, value.bits, value.unsigned), [value]);
      }
      throw headerError(token, `found ${describe(token)}, expected a value`);
    }
    this.#stream.at++;
    if (token.kind === 'number') {
      const value = parseNumber(token.text, this.#world.longBits);
      if (!value) throw headerError(token, `${token.text} is not a valid number in C`);
      if (!this.#world.widest || value.kind !== 'int') return value;
      return int(value.value, 64, /[uU]/.test(token.text) || value.value >= 2n ** 63n);
    }
    if (token.kind === 'char') {
      const value = characterValue(token.text);
      if (value === undefined) throw headerError(token, `${token.text} contains more than one character`);
      return this.#int(value);
    }
    if (token.kind === 'name') {
      if (this.#world.typed && typeWords.has(token.text)) {
        const { sizeBits, longBits } = this.#world;
        const size = this.#world.typed(token) ?? this.#sizeOfValue(token, depth);
        const type = sizeBits === 64 && longBits === 32 ? 'unsigned long long' : 'unsigned long';
        return { ...int(size, sizeBits, true), type };
      }
      if (this.#world.typeName && token.text === '_Generic') return this.#selected(token, depth, live);
      const value = this.#world.name(token);
      if (!value) throw headerError(token, `"${token.text}" is not a known constant`);
      return value;
    }
    this.#stream.at--;
    throw headerError(token, token.kind === 'bad' ? badToken(token) : `found ${describe(token)}, expected a value`);
  }

  /** Texts that follow each other, in parentheses or not; nothing is read if there are none. */
  #texts(): readonly string[] {
    const stream = this.#stream;
    let open = 0;
    while (stream.is('(', open)) open++;
    if (stream.peek(open).kind !== 'string') return [];
    stream.at += open;
    const texts: string[] = [];
    while (stream.peek().kind === 'string') texts.push(stream.next().text);
    for (let i = 0; i < open; i++) stream.expect(')', 'after the text');
    return texts;
  }

  /** `sizeof` of a text or of another value, which is not evaluated. */
  #sizeOfValue(word: Token, depth: number): bigint {
    const { bytesOf } = this.#world;
    const texts = this.#texts();
    if (texts.length > 0) return BigInt(sizeOfText(texts, bytesOf?.('wchar_t') ?? 4));
    const value = this.#unary(depth + 1, false);
    const name = typeNameOf(value);
    const bytes = name === undefined ? value.kind === 'int' && value.bits / 8 : bytesOf?.(name);
    if (!bytes) throw headerError(word, 'the size of this value is unknown');
    return BigInt(bytes);
  }

  /** `_Generic`: the value for the type of the first operand. */
  #selected(word: Token, depth: number, live: boolean): Constant {
    const stream = this.#stream;
    stream.expect('(', 'after _Generic');
    const name = this.#texts().length > 0 ? 'char *' : typeNameOf(this.conditional(depth + 1, false));
    const ranges = new Map<string, { readonly start: number; readonly stop: number }>();
    while (stream.take(',')) {
      const type = stream.take('default') ? 'default' : (this.#world.typeName?.() ?? '');
      stream.expect(':', 'after the type');
      const start = stream.at;
      while (!stream.is(',') && !stream.is(')')) {
        if (stream.is('(') || stream.is('[') || stream.is('{')) stream.skipGroup();
        else if (stream.next().kind === 'end') throw headerError(word, 'this _Generic is not terminated');
      }
      ranges.set(type, { start, stop: stream.at });
    }
    stream.expect(')', 'after _Generic');
    const end = stream.at;
    const range = ranges.get(name ?? '') ?? ranges.get('default');
    if (name === undefined || !range)
      throw headerError(word, `_Generic has no value for the type of this${name ? `, ${name}` : ''}`);
    stream.at = range.start;
    const value = this.conditional(depth + 1, live);
    if (stream.at !== range.stop) throw headerError(stream.peek(), 'this is not a constant');
    stream.at = end;
    return value;
  }
}

/** Refuses a value of which the digits are not known. */
function unknownDigits(token: Token): Error {
  return headerError(token, 'the value depends on digits of a long double that a double does not have');
}

const isLong = ({ kind, type }: Constant): boolean => kind === 'float' && type === 'long double';

/** Whether a constant counts as true, which must be known. */
function isTrue(constant: Constant, token: Token): boolean {
  if (constant.kind === 'float' && constant.inexact === 'unknown') throw unknownDigits(token);
  return truthy(constant);
}

/** Whether a constant counts as true. */
export function truthy(constant: Constant): boolean {
  return constant.kind === 'int' ? constant.value !== 0n : constant.value !== 0;
}

/** The type of two integers together: the wider one, unsigned when that type is. */
function common(
  left: Constant & { kind: 'int' },
  right: Constant & { kind: 'int' },
): { bits: 32 | 64; unsigned: boolean } {
  const bits = left.bits > right.bits ? left.bits : right.bits;
  const unsigned = (left.unsigned && left.bits === bits) || (right.unsigned && right.bits === bits);
  return { bits, unsigned };
}

/** A floating-point result, in single precision unless an operand is a double. */
function floating(from: Constant | undefined, value: number, left: Constant, right: Constant): Constant {
  const single = [left, right].every((part) => part.kind === 'int' || part.single);
  const lost = from ? [from] : [left, right];
  const isUnknown = lost.some((part) => part.kind === 'float' && part.inexact);
  return {
    kind: 'float',
    value: isUnknown ? Number.NaN : single ? Math.fround(value) : value,
    ...(single && { single }),
    ...(isUnknown && { inexact: 'unknown' }),
  };
}

/** Compares two numbers; rounding keeps the order of those that stay different. */
function compared(token: Token, left: Constant, right: Constant, a: number, b: number): boolean {
  const marks = [left, right].map((part) => part.kind === 'float' && part.inexact);
  const isShort = (part: Constant): boolean => part.kind === 'int' && BigInt(Number(part.value)) !== part.value;
  const differs = a !== b && !marks.includes('unknown');
  const isRounded = marks.includes('rounded') || ((isLong(left) || isLong(right)) && [left, right].some(isShort));
  if (marks.includes('unknown') || (isRounded && !differs)) throw unknownDigits(token);
  return comparisons[token.text]?.(a, b) ?? false;
}

function combine(token: Token, left: Constant, right: Constant, live: boolean, truthBits: 32 | 64): Constant {
  const { text } = token;
  if (text === '&&') return int(isTrue(left, token) && isTrue(right, token) ? 1n : 0n, truthBits);
  if (text === '||') return int(isTrue(left, token) || isTrue(right, token) ? 1n : 0n, truthBits);
  if (left.kind === 'float' || right.kind === 'float') {
    const single = [left, right].every((part) => part.kind === 'int' || part.single);
    const near = single ? Math.fround : (value: number): number => value;
    const a = near(Number(left.value));
    const b = near(Number(right.value));
    if (text in comparisons) return int(compared(token, left, right, a, b) ? 1n : 0n, truthBits);
    if (text in floats && (isLong(left) || isLong(right))) return combineLong(text, left, right);
    if (text in floats) return floating(undefined, floats[text]?.(a, b) ?? Number.NaN, left, right);
    throw headerError(token, `"${text}" needs integers`);
  }
  if (text === '<<' || text === '>>') {
    const shift = right.value;
    if (shift < 0n || shift >= BigInt(left.bits)) {
      if (!live) return left;
      throw headerError(token, `a shift by ${shift} is outside 0 to ${left.bits - 1}`);
    }
    return typed(int(text === '<<' ? left.value << shift : left.value >> shift, left.bits, left.unsigned), [left]);
  }
  // The usual arithmetic conversions: to the wider type, and to unsigned when that type is.
  const { bits, unsigned } = common(left, right);
  const wrap = (value: bigint): bigint => (unsigned ? BigInt.asUintN(bits, value) : value);
  const a = wrap(left.value);
  const b = wrap(right.value);
  if (text in comparisons) return int(comparisons[text]?.(a, b) ? 1n : 0n, truthBits);
  if ((text === '/' || text === '%') && b === 0n) {
    if (!live) return int(0n, bits, unsigned);
    throw headerError(token, 'this divides by zero');
  }
  return typed(int(integers[text]?.(a, b) ?? 0n, bits, unsigned), [left, right]);
}

const comparisons: Record<string, (a: bigint | number, b: bigint | number) => boolean> = {
  // biome-ignore lint/suspicious/noDoubleEquals: both sides have one type
  '==': (a, b) => a == b,
  // biome-ignore lint/suspicious/noDoubleEquals: both sides have one type
  '!=': (a, b) => a != b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};
const floats: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};
const integers: Record<string, (a: bigint, b: bigint) => bigint> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
};
