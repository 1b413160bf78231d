// How long things live: whatever points into an argument keeps it, for all shapes of arguments and all ways in which C
// gives a pointer back. The collector is forced, and freed memory is written over.
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CArray, getLibHandle, type Pointer } from '../../src/entries/ffi.node.js';
import { IndirectMemory2D } from '../../src/entries/memory.js';
import { absent, type Kit, openKeeps, thrown } from './support.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

for (const backend of ['native', 'wasm'] as const) {
  const why = backend === 'native' ? absent('gcc', 'koffi') : absent('emcc');
  describe.skipIf(why)(`${backend}${why ? ` (absent: ${why})` : ''}`, () => {
    let lib: Kit;
    beforeAll(async () => {
      lib = await openKeeps(backend);
    });
    afterAll(() => lib.dispose());

    /** Collects what nobody holds, and writes over what was freed. */
    const collect = async (): Promise<void> => {
      for (let round = 0; round < 3; round++) {
        gc();
        await new Promise((done) => setImmediate(done));
      }
      const filled = Array.from({ length: 400 }, () => new Uint8Array(64).fill(81));
      const inHeap = [8, 16, 24, 40, 64, 96].flatMap((size) =>
        Array.from({ length: 20 }, () => {
          const array = lib.alloc('char', size) as CArray<number>;
          for (let i = 0; i < size; i++) array.set(i, 81);
          return array;
        }),
      );
      expect(filled.length).toBe(400);
      for (const array of inHeap) array.dispose();
    };

    test('pointers that nobody holds keep nothing in the heap', async () => {
      const room = (): number => lib.alloc('char', 1).use((view) => (view as Uint8Array).buffer.byteLength);
      const row = new Float64Array(125_000);
      lib.keeps_row([row], 0);
      const before = room();
      for (let i = 1; i <= 60; i++) {
        lib.keeps_row([row], 0);
        if (i % 6 > 0) continue;
        for (let round = 0; round < 3; round++) {
          gc();
          await new Promise((done) => setImmediate(done));
        }
      }
      // Of 60 copies of a megabyte, those of two rounds may be there.
      expect(room() - before).toBeLessThan(20e6);
    });

    /** Texts as arguments; each is made anew, so that nobody else holds it. */
    const texts: Record<string, (text: string) => unknown> = {
      text: (text) => text,
      'typed array': (text) => bytes(text),
      'part of an array': (text) => bytes(`--${text}`).subarray(2),
      buffer: (text) => bytes(text).buffer,
      numbers: (text) => [...bytes(text)],
      'memory of alloc()': (text) => {
        const array = lib.alloc('char', 40);
        for (const [i, byte] of bytes(text).entries()) array.set(i, byte);
        return array;
      },
      pointer: (text) => lib.keeps_find(text, text.charCodeAt(0)),
      'kept text': (text) => lib.keep(text, {}),
    };
    const arrays: Record<string, (values: number[]) => unknown> = {
      'typed array': (values) => Float64Array.from(values),
      'part of an array': (values) => Float64Array.from([0, ...values, 0]).subarray(1, 4),
      numbers: (values) => [...values],
      'memory of alloc()': (values) => lib.alloc('double', 3).copyFrom(values),
      pointer: (values) => lib.keeps_row([Float64Array.from(values)], 0),
    };
    /** What C gives back, each as a function that reads it later. */
    const entries: [string, () => () => unknown, unknown][] = [
      ...Object.entries(texts).flatMap(([shape, make]): [string, () => () => unknown, unknown][] => [
        [`a pointer that is returned into ${shape}`, () => reader(lib.keeps_find(make('hello world'), 119)), 'world'],
        [
          `the end of a number, [null], in ${shape}`,
          () => {
            const end = [null];
            expect(lib.keeps_number(make('12 apples'), end)).toBe(12);
            return reader(end[0]);
          },
          ' apples',
        ],
        [
          `the end of a number, ref(), in ${shape}`,
          () => {
            const end = lib.ref('char *');
            lib.keeps_number(make('12 apples'), end);
            return () => end.at(0).text();
          },
          ' apples',
        ],
        [
          `a text of a table, ${shape}`,
          () => reader(lib.keeps_longest([make('one'), make('three')].map(asEntry), 2)),
          'three',
        ],
      ]),
      ...Object.entries(arrays).flatMap(([shape, make]): [string, () => () => unknown, unknown][] => [
        [`an element of ${shape}`, () => reader(lib.keeps_most(make([1, 3, 2]), 3)), 3],
        [
          `an element that a callback received, of ${shape}`,
          () => {
            const seen: Pointer[] = [];
            lib.keeps_visit(make([1, 3, 2]), 3, (value: Pointer) => seen.push(value));
            return () => seen.map((value) => value.read()).sort();
          },
          [1, 2, 3],
        ],
        [
          `members that C set, to elements of ${shape}`,
          () => {
            const span: Record<string, Pointer> = {};
            lib.keeps_extent(make([1, 3, 2]), 3, span);
            return () => [span.first?.read(), span.last?.read()].sort();
          },
          [1, 2],
        ],
      ]),
      [
        'members of memory of alloc()',
        () => {
          const span = lib.alloc('struct keeps_span');
          lib.keeps_extent(Float64Array.of(1, 3, 2), 3, span);
          return () => [span.at(0).first.read(), span.at(0).last.read()];
        },
        [1, 2],
      ],
      ['the struct itself', () => reader(lib.keeps_same({ count: 5 }), 'count'), 5],
      ['a text of a struct', () => reader(lib.keeps_same({ count: 5, name: 'named' }), 'name'), 'named'],
      [
        'a row',
        () =>
          reader(
            lib.keeps_row(
              [
                [1, 2],
                [3, 4],
              ],
              1,
            ),
          ),
        3,
      ],
      ['a typed row', () => reader(lib.keeps_row([Float64Array.of(1), Float64Array.of(3)], 1)), 3],
      [
        'what a search found',
        () => {
          const found = lib.keeps_search(
            Float64Array.of(2),
            Float64Array.of(1, 2, 3),
            3,
            8,
            (a: Pointer, b: Pointer) => {
              const [x, y] = [a, b].map(({ address }) => lib.pointer('double', address)?.read() as number);
              return (x as number) - (y as number);
            },
          );
          return () => lib.pointer('double', found.address).read();
        },
        2,
      ],
      [
        'a pointer in memory of alloc()',
        () => {
          const table = lib.alloc('char *', 2);
          table.set(1, asEntry(texts['memory of alloc()']?.('inside')));
          return () => table.at(1).text();
        },
        'inside',
      ],
      [
        'memory of alloc() that is cast',
        () => {
          const cast = lib.pointer('struct keeps_open', lib.alloc('double', 2).copyFrom([7, 0]));
          return () => cast.read().value;
        },
        7,
      ],
      ['a struct of an array', () => reader(lib.keeps_first(lib.alloc('double[2]', 1).copyFrom([[5, 6]]))), 5],
      [
        'an array at a pointer',
        () => {
          const array = lib.keeps_most(Float64Array.of(3, 2, 1), 3).array(3);
          return () => array.toArray();
        },
        [3, 2, 1],
      ],
    ];
    /** The form in which a table of texts takes an argument. */
    const asEntry = (value: unknown): unknown =>
      value instanceof Uint8Array || value instanceof ArrayBuffer || Array.isArray(value) ? 'three' : value;
    const reader = (pointer: unknown, member?: string) => () => {
      const to = pointer as Pointer;
      if (member === undefined)
        return to.type.kind === 'scalar' && to.typeText.includes('char') ? to.text() : to.read();
      const value = (to.read() as Record<string, unknown>)[member];
      return typeof value === 'object' && value !== null ? (value as Pointer).text() : value;
    };

    test('what points into an argument keeps it', async () => {
      const later = entries.map(([name, make, expected]) => [name, make(), expected] as const);
      await collect();
      expect(Object.fromEntries(later.map(([name, read]) => [name, read()]))).toEqual(
        Object.fromEntries(later.map(([name, , expected]) => [name, expected])),
      );
    });

    test('a row of a memory is kept, or refused where it was copied for the call', async () => {
      const row = (): Pointer => lib.keeps_row(IndirectMemory2D.fromRows([Float64Array.of(1), Float64Array.of(3)]), 1);
      const shared = row();
      const own = lib.keeps_row(ownRows(), 1);
      await collect();
      if (backend === 'native') expect(shared.read()).toBe(3);
      else
        expect(thrown(() => shared.read())).toMatchObject({
          tag: 'Disposed',
          message: expect.stringMatching(
            /leads into keeps_row\(\): argument 1 \(rows\), which was copied for the call/,
          ),
        });
      expect(own.read()).toBe(4);
    });
    const ownRows = (): unknown => {
      const rows = IndirectMemory2D.create(2, 1, 'd', { memory: lib.memory });
      rows.set(1, 0, 4);
      return rows;
    };

    test('what C keeps lives as long as its owner', async () => {
      const store = lib.keeps_store_new();
      await collect();
      const before = lib.liveBytes;
      for (const [i, text] of ['zero', 'one'].entries())
        expect(lib.keeps_store_bind(store, i, lib.keep(text, store), null)).toBe(0);
      const { KEEPS_TRANSIENT, KEEPS_STATIC } = lib.table.constants;
      expect([KEEPS_TRANSIENT.value, KEEPS_STATIC.value]).toEqual([-1, 0]);
      expect(lib.keeps_store_bind(store, 2, 'two', KEEPS_TRANSIENT.value)).toBe(1);
      await collect();
      expect([0, 1, 2].map((i) => lib.keeps_store_text(store, i))).toEqual(['zero', 'one', 'two']);
      store.dispose();
      expect(lib.liveBytes).toBe(before);
      expect(lib.keeps_live()).toBe(0);
    });

    test('memory that was collected is not counted as live', async () => {
      await collect();
      const before = lib.liveBytes;
      const kept = lib.alloc('double', 10);
      (() => {
        for (let i = 0; i < 50; i++) lib.alloc('double', 1000);
      })();
      expect(lib.liveBytes - before).toBeGreaterThanOrEqual(400_080);
      await collect();
      expect(lib.liveBytes - before).toBe(80);
      kept.dispose();
      expect(lib.liveBytes).toBe(before);
    });

    test('a handle keeps what its functions are given, where that is said', async () => {
      const handles = { keeps_store: { free: 'keeps_store_close', keeps: { keeps_store_bind: 'text' } } };
      const other = await openKeeps(backend, { header: lib.table, handles });
      const store = other.keeps_store_new();
      await collect();
      const before = other.liveBytes;
      const texts = ['zero', 'one', 'two', 'three'];
      for (const [i, text] of texts.entries()) other.keeps_store_bind(store, i, text, null);
      await collect();
      expect(texts.map((_, i) => other.keeps_store_text(store, i))).toEqual(texts);
      store.dispose();
      expect(other.liveBytes).toBe(before);
      other.dispose();
      for (const [keeps, message] of [
        [{ keeps_store_bound: 1 }, /did you mean "keeps_store_bind"/],
        [{ keeps_store_bind: 5 }, /has 4 parameters/],
        [{ keeps_store_bind: 'txt' }, /no parameter "txt"/],
        [{ keeps_find: 1 }, /takes no keeps_store/],
      ] as const)
        await expect(openKeeps(backend, { header: lib.table, handles: { keeps_store: { keeps } } })).rejects.toThrow(
          message,
        );
    });

    test('a pointer into memory that has ended is refused, and so is a change of a copy', () => {
      const array = lib.alloc('double', 3).copyFrom([1, 3, 2]);
      const most = lib.keeps_most(array, 3) as Pointer;
      most.write(5);
      expect(array.at(1)).toBe(5);
      const view = most.array(1);
      array.dispose();
      expect(thrown(() => most.read()).tag).toBe('Disposed');
      expect(thrown(() => view.at(0)).tag).toBe('Disposed');
      const values = [1, 3, 2];
      const span: Record<string, Pointer> = {};
      lib.keeps_extent(values, 3, span);
      expect(span.last?.read()).toBe(2);
      // C only reads these values: what is changed is the pointer's own.
      span.last?.write(9);
      expect([span.last?.read(), values[2]]).toEqual([9, 2]);
      const found = lib.keeps_find_in([104, 105, 0], 105) as Pointer;
      expect(found.text()).toBe('i');
      expect(thrown(() => found.write(1)).message).toMatch(/copy of keeps_find_in\(\): argument 1 \(text\)/);
      if (backend !== 'native') return;
      const moved = Float64Array.of(1, 2);
      const inside = lib.keeps_most(moved, 2);
      structuredClone(moved.buffer, { transfer: [moved.buffer] });
      expect(thrown(() => inside.read()).message).toMatch(/whose buffer was transferred or resized/);
    });

    test('a change of a copy is refused, whichever way leads to it', async () => {
      const ways: [string, (pointer: Pointer) => unknown][] = [
        ['write', (pointer) => pointer.write(9)],
        ['as().write', (pointer) => pointer.as('double').write(9)],
        ['as().as().write', (pointer) => pointer.as('void').as('double').write(9, 1)],
        ['as(n).set', (pointer) => pointer.as('double', 2).set(0, 9)],
        ['as(n).copyFrom', (pointer) => pointer.as('double', 2).copyFrom([9])],
        ['as().array().set', (pointer) => pointer.as('double').array(2).set(1, 9)],
        ['array().use', (pointer) => pointer.array(2).use((view) => void view.fill(9 as never))],
        ['as(n).use', (pointer) => pointer.as('double', 2).use((view) => void view.fill(9 as never))],
        [
          'async use',
          (pointer) =>
            pointer.array(2).use(async (view) => {
              await null;
              view.fill(9 as never);
            }),
        ],
      ];
      for (const [shape, make] of [
        ['typed array', () => Float64Array.of(1, 2)],
        ['list', () => [1, 2]],
      ] as const)
        for (const [way, write] of ways) {
          const given = make();
          let said = 'no error';
          try {
            await write(lib.keeps_first(given));
          } catch (error) {
            said = /copy of keeps_first\(\): argument 1/.exec(String(error))?.[0] ?? String(error);
          }
          const isInPlace = backend === 'native' && shape === 'typed array';
          expect([shape, way, said]).toEqual([shape, way, isInPlace ? 'no error' : expect.stringMatching(/^copy of/)]);
          expect([shape, way, given.includes(9)]).toEqual([shape, way, isInPlace]);
        }
      const pointer = lib.keeps_first([1, 2]) as Pointer;
      expect(pointer.as('double', 2).use((view) => view.join())).toBe('1,2');
      await collect();
      expect(pointer.as('double', 2).toArray()).toEqual([1, 2]);
      const array = lib.alloc('double', 2);
      const filling = array.use(async (view) => {
        await null;
        view.fill(7 as never);
      });
      expect(thrown(() => array.dispose()).code).toBe('LOCKED');
      await filling;
      expect(array.toArray()).toEqual([7, 7]);
      array.dispose();
    });

    test('what a callback writes through a pointer into an argument arrives there', () => {
      for (const given of [Float64Array.of(1, 2, 3), [1, 2, 3]]) {
        const seen: Pointer[] = [];
        lib.keeps_change(given, 3, (value: Pointer) => {
          const i = seen.push(value);
          if (i === 1) value.write(7);
          else if (i === 2) value.as('double', 1).set(0, 8);
          else value.array(1).use((view) => void view.fill(9 as never));
        });
        expect([...given]).toEqual([7, 8, 9]);
        const change = (): void => seen[0]?.write(1);
        if (backend === 'native' && given instanceof Float64Array) change();
        else expect(thrown(change).message).toMatch(/copy of keeps_change/);
      }
    });

    test('what is written into memory of C is held by the pointer, and refused once it ended', async () => {
      const table = lib.keeps_rows_new(2);
      const row = (value: number): unknown => lib.alloc('double', 1).copyFrom([value]);
      table.write(row(5));
      table.write(row(6), 1);
      await collect();
      expect([0, 1].map((i) => lib.keeps_row(table, i).read())).toEqual([5, 6]);
      const [own, first] = [lib.alloc('double *', 2), lib.alloc('double', 1)];
      own.set(0, first);
      expect(lib.keeps_row(own, 0)).not.toBeNull();
      first.dispose();
      expect(thrown(() => lib.keeps_row(own, 0)).message).toMatch(/this array of double was disposed/);
      own.set(0, null);
      expect(lib.keeps_row(own, 0)).toBeNull();
      own.dispose();
    });

    test('a number stands for a pointer only if the header casts it to one', () => {
      const store = lib.keeps_store_new();
      expect(lib.keeps_store_bind(store, 0, 'text', -1)).toBe(1);
      for (const other of [1, 2n, -2, 1.5])
        expect(thrown(() => lib.keeps_store_bind(store, 0, 'text', other)).message).toMatch(
          /needs a function, a callback/,
        );
      expect(thrown(() => lib.keeps_call_with(1, -1)).message).toMatch(/needs a function/);
      lib.keeps_store_close(store);
    });
  });
}

