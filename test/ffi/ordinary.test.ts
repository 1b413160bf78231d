// Ordinary C, as headers have it: complex numbers, unions and wide numbers by value and in memory, words beyond 2^53,
// void pointers, structs with functions. The same sources as a shared library (gcc) and as a wasm module (emcc).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getLibHandle, nativeMemory, writeModule } from '../../src/entries/ffi.node.js';
import { IndirectMemory2D } from '../../src/entries/memory.js';
import { absent, buildOrdinary, buildOrdinaryWasm, fixtures, type Kit, rejected, thrown } from './support.js';

const targets = [
  { backend: 'native' as const, absent: absent('gcc', 'koffi'), build: buildOrdinary },
  { backend: 'wasm' as const, absent: absent('emcc'), build: buildOrdinaryWasm },
];

for (const { backend, absent: why, build } of targets) {
  describe.skipIf(why)(`${backend}${why ? ` (absent: ${why})` : ''}`, () => {
    let o: Kit;
    const open = (): Promise<Kit> =>
      getLibHandle({ header: 'ordinary.h', includeDir: fixtures, library: 'ordinary', buildDir: build(), backend });
    beforeAll(async () => {
      o = await open();
    });
    afterAll(() => o.dispose());

    test('complex numbers are objects of re and im by value, and pairs of numbers in typed arrays', () => {
      expect(o.o_multiply({ re: 1, im: 2 }, [3, -1])).toEqual({ re: 5, im: 5 });
      expect(o.o_multiply(2, { re: 0.5, im: 3 })).toEqual({ re: 1, im: 6 });
      expect(o.o_conjugate({ re: 1, im: 2 })).toEqual({ re: 1, im: -2 });
      // The last one has no registers left on x86-64.
      expect(o.o_late(1, 2, 3, 4, 5, 6, 7, { re: 1, im: 9 })).toEqual({ re: 29, im: 9 });
      const array = Float64Array.of(1, 2, 3, 4);
      o.o_scale(array, 2, { re: 0, im: 1 });
      expect([...array]).toEqual([-2, 1, -4, 3]);
      const list = [{ re: 1, im: 2 }];
      o.o_scale(list, 1, 2);
      expect(list).toEqual([{ re: 2, im: 4 }]);
      expect(o.o_sum({ re: 4, im: 5 }, 1)).toEqual({ re: 4, im: 5 });
      const values = o.alloc('complex128', 2);
      values.set(1, { re: 7, im: 8 });
      expect([o.o_sum(values, 2), [...values.toTypedArray()]]).toEqual([{ re: 7, im: 8 }, [0, 0, 7, 8]]);
      values.dispose();
      // Headers that do not ask for complex.h have two numbers for one (fftw_complex).
      const pairs = o.alloc('double[2]', 2);
      pairs.use((view: Float64Array) => view.set([1, 2, 3, 4]));
      expect([[...pairs.toTypedArray()], pairs.at(1)]).toEqual([
        [1, 2, 3, 4],
        [3, 4],
      ]);
      pairs.dispose();
    });

    test.each<[unknown, RegExp]>([
      [[1, 2], /a list of numbers could be either/],
      [Float64Array.of(1, 2, 3), /^o_sum\(\): argument 1 \(values\) has 3 numbers; .* needs two for each element/],
      [Float32Array.of(1, 2), /is a Float32Array; const double _Complex \* needs a Float64Array/],
      [[{ re: 1 }], /\(values\)\[0\] is an? .*; expected a complex number: \{ re, im \}, \[re, im\] or a number/],
    ])('complex numbers are not guessed (%#)', (values, said) => {
      expect(thrown(() => o.o_sum(values, 1)).message).toMatch(said);
    });

    test('rows of complex numbers are typed arrays, or lists of re and im', () => {
      const typed = [Float64Array.of(1, 2), Float64Array.of(3, 4)];
      o.o_scale_rows(typed, 2, 1, { re: 0, im: 1 });
      expect(typed.map((row) => [...row])).toEqual([
        [-2, 1],
        [-4, 3],
      ]);
      const rows = [[{ re: 1, im: 2 }, 3], [[4, 5], { re: 6, im: 7 }], null].slice(0, 2);
      expect(thrown(() => o.o_scale_rows(rows, 2, 2, 2)).message).toMatch(/a list of numbers could be either/);
      const lists = [[{ re: 1, im: 2 }, [4, 5]]];
      o.o_scale_rows(lists, 1, 2, 2);
      expect(lists).toEqual([
        [
          { re: 2, im: 4 },
          { re: 8, im: 10 },
        ],
      ]);
      expect(thrown(() => o.o_scale_rows([Float64Array.of(1)], 1, 1, 2)).message).toMatch(/has 1 numbers/);
      expect(thrown(() => o.o_scale_rows([Float32Array.of(1, 2)], 1, 1, 2)).message).toMatch(/needs a Float64Array/);
      expect(thrown(() => o.o_scale_rows(new Float64Array(2), 1, 1, 2)).message).toMatch(/rows such as \[\[\{ re: 1/);
    });

    test('rows of char are bytes of any kind', () => {
      const bytes = [65, 0, 0, 0, 66, 0, 0, 0];
      for (const array of [Int8Array, Uint8Array, Uint8ClampedArray])
        expect(o.o_first(array.from(bytes) as Int8Array, 2)).toBe(66);
    });

    test('a table that a NULL ends may be empty', () => {
      expect([[], [null], ['a', 'b']].map((texts) => o.o_texts(texts))).toEqual([0, 0, 2]);
      expect(thrown(() => o.o_scale_rows([], 2, 1, 2)).message).toMatch(/a table that its NULL ends is \[null\]/);
    });

    test('a member that points to numbers takes an array for the call', () => {
      const data = Float64Array.of(1, 2, 3);
      const series = { n: 3, data, weights: [2, 1, 0.5] };
      expect(o.o_series_add_up(series)).toBe(5.5);
      expect(o.o_series_add_up([{ n: 1, data: [4] }])).toBe(4);
      o.o_series_scale(series, 2);
      expect([series.data === data, [...data], series.weights]).toEqual([true, [2, 4, 6], [2, 1, 0.5]]);
      const list = { n: 2, data: [1, 2] };
      o.o_series_scale(list, 10);
      expect(list).toMatchObject({ n: 2, data: [10, 20], weights: null });
      expect(thrown(() => o.o_series_add_up({ n: 1, data: Float32Array.of(1) })).message).toMatch(
        /\(series\)\.data is a Float32Array; double \* needs a Float64Array/,
      );
      const kept = o.alloc('struct o_series');
      expect(thrown(() => kept.set(0, series)).message).toMatch(/data is a Float64Array; .* memory from alloc\(\)/);
      kept.set(0, { n: 3, data: o.keep(data, kept) });
      expect(o.o_series_add_up(kept)).toBe(12);
      kept.dispose();
    });

    test('texts, functions and arrays are elements of members, too', () => {
      const twice = (x: number): number => 2 * x;
      const rows = [{ row: [5] }, { row: Float64Array.of(6) }];
      const table = { names: ['a', 'bb', null], texts: ['text', 'none'], calls: [twice, null], rows };
      expect(o.o_table_add_up(table, 4)).toBe(1 + 2 + 100 + 8 + 1000 + 5 + 6);
      expect(table).toEqual({
        names: ['a', 'bb', null],
        texts: ['Xext', null],
        calls: [twice, null],
        rows: [{ row: [5] }, { row: Float64Array.of(6) }],
      });
      expect(thrown(() => o.o_table_add_up({ ...table, names: ['a', 5, null] }, 4)).message).toMatch(/names\[1\] is 5/);
    });

    test('one number is an array of one element, and of no more', () => {
      expect([o.o_doubled(4), o.o_add_up(5, 1), o.o_add_up(5, 0), o.o_add_up([5, 6], 2)]).toEqual([8, 5, 0, 11]);
      expect(thrown(() => o.o_add_up(5, 3))).toMatchObject({
        tag: 'Shape',
        message: expect.stringMatching(/is one number, and argument 2 \(n\) is 3, .* pass an array, \[5\]/),
      });
    });

    test('unions and structs of every kind are passed and returned by value', () => {
      expect(o.o_number({ real: 1.5 })).toBe(0x3fc00000);
      expect(o.o_number_of(-1)).toMatchObject({ whole: -1 });
      expect(o.o_wide({ real: 1.5 }, 1)).toBe(0x3ff8000000000001n);
      // A signalling NaN, and the number whose bits are all set, stay as they are.
      for (const whole of [0x7ff0000000000001n, -1n]) expect(o.o_wide({ whole }, 0)).toBe(whole);
      expect(o.o_wide_of(-0)).toEqual({ real: -0, whole: -(2n ** 63n) });
      expect(o.o_long({ values: [1, 2, 3] })).toBe(321);
      expect(o.o_long_of(4, 5, 6)).toMatchObject({ values: [4, 5, 6] });
      expect(o.o_floats({ two: [1, 2] })).toBe(21);
      expect(o.o_floats_of(3, 4)).toEqual({ alone: 3, two: [3, 4] });
      expect([o.o_alone({ real: 2.5 }), o.o_alone_of(3)]).toEqual([2.5, { real: 3 }]);
      expect(o.o_bits({ a: 5, b: -3, c: 7n })).toBe(6975n);
      expect(o.o_bits_of(6, -9, -12n)).toEqual({ a: 6, b: -9, c: -12n });
      expect(o.o_tagged(1, { tag: 2, value: { real: 0.5 } }, 4)).toBe(7.5);
      expect(o.o_tagged_of(8, 1.25)).toMatchObject({ tag: 8, value: { real: 1.25 } });
      expect([o.o_single({ x: 0.25 }), o.o_single_of(3)]).toEqual([0.25, { x: 3 }]);
      expect(o.o_swap({ x: 1, y: 2 })).toEqual({ x: 2, y: 1 });
      expect(o.o_turn({ x: 1, y: 2, z: 3 })).toEqual({ x: 2, y: 3, z: 1 });
      expect(o.o_nested({ in: { s: 5 } })).toEqual({ in: { s: -5 } });
      const odd = o.o_odd({ c: [1, 2, 3, 4, -128] });
      expect(odd).toMatchObject({ c: '\x02\x03\x04\x05�' });
      // A copy of the object has the bytes as well.
      expect(o.o_odd({ ...odd })).toMatchObject({ c: '\x03\x04\x05\x06�' });
    });

    test('members that are structs or unions are where C has them, by value', () => {
      expect(o.o_in1({ c: 1, s: { b: -2, f: 3.5 } })).toEqual({ c: 2, s: { b: -1, f: 4.5 } });
      expect(o.o_in2({ m: { m: { x: 1, y: 2, z: 3 } }, c: 4 })).toEqual({ m: { m: { x: 2, y: 3, z: 4 } }, c: 5 });
      expect(o.o_in3({ n: [1, 2, 3], f: { id: 5, on: true, kind: 6 } })).toEqual({
        n: [2, 3, 4],
        f: { id: 6, on: false, kind: 7 },
      });
      expect(o.o_in4({ w: 1.5, u: { i: 9, k: 8 } })).toMatchObject({ w: 2.5, u: { i: 10, k: 9 } });
      expect(o.o_in5({ c: 1, u: { s: [2, 3, 4] }, d: 5 })).toMatchObject({ c: 2, u: { s: [3, 4, 5] }, d: 6 });
    });

    test('long double and 128-bit integers are read and written in memory', () => {
      const s = { before: 1, value: 0.1, after: 2 };
      o.o_extend(s, 2);
      expect(s).toEqual({ before: 2, value: 0.2, after: 1 });
      expect(o.o_narrow([1.5, 2.25, 2 ** -1074], 3)).toBe(3.75);
      expect(o.o_narrow([Number.NaN], 1)).toBeNaN();
      for (const value of [Number.POSITIVE_INFINITY, Number.MAX_VALUE, Number.MIN_VALUE, -0, 0.1])
        expect(o.o_narrow([value], 1)).toBe(value + 0);
      const thirds = [0, 0];
      o.o_thirds(thirds, 2);
      expect(thirds).toEqual([1 / 3, 2 / 3]);
      // A number that is not changed keeps the digits that JavaScript does not have.
      const [record, third] = [o.alloc('struct o_extended'), o.alloc('long double')];
      o.o_thirds(third, 1);
      const bytes = new Uint8Array(record.span().view().buffer, record.span().view().byteOffset, record.byteLength);
      const at = o.table.structs.o_extended.fields[1].offset;
      const view = third.span().view();
      bytes.set(new Uint8Array(view.buffer, view.byteOffset, 16), at);
      const value = record.at(0);
      value.before = 5;
      record.set(0, value);
      expect([o.o_is_third(record), record.at(0).before]).toEqual([1, 5]);
      record.dispose();
      third.dispose();
      const wide = [-(2n ** 62n)];
      o.o_square(wide);
      expect(wide).toEqual([2n ** 124n]);
      expect(thrown(() => o.o_square([2n ** 127n])).message).toMatch(/\(value\)\[0\] is .*n; expected a bigint/);
    });

    test('long double by value passes on wasm, and is refused by name for native libraries', () => {
      if (backend === 'wasm')
        expect([0.7, -0, 1e308].map((x) => o.o_twice(x))).toEqual([1.4, -0, Number.POSITIVE_INFINITY]);
      else
        expect(thrown(() => o.o_twice(1))).toMatchObject({
          tag: 'Unsupported',
          message: expect.stringMatching(
            /^long double o_twice\(long double value\) passes long double by value, which/,
          ),
        });
    });

    test('structs of vectors, or aligned to more than calls have, are right or refused by name', () => {
      const vector = thrown(() => o.o_vector_sum(1, { x: [2, 3, 4, 5] }));
      if (backend === 'wasm') {
        expect(vector).toMatchObject({ tag: 'Load', message: expect.stringContaining('float o_vector_sum(') });
        expect(o.o_aligned_sum(1, { x: 2, y: 3 })).toBe(321);
        return;
      }
      const aligned = thrown(() => o.o_aligned_sum(1, { x: 2, y: 3 }));
      expect([vector.tag, aligned.tag]).toEqual(['Unsupported', 'Unsupported']);
      expect(vector.message).toMatch(
        /^o_v4 is passed by value, but it is a type that calls of native libraries do not/,
      );
      expect(aligned.message).toMatch(/^struct o_aligned is passed by value, but it is aligned to 16 bytes/);
    });

    test('a type that the table does not have is refused with the header that has it', () => {
      expect(thrown(() => o.alloc('regex_t')).message).toMatch(/unknown type name "regex_t"; .* open that header/);
    });

    test('a word beyond 2^53 comes as a bigint, and is taken as one', () => {
      const code = o.o_error(5);
      expect(code).toBe(backend === 'wasm' ? 2 ** 32 - 5 : 2n ** 64n - 5n);
      expect([o.o_is_error(code), o.o_is_error(5)]).toEqual([1, 0]);
      expect(o.o_lowest()).toBe(backend === 'wasm' ? -(2 ** 31) : -(2n ** 63n));
      const note = /Returns a bigint beyond 2\^53\.\s+\* C: `size_t o_error/.test(writeModule(o.table));
      expect(note).toBe(backend === 'native');
    });

    test('a char is a number or a character; numbers for a text end with a zero', () => {
      expect([o.o_transposed('T'), o.o_transposed('N'), o.o_transposed(84)]).toEqual([1, 0, 1]);
      for (const wrong of ['TT', '', 'é'])
        expect(thrown(() => o.o_transposed(wrong)).message).toMatch(
          /\(trans\) is ".*"; char needs a number, or one char/,
        );
      expect(o.o_length([65, 66])).toBe(2);
      expect(o.o_length(Uint8Array.of(65, 0, 66))).toBe(1);
      expect(thrown(() => o.o_length(Uint8Array.of(65, 66)))).toMatchObject({
        tag: 'Shape',
        message: expect.stringMatching(/^o_length\(\): argument 1 \(text\) has bytes without a zero at their end/),
      });
    });

    test('a list of texts ends with a NULL, as argv does', () => {
      const texts = Array.from({ length: 60 }, (_, i) => `text ${i}`);
      expect(texts.map((_, i) => o.o_count(texts.slice(i)))).toEqual(texts.map((_, i) => 60 - i));
      expect(o.o_count(['a', null, 'b'])).toBe(1);
    });

    test('an index in brackets of what C has is refused with the methods that read it', () => {
      const values = o.alloc('float64', 2) as unknown as Record<number, unknown> & { dispose(): void };
      expect(thrown(() => values[0]).message).toMatch(/^\[0\] is no member of this array of C; at\(i\) reads/);
      expect(
        thrown(() => {
          values[1] = 3;
        }).message,
      ).toMatch(/set\(i, value\)/);
      expect([(values as { then?: unknown }).then, '0' in values]).toEqual([undefined, false]);
      values.dispose();
      const memory = IndirectMemory2D.fromRows([Float64Array.of(1, 2), Float64Array.of(3, 4)]);
      const [row, view] = [memory.row(1), memory.view()] as unknown as Record<number, unknown>[];
      for (const [thing, words] of [
        [memory, /this memory; row\(i\)/],
        [row, /this row; at\(j\)/],
        [view, /this view; at\(i, j\)/],
      ] as const)
        expect(thrown(() => (thing as unknown as Record<number, unknown>)[0]).message).toMatch(words);
    });

    test('a void pointer is read as what the caller says, and ends with its casts', () => {
      const memory = o.o_numbers(3);
      expect(thrown(() => memory.read()).message).toMatch(
        /void has no size here; say what is there: pointer\.as\('double'\)/,
      );
      expect([...memory.as('float64', 3)]).toEqual([0.5, 1.5, 2.5]);
      const numbers = memory.as('double');
      expect(numbers.read(2)).toBe(2.5);
      o.free(numbers);
      for (const ended of [memory, numbers])
        expect(thrown(() => ended.as('double', 1)).message).toMatch(/was given to free\(\); create a new one/);
      expect(thrown(() => o.free(Uint8Array.of(1))).message).toMatch(/free\(\) needs a pointer that C returned/);
      const data = o.ref('double', 2.5);
      const visit = (of: { as(type: string): { read(): number } }, i: number): number => of.as('double').read() * 2 + i;
      expect(o.o_visit(visit, data, 2)).toBe(11);
      data.dispose();
    });

    test('pointers reach another library where both have one memory', async () => {
      const other = await open();
      const memory = o.o_numbers(1);
      if (backend === 'native') {
        expect(other.o_same(memory).as('double').read()).toBe(0.5);
        other.free(memory);
        expect(memory.freed).toBe(true);
      } else {
        expect(thrown(() => other.o_same(memory)).message).toMatch(/belongs to the library ordinary, not to ordinary/);
        o.free(memory);
      }
      // What C writes into an array of another memory reaches it.
      const values = o.alloc('double', 6).copyFrom([1, 2, 3, 4, 5, 6]);
      other.o_scale(values.length === 6 ? values : null, 3, 2);
      expect(values.toArray()).toEqual([2, 4, 6, 8, 10, 12]);
      values.dispose();
      other.dispose();
    });

    test('pointers and arrays have a text, in JSON as well', () => {
      const memory = o.o_numbers(2);
      const address = `void * 0x${memory.address.toString(16)}`;
      expect([String(memory), JSON.stringify({ memory })]).toEqual([address, `{"memory":"${address}"}`]);
      expect(JSON.stringify(memory.as('double', 2))).toBe('[0.5,1.5]');
      o.free(memory);
      expect(JSON.stringify([memory])).toBe('["void * (freed)"]');
      const big = o.alloc('int64_t', 1);
      expect(JSON.stringify({ big })).toBe('{"big":["0"]}');
      big.dispose();
      const callback = o.callback('int (*)(void)', () => 0);
      expect(JSON.parse(JSON.stringify({ callback })).callback).toBe(`callback 0x${callback.address.toString(16)}`);
      callback.dispose();
    });

    test('members of structs take functions for the time of the call', () => {
      const call = (x: number): number => 2 * x;
      const f = { call, data: null };
      expect(o.o_apply(f, 4)).toBe(8);
      const values = Float64Array.of(1, 2);
      o.o_apply_to(f, values, 2);
      expect([...values]).toEqual([2, 4]);
      // The object still has the function, although C could have changed it.
      expect(f.call).toBe(call);
      // One of C stays what it is.
      const half = { call: o.o_half, data: null };
      o.o_apply_to(half, values, 2);
      expect([...values, half.call]).toEqual([1, 2, o.o_half]);
      const kept = o.callback('double (*)(double, void *)', (x: number) => x + 1);
      expect(o.o_apply({ call: kept, data: null }, 4)).toBe(5);
      kept.dispose();
      const failing = (): never => {
        throw new Error('no number');
      };
      expect(thrown(() => o.o_apply({ call: failing, data: null }, 1)).message).toBe('no number');
    });

    test('a macro that is the name of a function is a name of it', () => {
      expect(o.o_renamed(1)).toBe(3);
      expect(o.o_norm([1, 2, 2])).toBe(3);
    });

    test('structs by value do not go off the main thread on wasm', async () => {
      if (backend === 'native') expect(await o.o_number_of.async(3)).toMatchObject({ whole: 3 });
      else
        expect((await rejected(o.o_number_of.async(3))).message).toMatch(
          /^o_number_of\.async\(\) passes .*o_number by value/,
        );
      if (backend === 'native') expect(await o.o_multiply.async(2, [1, 1])).toEqual({ re: 2, im: 2 });
    });
  });
}

const noKoffi = absent('koffi');
test.skipIf(noKoffi)(
  `a memory that is not awaited is refused in words${noKoffi ? ` (absent: ${noKoffi})` : ''}`,
  async () => {
    const memory = nativeMemory() as never;
    for (const use of [
      () => IndirectMemory2D.create(1, 1, 'd', { memory }),
      () => IndirectMemory2D.fromRows([Float64Array.of(1)], { memory }),
      () => IndirectMemory2D.viewRows(Float64Array.of(1), { memory }),
      () => IndirectMemory2D.create(1, 1, 'd').stage(memory),
    ])
      expect(thrown(use).message).toMatch(/the memory is a Promise; wait for it: \{ memory: await nativeMemory\(\) \}/);
    expect(IndirectMemory2D.create(1, 1, 'd', { memory: await memory }).shape).toEqual([1, 1]);
  },
);

test.skipIf(absent('gcc', 'koffi'))(
  'arguments after "..." are checked as their type, and promoted as C does',
  async () => {
    const c = await getLibHandle<Kit>({
      header: { source: 'int snprintf(char *text, unsigned long size, const char *format, ...);' },
      library: 'c',
    });
    const print = (format: string, ...values: [string, unknown][]): string => {
      const text = new Uint8Array(100);
      const length = c.snprintf(text, 100, format, ...values);
      return new TextDecoder().decode(text.subarray(0, length));
    };
    expect(print('%d%d', ['_Bool', true], ['bool', 0])).toBe('10');
    expect(print('%c', ['char', 'N'])).toBe('N');
    expect(print('%.10f', ['float', 0.1])).toBe('0.1000000015');
    expect(thrown(() => print('%d', ['unsigned char', 300])).message).toMatch(/unsigned char needs .*0 to 255/);
    c.dispose();
  },
);
