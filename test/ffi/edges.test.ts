// Where the two languages differ in what an argument is: how long an array is, where a struct is, which members it has.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IndirectMemory2D } from '../../src/entries/memory.js';
import { absent, type Kit, openEdges, thrown } from './support.js';

const refusal = (work: () => unknown): string => {
  const error = thrown(work);
  return `${error.tag}: ${error.message}`;
};

const outcome = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

for (const backend of ['native', 'wasm'] as const) {
  const missing = backend === 'native' ? absent('gcc', 'koffi') : absent('emcc');
  describe.skipIf(missing)(`${backend}${missing ? ` (absent: ${missing})` : ''}`, () => {
    let edges: Kit;
    beforeAll(async () => {
      edges = await openEdges(backend);
    });
    afterAll(() => edges.dispose());

    test('small integers of every value reach C as a store to their type does, or are refused', () => {
      const kinds: Record<string, [array: { of(value: number): ArrayLike<number> }, low: number, high: number]> = {
        // Plain char takes what either sign holds.
        char: [Int8Array, -128, 255],
        schar: [Int8Array, -128, 127],
        uchar: [Uint8Array, 0, 255],
        short: [Int16Array, -(2 ** 15), 2 ** 15 - 1],
        ushort: [Uint16Array, 0, 2 ** 16 - 1],
        int: [Int32Array, -(2 ** 31), 2 ** 31 - 1],
        uint: [Uint32Array, 0, 2 ** 32 - 1],
        bool: [Uint8Array, 0, 1],
        small: [Int32Array, -(2 ** 31), 2 ** 31 - 1],
        positive: [Uint32Array, 0, 2 ** 32 - 1],
      };
      const near = [0, 7, 8, 15, 16, 31, 32].flatMap((bits) => [-1, 0, 1].map((step) => 2 ** bits + step));
      const wrong: unknown[] = [];
      const values = [200, ...near].flatMap((value) => [value, -value]);
      for (const [kind, [array, low, high]] of Object.entries(kinds))
        for (const value of values) {
          const fits = value >= low && value <= high;
          const wanted = fits ? BigInt(array.of(value)[0] as number) : 'Argument';
          const found = [
            () => edges[`edges_take_${kind}`](value),
            () => edges[`edges_call_${kind}`](() => value),
            () => edges[`edges_by_value_${kind}`]({ v: value }),
          ].map((work) => {
            const result = outcome(work);
            return result instanceof Error ? (result as { tag?: string }).tag : result;
          });
          // One assertion, which costs more than many calls.
          if (found.some((one) => one !== wanted)) wrong.push([kind, value, ...found]);
        }
      expect(wrong).toEqual([]);
    });

    test('an array of arrays has as many numbers as its rows and columns say', () => {
      const cases: [name: string, sizes: number[], needed: number][] = [
        ['edges_vla', [3, 4], 12],
        ['edges_fixed', [], 12],
        ['edges_rows', [3], 12],
        ['edges_product', [2, 3], 6],
        ['edges_sum', [3], 8],
        ['edges_pointer', [4], 4],
        ['edges_cube', [2, 3], 12],
        ['edges_open', [1], 4],
      ];
      for (const [name, sizes, needed] of cases) {
        const call = (array: unknown): unknown => edges[name](...sizes, array);
        const enough = edges.alloc('double', needed);
        call(enough);
        expect([name, enough.at(-1)]).toEqual([name, 7]);
        enough.dispose();
        const short = edges.alloc('double', needed - 1);
        const marked = edges.inout(new Float64Array(needed - 1));
        for (const array of [new Float64Array(needed - 1), short, marked])
          expect(refusal(() => call(array))).toMatch(
            new RegExp(`^Shape: ${name}.* has ${needed - 1} elements; expected at least ${needed}`),
          );
        short.dispose();
      }
      const rows = edges.alloc('double[4]', 2);
      expect(refusal(() => edges.edges_fixed(rows))).toMatch(/has 8 elements; expected at least 12 \(3 rows of 4\)/);
      expect(refusal(() => edges.edges_vla(3, 3, rows))).toMatch(/at least 9 \(n \* m is 9\)/);
      rows.dispose();
    });

    test('a list of rows for numbers that follow each other is refused with how to pass them', () => {
      for (const rows of [
        [
          [1, 2],
          [3, 4],
        ],
        [Float64Array.of(1, 2), Float64Array.of(3, 4)],
      ])
        expect(refusal(() => edges.edges_vla(2, 2, rows))).toMatch(/has 2 elements; .*: pass rows\.flat\(\)/);
      expect(refusal(() => edges.edges_vla(2, 2, [1, 2]))).not.toMatch(/flat/);
    });

    test('an object is no struct with elements behind it, unless a number of it says that there are none', async () => {
      const source = `struct fl { int n, flags; double v[]; }; struct few { int n; int v[]; };
        long long edges_take_int(const struct fl *p); long long edges_take_uint(struct fl *p);
        long long edges_by_value_int(struct few p);`;
      const other = await openEdges(backend, { header: { source } });
      // What the message names can be written.
      const refusedWith =
        /^Argument: .* cannot have the elements of double v\[\] behind it; .*pointer\('struct fl', memory\), whose write\(\)/;
      for (const name of ['edges_take_int', 'edges_take_uint']) {
        for (const value of [{ n: 5 }, { n: 2, v: [1, 2] }, { n: 0, v: [1] }, { n: 5, flags: 1 }, [{ n: 1 }]])
          expect(refusal(() => other[name](value))).toMatch(refusedWith);
        for (const value of [{ n: 0 }, { n: 0, flags: 1 }, {}, new Uint8Array(24), null]) other[name](value);
      }
      expect(other.edges_by_value_int({ n: 7 })).toBe(7n);
      other.dispose();
    });

    test('elements behind a struct are written to memory that has room for them, and nowhere else', () => {
      const points = [1, 2, 3].map((x) => ({ x, y: x + 1 }));
      const sums: Record<number, number> = { 0: 0, 1: 2, 3: 20 };
      for (const count of [0, 1, 3])
        for (const room of [0, 1, 2, 3]) {
          const memory = edges.alloc('char', 16 + 16 * room);
          const tail = edges.pointer('edges_tail', memory);
          const value = { key: 5, n: count, v: points.slice(0, count) };
          for (const target of [tail, tail.array(1)]) {
            const write = (given: unknown): unknown => (target === tail ? tail.write(given) : target.copyFrom([given]));
            if (count > room) {
              expect(refusal(() => write(value))).toMatch(
                new RegExp(
                  `^Shape: element 0 has ${count} elements of edges_point v\\[\\] behind it.* room for ${room}; write it to more: ` +
                    `pointer\\('edges_tail', alloc\\('char', ${16 + 16 * count}\\)\\)$`,
                ),
              );
              continue;
            }
            write(value);
            expect(edges.edges_tail_sum(tail)).toBe(5 + (sums[count] as number));
            // What is behind stays where it is not given.
            write({ key: 6, n: count });
            expect(edges.edges_tail_sum(tail)).toBe(6 + (sums[count] as number));
          }
          memory.dispose();
        }
      const lone = edges.alloc('edges_tail', 2);
      for (const [i, value] of [{ n: 1 }, { n: 1, v: [points[0]] }, { v: points }].entries())
        expect(refusal(() => lone.set(i % 2, value))).toMatch(/^Shape: element .* room for 0; write it to more/);
      lone.copyFrom([{ n: 0, key: 4 }, { key: 3 }]);
      expect(edges.edges_tail_sum(lone)).toBe(4);
      lone.dispose();
      const label = edges.ref('edges_label', { n: 2, text: 'ab' });
      expect(edges.edges_label_end(label)).toBe(98 + 1000);
      for (const text of ['abcdef', 'äöü', [1, 2, 3, 4, 5, 6, 7]])
        expect(refusal(() => label.set(0, { n: 6, text }))).toMatch(
          /^Shape: .* has 7 elements of char text\[\] .* room for 6/,
        );
      label.dispose();
    });

    test('what stands for the only element of an array is one element, and bytes are as many structs as they hold', () => {
      for (const one of [{ x: 1, y: 2 }, [{ x: 1, y: 2 }], new Uint8Array(31)])
        expect(refusal(() => edges.edges_points(one))).toMatch(/^Shape: .* has 1 elements; expected at least 2/);
      expect(refusal(() => edges.edges_scale(5))).toMatch(/has 1 elements; expected at least 2/);
      expect(edges.edges_points([{ x: 1 }, { y: 2 }])).toBe(3);
    });

    test('an object stands for a struct by the members that it has, its own and those of its class', () => {
      class Polar {
        #x: number;
        y = 2;
        constructor(x: number) {
          this.#x = x;
        }
        get x(): number {
          return this.#x;
        }
        set x(x: number) {
          this.#x = x;
        }
      }
      class Fixed {
        get x(): number {
          return 3;
        }
      }
      const hidden = Object.defineProperty({ y: 1 }, 'x', { value: 4 });
      const inMemory = (p: unknown): number => {
        const point = edges.alloc('edges_point');
        try {
          return edges.edges_point_sum(point.copyFrom([p])) - 1;
        } finally {
          point.dispose();
        }
      };
      for (const call of [edges.edges_value, inMemory]) {
        expect(call(new Polar(5))).toBe(7);
        expect(call(Object.create({ x: 5, y: 7 }))).toBe(12);
        expect(call(new Fixed())).toBe(3);
        expect(call(hidden)).toBe(5);
        for (const one of [
          new Map([['x', 5]]),
          new Date(),
          /x/,
          new Error('x'),
          new Set([1]),
          Promise.resolve({ x: 1, y: 2 }),
          new (class {})(),
          [1, 2],
          new Float64Array(2),
          edges.callback('int (*)(int)', (n: number) => n),
        ])
          expect(refusal(() => call(one))).toMatch(
            /^Argument: .* is (?:an? )?\S.*; expected an object with the fields x, y/,
          );
        expect(refusal(() => call(Promise.resolve({})))).toMatch(/await the promise/);
        for (const nothing of [undefined, null])
          expect(refusal(() => call({ x: 1, y: nothing }))).toMatch(/\.y is (?:undefined|null); double needs a number/);
      }
      expect(refusal(() => edges.edges_point_sum(new Map()))).toMatch(
        /is a Map; expected an object with the fields x, y/,
      );
      const moved = new Polar(5);
      expect(edges.edges_point_sum(moved)).toBe(8);
      expect(moved.x).toBe(6);
      expect(refusal(() => edges.edges_point_sum(new Fixed()))).toMatch(/^Argument: C changed x of .*no setter/);
      expect(refusal(() => edges.edges_point_sum(Object.freeze({ x: 1, y: 2 })))).toMatch(/C changed x of .*frozen/);
      expect(edges.edges_point_sum(edges.in(Object.freeze({ x: 1, y: 2 })))).toBe(4);
    });

    test('what C writes to a text in a list or an object comes back', () => {
      const texts: (string | null)[] = ['ab', null, 'été'];
      edges.edges_upper(texts, 3);
      expect(texts).toEqual(['AB', null, 'éTé']);
      const named = { name: 'abc', n: 1 };
      edges.edges_upper_name(named);
      expect(named).toEqual({ name: 'ABC', n: 2 });
      edges.edges_upper_shown(named);
      expect(named).toEqual({ name: 'ABC', n: 2 });
      const shown = { name: 'xyz', n: 1 };
      edges.edges_upper_shown(shown);
      expect(shown).toEqual({ name: 'XYZ', n: 1 });
      edges.edges_upper_shown(Object.freeze({ name: 'A' }));
      expect(refusal(() => edges.edges_upper_shown(Object.freeze({ name: 'a' })))).toMatch(/C changed name of/);
      expect(refusal(() => edges.edges_upper(Object.freeze(['a']), 1))).toMatch(/C changed 0 of/);
    });

    test('what is aligned to more than a double is at such an address', async () => {
      const vec = () => ({ v: [1, 2, 3, 4] });
      const kept: { dispose(): void }[] = [];
      for (let n = 1; n < 12; n++) {
        expect(edges.edges_misaligned(Array.from({ length: n }, vec), n)).toBe(0);
        const array = edges.alloc('edges_vec', n).copyFrom(Array.from({ length: n }, vec));
        kept.push(array);
        expect(edges.edges_misaligned(array, n)).toBe(0);
        const one = edges.ref('edges_vec', vec());
        kept.push(one);
        expect(edges.edges_misaligned(one, 1)).toBe(0);
        const numbers = Float64Array.from({ length: n + 4 }, (_, i) => i - n);
        numbers.set([1, 2, 3, 4], n);
        expect(edges.edges_doubled(numbers.subarray(n), 4)).toBe(0);
        expect([...numbers.subarray(n)]).toEqual([2, 4, 6, 8]);
        expect(edges.edges_doubled([1, 2, 3, 4], 4)).toBe(0);
      }
      expect(await edges.edges_misaligned.async([vec(), vec()], 2)).toBe(0);
      if (backend === 'wasm') expect(edges.edges_misaligned_value({ v: vec() })).toBe(0);
      const some = kept.flatMap((array) => [array, edges.alloc('double', 5)]);
      const doubles = edges.alloc('double', 16);
      const off = [1, 2, 3].map((i) =>
        edges.pointer('edges_double', doubles.address + (backend === 'wasm' ? i * 8 : BigInt(i * 8))),
      );
      expect(
        off.filter((pointer) => /multiple of 32/.test(String(outcome(() => edges.edges_doubled(pointer, 4))))).length,
      ).toBeGreaterThan(1);
      for (const one of [...some, doubles]) one.dispose();
    });

    test('a text that a callback returns can be read until the call ends', () => {
      const before = edges.liveBytes;
      expect(edges.edges_read_text((i: number) => `text${i}`, 12)).toBe(6);
      expect(edges.edges_read_text(() => 'é', 0)).toBe(2);
      expect(edges.edges_read_text(() => null, 0)).toBe(-1);
      expect(
        edges.edges_read_text((i: number) => `${edges.edges_read_text(() => 'inner', 0)}${'x'.repeat(i)}`, 3),
      ).toBe(4);
      expect(refusal(() => edges.edges_read_text(() => 'a\0b', 0))).toMatch(/NUL/);
      // What tests before have left may be collected meanwhile.
      expect(edges.liveBytes).toBeLessThanOrEqual(before);
      const kept = edges.edges_keep_text(() => 'kept');
      expect(kept.as('char').text()).toBe('kept');
    });

    test('a function of JavaScript cannot return complex or wide numbers by value, and is refused by that', async () => {
      for (const type of ['float _Complex', 'double _Complex', 'long double', '__int128']) {
        const source = `long long edges_call_char(${type} (*f)(int)); long long edges_take_int(${type} (*f)(int));`;
        const other = await openEdges(backend, { header: { source } });
        const words = `Unsupported: a callback ${type} (int) that returns ${type} by value is not supported`;
        for (const refused of [
          () => other.callback(`${type} (*)(int)`, () => ({ re: 1, im: 2 })),
          () => other.edges_call_char(() => ({ re: 1, im: 2 })),
        ])
          expect(refusal(refused)).toContain(words);
        expect(other.edges_take_int(null)).toBe(0n);
        other.dispose();
      }
    });

    test('a struct by value may have members that JavaScript uses itself', () => {
      const odd = JSON.parse('{ "__proto__": 3, "b": 4 }');
      expect(edges.edges_odd_sum(odd)).toBe(34);
      expect(Object.entries(edges.edges_odd_twice(odd))).toEqual([
        ['__proto__', 6],
        ['b', 8],
      ]);
    });

    test('every pointer to what has ended is refused, until C gives its address out again', async () => {
      const other = backend === 'native' ? await openEdges(backend) : undefined;
      for (let round = 0; round < 4; round++) {
        const ctx = edges.edges_ctx_new(5);
        const list = [null];
        edges.edges_ctx_out(ctx, list);
        const memory = edges.alloc('edges_ctx *', 1);
        edges.edges_ctx_out(ctx, memory);
        const holder = edges.edges_ctx_hold(ctx);
        const same = [edges.edges_ctx_self(ctx), list[0], memory.at(0), ctx];
        if (other) same.push(other.pointer('edges_ctx', ctx.address));
        for (const one of same) expect(edges.edges_ctx_value(one)).toBe(5);
        expect(edges.edges_holder_value(holder)).toBe(5);
        const [last] = [same[round] as { dispose(): void }];
        if (round === 3) edges.edges_ctx_free(last);
        else last.dispose();
        for (const one of [...same, memory.at(0)]) {
          expect(refusal(() => edges.edges_ctx_value(one))).toMatch(/^Disposed: this .*edges_ctx \* was given to/);
          expect(refusal(() => edges.edges_ctx_free(one))).toMatch(/^Disposed/);
        }
        expect(refusal(() => edges.edges_holder_value(holder))).toMatch(/^Disposed/);
        expect(refusal(() => edges.edges_ctx_value(memory.at(0)))).toMatch(/^Disposed/);
        const again = edges.edges_ctx_new(7);
        expect(edges.edges_ctx_value(again)).toBe(7);
        expect(refusal(() => edges.edges_ctx_value(same[0]))).toMatch(/^Disposed/);
        expect(edges.edges_ctx_value(memory.at(0))).toBe(7);
        edges.edges_ctx_out(again, memory);
        expect(edges.edges_ctx_value(memory.at(0))).toBe(7);
        again.dispose();
        memory.dispose();
      }
      other?.dispose();
    });

    test('what an end returns at the same address has not ended', async () => {
      const moving = await openEdges(backend, { ends: { edges_ctx_next: 'c' } });
      let ctx = moving.edges_ctx_new(1);
      for (let i = 0; i < 3; i++) {
        const before = ctx;
        ctx = moving.edges_ctx_next(before);
        expect(refusal(() => moving.edges_ctx_value(before))).toMatch(/^Disposed/);
        expect(moving.edges_ctx_value(ctx)).toBe(i + 2);
      }
      ctx.dispose();
      moving.dispose();
    });

    test('a memory of rows keeps them, and knows how long they are', () => {
      const table = edges.alloc('double *', 1);
      const row = edges.alloc('double', 2).copyFrom([1, 2]);
      table.set(0, row);
      expect(refusal(() => IndirectMemory2D.fromPointer(table, 1, 3))).toMatch(
        /^Shape: less columns than expected: row 0 has 2 vs. 3/,
      );
      const memory = IndirectMemory2D.fromPointer(table, 1, 2);
      expect(refusal(() => row.dispose())).toMatch(/locked: 1 memories/);
      expect(memory.toArray()).toEqual([[1, 2]]);
      memory.dispose();
      row.dispose();
      table.dispose();
    });

    test('a row that C stores from an argument lives as long as the memory of rows', () => {
      const memory = IndirectMemory2D.create(2, 1, 'd', { memory: edges.memory });
      edges.edges_rows_of(memory, new Float64Array([7, 8]), 2);
      const others = Array.from({ length: 8 }, () => edges.alloc('double', 2).copyFrom([55, 66]));
      expect(memory.toArray()).toEqual([[7], [8]]);
      memory.set(0, 0, 99);
      expect(others.map((array) => array.at(0))).toEqual(others.map(() => 55));
      edges.edges_rows_of(memory, others[0], 2);
      expect(memory.toArray()).toEqual([[55], [66]]);
      expect(refusal(() => others[0]?.dispose())).toMatch(/locked: 2 memories/);
      memory.dispose();
      for (const array of others) array.dispose();
    });

    test.runIf(backend === 'wasm')('addresses above 2 GiB of a heap are those of C', { tags: 'all' }, async () => {
      const high = await openEdges(backend);
      for (let i = 0; i < 130; i++) high.edges_take(16 * 2 ** 20);
      const point = high.edges_high(3, 4);
      expect(point.address).toBeGreaterThan(2 ** 31);
      expect(point.read()).toEqual({ x: 3, y: 4 });
      expect(high.edges_point_sum(point)).toBe(8);
      expect(point.as('double', 2).toArray()).toEqual([4, 4]);
      expect(high.edges_high_text()).toBe('high');
      const seen: unknown[] = [];
      high.edges_give_high((given: { read(): unknown }) => seen.push(given.read()));
      expect(seen).toEqual([{ x: 1, y: 2 }]);
      const array = high.alloc('edges_point', 2).copyFrom([{ x: 1 }, { y: 5 }]);
      expect(array.address).toBeGreaterThan(2 ** 31);
      expect(high.edges_points(array)).toBe(6);
      expect(high.edges_vla(1, 2, new Float64Array(2))).toBe(undefined);
      high.dispose();
    });
  });
}