const sqlite = absent('koffi') ?? (existsSync('/usr/include/sqlite3.h') ? undefined : 'no sqlite3.h');
test.skipIf(sqlite)('SQLite stores the texts that it was given, by each of the ways', { tags: 'all' }, async () => {
  for (const way of ['keep', 'keeps', 'transient']) {
    const handles = way === 'keeps' ? { sqlite3_stmt: { keeps: { sqlite3_bind_text: 3 } } } : {};
    // biome-ignore lint/suspicious/noExplicitAny: only the header has the types
    const q = (await getLibHandle({ header: 'sqlite3.h', library: 'sqlite3', skipUnsupported: true, handles })) as any;
    const [db, statement, count]: [unknown[], unknown[], unknown[]] = [[null], [null], [null]];
    q.sqlite3_open(':memory:', db);
    q.sqlite3_exec(db[0], 'create table t(a text)', null, null, null);
    q.sqlite3_prepare_v2(db[0], 'insert into t values(?)', -1, statement, null);
    const [insert] = statement as [object];
    for (let i = 0; i < 500; i++) {
      const text = `row number ${i}`;
      const given = way === 'keep' ? q.keep(text, insert) : text;
      const mark = way === 'transient' ? q.table.constants.SQLITE_TRANSIENT.value : null;
      q.sqlite3_bind_text(insert, 1, given, -1, mark);
      if (i % 250 === 0) gc();
      new Uint8Array(64).fill(81);
      q.sqlite3_step(insert);
      q.sqlite3_reset(insert);
    }
    expect(q.sqlite3_close(db[0])).toBe(q.table.constants.SQLITE_BUSY.value);
    q.sqlite3_finalize(insert);
    q.sqlite3_prepare_v2(db[0], "select count(*) from t where a = 'row number '||(rowid-1)", -1, count, null);
    q.sqlite3_step(count[0]);
    expect([way, q.sqlite3_column_int(count[0], 0)]).toEqual([way, 500]);
    (count[0] as { dispose(): void }).dispose();
    expect(q.sqlite3_close(db[0])).toBe(0);
    expect(thrown(() => q.sqlite3_close(db[0])).tag).toBe('Disposed');
    q.dispose();
  }
});
