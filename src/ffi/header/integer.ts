/** Values of constant expressions: integers with C's width and signedness, and floating point. */
import type { Constant } from './constant.js';
import { longLiteral } from './long-double.js';

export type { Constant } from './constant.js';

/** The plain name of a constant's type; undefined where `long` and `long long` cannot be told apart. */
export function typeNameOf(constant: Constant): string | undefined {
  if (constant.type !== undefined) return constant.type;
  if (constant.kind === 'float') return constant.single ? 'float' : 'double';
  return constant.bits === 64 ? undefined : constant.unsigned ? 'unsigned int' : 'int';
}

/** The type of an operation on constants: the longer one, as far as it is known. */
export function typed<T extends Constant>(result: T, operands: readonly Constant[]): T {
  const has = (word: string): boolean =>
    operands.some(({ type = '' }) => !type.startsWith('enum ') && type.includes(word));
  if (result.kind === 'float') return has('long double') ? { ...result, type: 'long double' } : result;
  const known = operands.every(
    (operand) => operand.kind === 'float' || operand.bits === 32 || operand.type !== undefined,
  );
  const isLong = result.bits === 64 || has('long');
  if (!isLong || !known) return result;
  return { ...result, type: `${result.unsigned ? 'unsigned ' : ''}${has('long long') ? 'long long' : 'long'}` };
}

/** An integer wrapped to its width. */
export function int(value: bigint, bits: 32 | 64 = 32, unsigned = false): Constant {
  return { kind: 'int', value: unsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value), bits, unsigned };
}

/**
 * The value of a number literal, or undefined: decimal, hexadecimal, octal, binary, floats with exponents, with C's
 * suffixes.
 */
export function parseNumber(text: string, longBits: 32 | 64): Constant | undefined {
  const clean = text.replace(/'/g, '');
  const whole = /^(0[xX][\da-fA-F]+|0[bB][01]+|\d+)([uU]?(?:ll|LL|[lL])?|(?:ll|LL|[lL])[uU])$/.exec(clean);
  if (whole) {
    const [, digits = '', suffix = ''] = whole;
    const octal = /^0\d/.test(digits);
    if (octal && /[89]/.test(digits)) return undefined;
    const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
    if (value >= 2n ** 64n) return undefined;
    const unsigned = /u/i.test(suffix);
    const least = /ll/i.test(suffix) ? 64 : /l/i.test(suffix) ? longBits : 32;
    const decimal = /^[1-9]/.test(digits);
    const named = (bits: 32 | 64, isUnsigned: boolean): Constant => {
      const length = /ll/i.test(suffix) || (bits === 64 && longBits === 32) ? 'long long' : 'long';
      const type = bits === 64 || suffix.match(/l/i) ? { type: `${isUnsigned ? 'unsigned ' : ''}${length}` } : {};
      return { ...int(value, bits, isUnsigned), ...type };
    };
    // The first type that holds it, as the standard lists them; decimal literals without u stay signed.
    for (const bits of [32, 64] as const) {
      if (bits < least) continue;
      if (!unsigned && value < 2n ** BigInt(bits - 1)) return named(bits, false);
      if ((unsigned || !decimal) && value < 2n ** BigInt(bits)) return named(bits, true);
    }
    return named(64, true);
  }
  const rounded = (value: number, digits: string, base: 2 | 10, power: number): Constant => {
    if (/^0[xX].*[pP].*[fF]$|^(?!0[xX]).*[fF]$/.test(clean))
      return { kind: 'float', value: Math.fround(value), single: true };
    return /[lL]$/.test(clean) ? longLiteral(value, digits, base, power) : { kind: 'float', value };
  };
  const decimal = /^(?:(\d+)\.(\d*)|\.(\d+)|(\d+))(?:[eE]([+-]?\d+))?[fFlL]?$/.exec(clean);
  if (decimal) {
    const [, high = '', low = '', alone = '', whole = '', power = '0'] = decimal;
    const value = Number.parseFloat(clean);
    // The range of long double is larger than that of a number.
    return value === 0 && /[1-9]/.test(clean.replace(/[eE].*$/, ''))
      ? undefined
      : rounded(value, high + low + alone + whole, 10, Number(power) - low.length - alone.length);
  }
  const hex = /^0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)[fFlL]?$/.exec(clean);
  if (hex) {
    const [, high = '', low = '', power = '0'] = hex;
    if (high + low === '') return undefined;
    const [digits, places] = [`0x${high}${low}`, Number(power) - 4 * low.length];
    return rounded(Number(BigInt(digits)) * 2 ** places, digits, 2, places);
  }
  return undefined;
}

