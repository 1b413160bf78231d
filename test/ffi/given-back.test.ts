// What C gives back and what it may do with it: variables, functions, elements behind structs, views, the time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEnds, type Pointer, parseHeader } from '../../src/entries/ffi.node.js';
import { absent, type Kit, openEdges, thrown } from './support.js';

const refusal = (work: () => unknown): string => {
  const error = thrown(work);
  return `${error.tag}: ${error.message}`;
};

for (const backend of ['native', 'wasm'] as const) {
  const missing = backend === 'native' ? absent('gcc', 'koffi') : absent('emcc');
  describe.skipIf(missing)(`${backend}${missing ? ` (absent: ${missing})` : ''}`, () => {
    let edges: Kit;
    beforeAll(async () => {
      edges = await openEdges(backend);
    });
    afterAll(() => edges.dispose());

    test('C has the time, and waits', async () => {
      const now = (): number => performance.timeOrigin + performance.now();
      const calls: ((clock: number) => Promise<number>)[] = [
        async (clock) => edges.edges_time(clock),
        (clock) => edges.edges_time.async(clock),
      ];
      for (const call of calls) {
        const [before, time, after] = [now(), (await call(0)) * 1000, now()];
        // The two clocks are rounded differently, and the one of the system may be corrected.
        expect([time > before - 100, time < after + 100]).toEqual([true, true]);
        expect(await call(1)).toBeLessThanOrEqual(await call(1));
      }
      for (const sleep of [edges.edges_sleep, edges.edges_sleep.async]) {
        const before = performance.now();
        expect(await sleep(2000)).toBe(0);
        expect(performance.now() - before).toBeGreaterThan(1.9);
      }
    });

    test('a variable is no memory to free, and has no elements beyond its own', () => {
      const numbers = edges.variable('edges_numbers');
      expect([numbers.read(3), numbers.array(4).toArray()]).toEqual([4, [1, 2, 3, 4]]);
      for (const work of [
        () => numbers.read(4),
        () => numbers.read(-1),
        () => numbers.write(1, 4),
        () => numbers.as('short').read(8),
        () => numbers.array(5),
        () => edges.variable('edges_origin').as('double', 3),
      ])
        expect(refusal(work)).toMatch(
          /^Argument: element -?\d+ is outside of the variable "edges_\w+", .*it has 0 to \d$/,
        );
      expect(numbers.as('short').read(7)).toBe(0);
      expect(edges.variable('edges_letters').text()).toBe('abc');
      for (const work of [
        () => edges.edges_free(numbers),
        () => edges.free(numbers),
        () => edges.owned(numbers, { length: 4 }),
      ])
        expect(refusal(work)).toMatch(/is given a pointer into the variable "edges_numbers", which C did not allocate/);
      expect(edges.variable('edges_origin').read()).toEqual({ x: 5, y: 6 });
    });

    test('a variable is set in C, or not at all', () => {
      expect(refusal(() => Object.assign(edges, { edges_origin: { x: 1, y: 2 } }))).toMatch(
        /^Argument: edges_origin is a variable of C: variable\('edges_origin'\)\.write\(value\)/,
      );
      Object.assign(edges, { counted: 1 });
      expect(edges.counted).toBe(1);
      edges.counted++;
      expect(edges.counted).toBe(2);
      const set = (): unknown => Object.assign(edges, { edges_fixed: () => 1 });
      expect(refusal(set)).toMatch(/^Argument: edges_fixed is a function of C, .*; give yours another name/);
      expect(typeof edges.edges_fixed).toBe('function');
      expect(set).toThrow(TypeError);
      edges.variable('edges_origin').write({ x: 5, y: 6 });
    });

    test('a pointer into an argument has no elements beyond it', () => {
      const array = edges.alloc('double', 2).copyFrom([1, 2]);
      const pointer = edges.pointer('double', array);
      expect(pointer.read(1)).toBe(2);
      expect(refusal(() => pointer.read(2))).toMatch(/^Argument: element 2 is outside of an array of double/);
      expect(edges.pointer('double', pointer.array(1)).read(1)).toBe(2);
      array.dispose();
    });

    test('functions that C returns, in a struct or in an argument, are called as those of the library', () => {
      const { sum, scaled } = edges.edges_ops_of();
      const out = edges.alloc('edges_of_array', 1);
      edges.edges_ops_out(out);
      const list: unknown[] = [null];
      edges.edges_ops_out(list);
      for (const pointer of [sum, out.at(0), list[0]]) {
        const call = edges.callable(pointer);
        expect([call(Float64Array.of(1, 2, 4), 3), call([1, 2], 2)]).toEqual([7, 3]);
        expect(refusal(() => call([1, 2]))).toMatch(/^Argument: \(\*\)\(\) got 1 argument; expected 2/);
        expect(refusal(() => call([1, 2], 2, 3))).toMatch(/got 3 arguments; expected 2/);
        expect(refusal(() => call(['x'], 1))).toMatch(/^Argument: /);
      }
      expect(edges.callable(scaled)({ x: 1, y: 2 }, 3)).toEqual({ x: 3, y: 6 });
      expect(edges.callable(edges.edges_named_op())('häuser')).toBe('äuser');
      expect(refusal(() => edges.callable(edges.edges_any_op()))).toMatch(/^Unsupported: .* takes varargs/);
      expect(refusal(() => sum.read())).toMatch(/callable\(pointer\)/);
      for (const wrong of [edges.variable('edges_numbers'), null, 3, () => 1])
        expect(refusal(() => edges.callable(wrong))).toMatch(
          /^Argument: callable\(\) is given .*; it needs a pointer to/,
        );
      out.dispose();
    });

    test('a callback that returns nothing where C wants a pointer is refused; null is NULL', () => {
      expect(edges.edges_text_length(() => 'four')).toBe(4);
      expect(edges.edges_text_length(() => null)).toBe(-1);
      expect(refusal(() => edges.edges_text_length(() => {}))).toMatch(
        /^Argument: what the callback returned is undefined; const char \* needs null, /,
      );
    });

    test('a struct with elements behind it is read with a pointer to them, and written as it was read', () => {
      const tail = edges.edges_tail_new(3);
      for (const read of [() => tail.read(), () => tail.array(1).at(0)]) {
        const value = read();
        expect(value).toMatchObject({ key: 5, n: 3 });
        expect(value.v.array(value.n).toArray()).toEqual([0, 1, 2].map((i) => ({ x: i, y: 10 * i })));
      }
      tail.write({ ...tail.read(), key: 7 });
      tail.array(1).set(0, { ...tail.read(), key: 8 });
      expect(edges.edges_tail_sum(tail)).toBe(8 + 50);
      const other = edges.edges_tail_new(1);
      expect(refusal(() => tail.write(other.read()))).toMatch(
        /^Argument: .*whose elements are behind the struct; give them/,
      );
      expect(refusal(() => edges.edges_tail_sum(tail.read()))).toMatch(/cannot have the elements/);
      for (const one of [tail, other]) edges.edges_tail_free(one);
    });

    test('a view that was kept is empty once its array is disposed', () => {
      const array = edges.alloc('double', 2).copyFrom([1, 2]);
      const kept = array.use((view: Float64Array) => view);
      expect([...kept]).toEqual([1, 2]);
      const next = edges.alloc('double', 2);
      array.dispose();
      next.copyFrom([3, 4]);
      expect(kept.length).toBe(0);
      expect(next.toArray()).toEqual([3, 4]);
      next.dispose();
    });

    test('a struct by value may have texts, arrays and functions, which live until the call ends', async () => {
      const given = {
        name: 'häß',
        written: 'text',
        v: [1, 2],
        doubled: Float64Array.of(3, 4),
        n: 2,
        f: (x: number) => 10 * x,
      };
      expect(edges.edges_given_sum(given)).toBe(5 + 20 + 3);
      expect([given.written, [...given.doubled]]).toEqual(['Wext', [6, 8]]);
      expect(edges.edges_given_sum({ ...given, name: '', written: null, f: null })).toBe(3);
      if (backend === 'native') expect(await edges.edges_given_sum.async({ ...given, doubled: [1, 1] })).toBe(28);
      const fail = (): never => {
        throw new RangeError('of JavaScript');
      };
      expect(() => edges.edges_given_sum({ ...given, f: fail })).toThrow(RangeError);
      expect(refusal(() => edges.edges_given_sum({ ...given, name: 3 }))).toMatch(
        /^Argument: .*\.name is 3; const char \*/,
      );
    });

    test('an array of arrays is its numbers in one list, too', () => {
      const flat = [
        [1, 2, 3],
        [4, 5, 6],
      ].flat();
      expect(edges.edges_flat(flat)).toBe(91);
      expect(flat).toEqual([1, 2, 3, 4, 5, 9]);
      expect(refusal(() => edges.edges_flat([1, 2, 3, 4, 5]))).toMatch(
        /^Shape: .* has 5 elements; expected at least 6/,
      );
      expect(refusal(() => edges.edges_flat([1, 2, 3, 4, 5, '6']))).toMatch(/^Argument: .*\[5\] is "6"/);
    });

    test('what a callback writes to an argument is seen by C, or the call is an error', () => {
      const said = /^Argument: JavaScript changed edges_call_\w+\(\): argument 2 \(\w\) while C worked on a copy of it/;
      const through = (pointer: Pointer): void => pointer.write(9);
      const list = [1, 2, Number.NaN];
      edges.edges_call_with(through, list, 3);
      expect(list).toEqual([9, 2, Number.NaN]);
      const write = (): void => {
        list[1] = 7;
      };
      expect(refusal(() => edges.edges_call_with(write, list, 3))).toMatch(said);
      expect(list).toEqual([9, 7, Number.NaN]);
      const fail = (): void => {
        write();
        list[0] = 3;
        throw new RangeError('too far');
      };
      expect(() => edges.edges_call_with(fail, list, 3)).toThrow(RangeError);
      const point = { x: 1, y: 2 };
      edges.edges_call_object(() => {}, point);
      expect(point).toEqual({ x: 2, y: 2 });
      const move = (): void => {
        point.y = 5;
      };
      expect(refusal(() => edges.edges_call_object(move, point))).toMatch(said);
      // What is made anew for each reader has not changed.
      let reads = 0;
      const made = {
        x: 1,
        get y() {
          return reads++;
        },
        set y(_value) {},
      };
      edges.edges_call_object(() => {}, made);
      expect(made.x).toBe(2);
    });

    test('what a callback writes to what is in a struct is seen by C, or the call is an error', () => {
      const table = {
        n: 1,
        at: [
          { x: 1, y: 2 },
          { x: 3, y: 4 },
        ],
      };
      edges.edges_call_table(() => {}, table);
      expect(table).toEqual({
        n: 2,
        at: [
          { x: 1, y: 2 },
          { x: 3, y: 4 },
        ],
      });
      const write = (): void => {
        (table.at[1] as { x: number }).x = 7;
      };
      expect(refusal(() => edges.edges_call_table(write, table))).toMatch(
        /^Argument: JavaScript changed edges_call_table/,
      );
    });

    test('what a callback adds behind the end of a list is nothing to C', () => {
      const points = [{ x: 1, y: 2 }];
      edges.edges_call_object(() => points.push({ x: 7, y: 8 }), points);
      expect(points).toEqual([
        { x: 2, y: 2 },
        { x: 7, y: 8 },
      ]);
      const rows = [[1], [2]];
      const more = (): void => {
        rows.push([3], [4]);
      };
      edges.edges_call_rows(more, rows, 2);
      expect(rows).toEqual([[2], [1], [3], [4]]);
    });

    test('a list that is written beside an asynchronous call is an error of the call, unless C only reads it', async () => {
      const list = [1, 2, 3, 4, 5, 6];
      const work = edges.edges_flat.async(list);
      list[0] = 5;
      await expect(work).rejects.toThrow(/JavaScript changed edges_flat\(\): argument 1/);
      const letters = [97, 98, 0];
      const read = edges.edges_sum_of.async(letters, 3);
      letters[0] = 5;
      expect(await read).toBe(195);
    });

    test('what a function frees and sets to NULL has ended', () => {
      for (const give of [(one: unknown) => [one], (one: unknown) => edges.ref('edges_ctx *', one)]) {
        const ctx = edges.edges_ctx_new(4);
        const same = edges.edges_ctx_self(ctx);
        const list = give(ctx);
        edges.edges_ctx_destroy(list);
        expect([...list]).toEqual([null]);
        for (const one of [ctx, same])
          expect(refusal(() => edges.edges_ctx_value(one))).toMatch(/^Disposed: .* was given to edges_ctx_destroy\(\)/);
      }
    });
  });
}

