/** Values of constant expressions: integers with C's width and signedness, and floating point. */

/** A constant: an integer of 32 or 64 bits, or a floating-point number. */
export type Constant =
  | { readonly kind: 'int'; readonly value: bigint; readonly bits: 32 | 64; readonly unsigned: boolean }
  | { readonly kind: 'float'; readonly value: number /** A `float`, rounded to it. */; readonly single?: boolean };

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
    // The first type that holds it, as the standard lists them; decimal literals without u stay signed.
    for (const bits of [32, 64] as const) {
      if (bits < least) continue;
      if (!unsigned && value < 2n ** BigInt(bits - 1)) return int(value, bits);
      if ((unsigned || !decimal) && value < 2n ** BigInt(bits)) return int(value, bits, true);
    }
    return int(value, 64, true);
  }
  const rounded = (value: number): Constant =>
    /[fF]$/.test(clean) ? { kind: 'float', value: Math.fround(value), single: true } : { kind: 'float', value };
  if (/^(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?[fFlL]?$/.test(clean)) return rounded(Number.parseFloat(clean));
  const hex = /^0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)[fFlL]?$/.exec(clean);
  if (hex) {
    const [, high = '', low = '', power = '0'] = hex;
    if (high + low === '') return undefined;
    return rounded(Number(BigInt(`0x${high}${low}`)) * 2 ** (Number(power) - 4 * low.length));
  }
  return undefined;
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