/** A value in JSON: an integer beyond 2⁵³ is a decimal string. */
export function plain(value: bigint | number): number | string {
  if (typeof value === 'number') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

const escapes: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
  e: '\x1b',
};

const utf8 = new TextEncoder();

/**
 * The value of a character constant, an int: plain ones are bytes with a sign, several of them one above the other as
 * gcc has it; wide ones a code point. Undefined when there are too many.
 */
export function characterValue(literal: string): bigint | undefined {
  const [, prefix = ''] = /^(L|u8?|U)?'/.exec(literal) ?? [];
  const text = unquote(literal);
  if (prefix !== '' && prefix !== 'u8') {
    const points = [...text];
    return points.length === 1 ? BigInt(text.codePointAt(0) ?? 0) : undefined;
  }
  // An escape is a byte, whatever its value; other characters are the bytes of their UTF-8.
  const escaped = /\\(?:x|[0-7])/.test(literal);
  const bytes = escaped ? [...text].map((sign) => (sign.codePointAt(0) ?? 0) & 0xff) : [...utf8.encode(text)];
  if (bytes.length === 0 || bytes.length > 4) return undefined;
  const [first = 0] = bytes;
  if (bytes.length === 1) return BigInt(prefix === 'u8' ? first : (first << 24) >> 24);
  return BigInt(bytes.reduce((value, byte) => (value << 8) | byte, 0));
}

/** An escape of a literal: a byte in hexadecimal, a code point, a byte in octal, nothing at the end of a line, a sign. */
const escapePattern = /\\(?:x([\da-fA-F]+)|u([\da-fA-F]{4})|([0-7]{1,3})|\r?\n|([\s\S]))/g;

const bodyOf = (literal: string): string => literal.replace(/^(?:L|u8?|U)?["']/, '').slice(0, -1);

/** Bytes of string literals that follow each other, with their zero; those of wide ones depend on `wchar_t`. */
export function sizeOfText(literals: readonly string[], wideBytes: number): number {
  const prefix = literals.map((literal) => /^(L|u8|u|U)?/.exec(literal)?.[1]).find((one) => one && one !== 'u8');
  const unit = prefix === 'L' ? wideBytes : prefix === 'U' ? 4 : prefix === 'u' ? 2 : 1;
  let units = 1;
  for (const literal of literals) {
    const body = bodyOf(literal);
    let end = 0;
    const plainUnits = (text: string): number =>
      unit === 1 ? utf8.encode(text).length : unit === 2 ? text.length : [...text].length;
    for (const { 0: one, 1: hex, 3: octal, index } of body.matchAll(escapePattern)) {
      units += plainUnits(body.slice(end, index));
      units += hex !== undefined || octal !== undefined ? 1 : plainUnits(unquote(`"${one}"`));
      end = index + one.length;
    }
    units += plainUnits(body.slice(end));
  }
  return units * unit;
}

/** The text of a string or character literal. */
export function unquote(literal: string): string {
  return bodyOf(literal).replace(escapePattern, (_, hex?: string, unicode?: string, octal?: string, sign?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16) & 0xff);
    if (unicode !== undefined) return String.fromCharCode(Number.parseInt(unicode, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    return sign === undefined ? '' : (escapes[sign] ?? sign);
  });
}

/**
 * The text of a string literal as it is passed to C, in UTF-8: escapes of a plain one are bytes. Undefined for bytes that
 * are no text.
 */
export function textOfLiteral(literal: string): string | undefined {
  if (/^(?:L|U|u(?!8))/.test(literal)) return unquote(literal);
  const body = bodyOf(literal);
  let end = 0;
  // Bytes as in an address: %C3%A9.
  let encoded = '';
  try {
    for (const { 0: one, 1: hex, 3: octal, index } of body.matchAll(escapePattern)) {
      const sign = unquote(`"${one}"`);
      const isByte = hex !== undefined || octal !== undefined;
      encoded += encodeURIComponent(body.slice(end, index));
      encoded += isByte ? `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}` : encodeURIComponent(sign);
      end = index + one.length;
    }
    return decodeURIComponent(encoded + encodeURIComponent(body.slice(end)));
  } catch {
    return undefined;
  }
}