test('other names of ends are those of transactions, of types behind the verb, and of what frees any memory', () => {
  const { disposers, endings } = findEnds(
    parseHeader(`
      struct addrinfo { int family; }; void freeaddrinfo(struct addrinfo *); struct ifaddrs { int flags; };
      void freeifaddrs(struct ifaddrs *); typedef struct MDB_txn MDB_txn; int mdb_txn_commit(MDB_txn *);
      void mdb_txn_abort(MDB_txn *); void mdb_txn_reset(MDB_txn *); typedef struct __locale_struct *locale_t; struct __locale_struct;
      void freelocale(locale_t); struct git_transaction; int git_transaction_commit(struct git_transaction *);
      void git_transaction_free(struct git_transaction *); struct group; int group_commit(struct group *);
      int XFree(void *); void g_strfreev(char **); int dlclose(void *); void psl_free_string(char *);
      void g_signal_handlers_destroy(void *); int lock_is_free(void *); void freeze(void *); void set_free(void *);
      struct Elf; int elf_end(struct Elf *); struct list { int n; }; void list_end(struct list *); struct buf;
      char *buf_end(struct buf *); struct packet; void packet_free(struct packet **); void *alloc_free(void *);
      int remove_free(const char *); struct curl_slist { char *data; struct curl_slist *next; };
      void curl_slist_free_all(struct curl_slist *); struct pool { int n; }; void pool_free_all(struct pool *);
      typedef intptr_t volume_t; void volume_free(volume_t **); int slot_free(struct packet **, volume_t **);
      void find_free_slot(struct packet **, int); void rows_free(double **);
      void words_free(char **, size_t); int words_free_some(char **, size_t); void cells_free(double *, size_t);
    `),
  );
  expect(Object.fromEntries(disposers)).toEqual({
    addrinfo: 'freeaddrinfo',
    ifaddrs: 'freeifaddrs',
    MDB_txn: 'mdb_txn_abort',
    __locale_struct: 'freelocale',
    git_transaction: 'git_transaction_free',
    Elf: 'elf_end',
    curl_slist: 'curl_slist_free_all',
  });
  expect([...endings.keys()].sort()).toEqual(
    [
      ...disposers.values(),
      ...['XFree', 'dlclose', 'g_strfreev', 'mdb_txn_commit', 'packet_free', 'psl_free_string'],
      ...['rows_free', 'slot_free', 'volume_free', 'words_free'],
    ].sort(),
  );
  for (const name of ['packet_free', 'volume_free', 'slot_free'])
    expect(endings.get(name)).toEqual({ mayFail: false, through: true });
  expect(endings.get('rows_free')).toEqual({ mayFail: false, frees: true });
  expect(endings.get('words_free')).toEqual({ mayFail: false });
});
