/** Values encoded as bytes: everything is decoded unchanged, and damaged bytes are refused. */
import { describe, expect, test } from 'vitest';
import { aligned, decode, encode } from '../../src/parallel/codec.js';
import { EwaldError } from '../../src/util/errors.js';

const circle: unknown[] = [];
circle.push(circle);

describe('codec', () => {
  test('places of arrays behind 2 GiB are right', () => {
    expect([0, 1, 8, 2 ** 31 + 1, 2 ** 33 - 8].map(aligned)).toEqual([0, 8, 8, 2 ** 31 + 8, 2 ** 33 - 8]);
  });

  test.each([
    [null],
    [undefined],
    [true],
    ['text with "quotes", \u0000 and 𝕌'],
    [[1, -0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, 2 ** 53]],
    [-(2n ** 100n)],
    [{ a: { b: [{}] }, 'k\n': undefined, n: ['n', 'b'] }],
    [
      new Map<unknown, unknown>([
        [{ a: 1 }, [2]],
        ['x', new Set([1n])],
      ]),
    ],
    [new Date(1e12)],
    [new Date(Number.NaN)],
    [[Uint8Array.of(1, 2, 3), Float64Array.of(Math.PI, -0, Number.NaN), new BigInt64Array(3), new Int16Array(0)]],
    [new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4)],
    [Uint8Array.of(9, 8).buffer],
  ])('%o comes back', (value) => {
    const bytes = encode(value);
    expect(decode(bytes)).toEqual(value);
    expect(decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))).toEqual(value);
    expect(Object.is((decode(encode([-0])) as number[])[0], -0)).toBe(true);
  });

  test('an ArrayBuffer of a Buffer, whose slice() makes no copy, has its own bytes', () => {
    const bytes = encode(Uint8Array.of(9, 8).buffer);
    for (const given of [bytes, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)])
      expect([...new Uint8Array(decode(given) as ArrayBuffer)]).toEqual([9, 8]);
  });

  test('errors keep their tags and names', () => {
    const ours = decode(encode(new EwaldError('Shape', 'wrong length')));
    expect(ours).toBeInstanceOf(EwaldError);
    expect(ours).toMatchObject({ tag: 'Shape', message: 'wrong length' });
    expect(decode(encode(new TypeError('other')))).toMatchObject({ name: 'TypeError', message: 'other' });
  });

  test('a key __proto__ is an ordinary key', () => {
    const value = JSON.parse('{"__proto__":{"polluted":true}}');
    const back = decode(encode(value)) as object;
    expect(Object.keys(back)).toEqual(['__proto__']);
    expect((back as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each([
    [() => 1, 'a function'],
    [Symbol('x'), 'a symbol'],
    [circle, 'containing a cycle'],
    [new (class Thing {})(), 'a Thing'],
    [new WeakMap(), 'a WeakMap'],
  ])('%s is refused', (value, words) => {
    expect(() => encode(value)).toThrow(words);
  });

  test('arrays are views of the bytes if these are aligned, and correct copies otherwise', () => {
    const bytes = encode(Float64Array.of(1, 2, 3));
    expect((decode(bytes) as Float64Array).buffer).toBe(bytes.buffer);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decode(shifted.subarray(3))).toEqual(Float64Array.of(1, 2, 3));
    // A Buffer's slice() does not copy, and sockets return Buffers at any offset.
    expect(decode(Buffer.from(shifted.buffer, 3))).toEqual(Float64Array.of(1, 2, 3));
  });

  test('arrays that share bytes, or leave some out, are refused: a few bytes cannot become much memory', () => {
    const written = (json: string, size: number): Uint8Array => {
      const text = new TextEncoder().encode(json.padEnd(60));
      const bytes = new Uint8Array(64 + size);
      new DataView(bytes.buffer).setUint32(0, text.byteLength, true);
      bytes.set(text, 4);
      return bytes;
    };
    expect(decode(written('["a",["t","ArrayBuffer",0,8],["t","ArrayBuffer",8,8]]', 16))).toHaveLength(2);
    for (const json of [
      '["a",["t","ArrayBuffer",0,8],["t","ArrayBuffer",0,8]]',
      '["a",["t","ArrayBuffer",8,8],["t","ArrayBuffer",0,8]]',
      '["t","ArrayBuffer",8,8]',
    ])
      expect(() => decode(written(json, 16))).toThrow('an array is misplaced');
  });

  test('bytes that are truncated anywhere, or changed in any byte of the text, are refused or give a value', () => {
    const bytes = encode({ a: [Float32Array.of(1, 2), new Map([[1n, 'x']])], b: new Date(3) });
    for (let length = 0; length < bytes.length - 8; length++)
      expect(() => decode(bytes.slice(0, length))).toThrow(EwaldError);
    for (let i = 0; i < bytes.length; i++) {
      for (const flip of [1, 2, 16, 128]) {
        const changed = bytes.slice();
        changed[i] = (changed[i] ?? 0) ^ flip;
        try {
          decode(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(EwaldError);
        }
      }
    }
  });
});
