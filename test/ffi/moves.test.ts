// What ends, what moves and what grows: functions that free, rows that C exchanges, heaps that grow under a view.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CArray, findEnds, type Pointer, parseHeader } from '../../src/entries/ffi.node.js';
import { BufferCollection2D, IndirectMemory2D } from '../../src/entries/memory.js';
import { numbers } from './generated.mjs';
import { absent, type Kit, openKeeps, thrown } from './support.js';

for (const backend of ['native', 'wasm'] as const) {
  const why = backend === 'native' ? absent('gcc', 'koffi') : absent('emcc');
  describe.skipIf(why)(`${backend}${why ? ` (absent: ${why})` : ''}`, () => {
    let lib: Kit;
    beforeAll(async () => {
      lib = await openKeeps(backend);
    });
    afterAll(() => {
      expect(lib.keeps_live()).toBe(0);
      lib.dispose();
    });

    test('what a function freed is freed, whatever it returns', () => {
      for (const [make, free] of [
        ['keeps_open_new', 'keeps_open_free'],
        ['keeps_create', 'keeps_destroy'],
        ['KEEPS_createCCtx', 'KEEPS_freeCCtx'],
        ['keeps_store_new', 'keeps_store_close'],
      ] as const) {
        const one = make === 'keeps_open_new' ? lib[make](7) : lib[make]();
        lib[free](one);
        const again = `Disposed: this ${one.typeText} was given to ${free}()`;
        for (const use of [() => lib[free](one), () => one.address, () => one.read()]) {
          const { tag, message } = thrown(use);
          expect(`${tag}: ${message}`).toContain(again);
        }
        const other = make === 'keeps_open_new' ? lib[make](7) : lib[make]();
        other.dispose();
        other.dispose();
        expect(other.freed).toBe(true);
      }
      const open = lib.keeps_open_new(7);
      const array = open.array(1);
      expect(array.at(0)).toEqual({ value: 7, count: 1 });
      lib.keeps_open_free(open);
      expect(thrown(() => array.at(0)).tag).toBe('Disposed');
    });

    test('an enum that is never defined is a handle, and no handle of another one', async () => {
      const source =
        'enum own; enum other; enum own *keeps_create(void); enum own *keeps_destroy(enum own *made); int keeps_store_close(enum other *store);';
      const opened = await openKeeps(backend, { header: { source } });
      const made = opened.keeps_create();
      expect(thrown(() => opened.keeps_store_close(made)).message).toMatch(/points at enum own; .* needs enum other/);
      expect(thrown(() => opened.keeps_destroy({})).message).toMatch(/needs the handle that the library returned/);
      expect(thrown(() => made.read()).message).toMatch(/enum own has no size here/);
      opened.keeps_destroy(made);
      opened.dispose();
    });

    test('a struct that headers only name is one for both', async () => {
      if (backend === 'wasm') return;
      const [makes, ends] = await Promise.all(
        ['struct keeps_made *keeps_create(void);', 'struct keeps_made *keeps_destroy(struct keeps_made *made);'].map(
          (source) => openKeeps(backend, { header: { source: `struct keeps_made; struct other; ${source}` } }),
        ),
      );
      const made = makes?.keeps_create();
      ends?.keeps_destroy(made);
      expect(made.freed).toBe(true);
      makes?.dispose();
      ends?.dispose();
    });

    test('what was moved is where the function says, and nowhere else', () => {
      const first = lib.keeps_realloc(null, 8);
      first.as('double').write(1.5);
      const array = first.as('double', 1);
      expect(lib.keeps_realloc(first, 2 ** 31)).toBeNull();
      expect(array.at(0)).toBe(1.5);
      const second = lib.keeps_realloc(first, 2 ** 20);
      expect(second.as('double').read()).toBe(1.5);
      for (const use of [() => first.address, () => array.at(0), () => lib.keeps_realloc(first, 8)])
        expect(thrown(use).message).toMatch(/was given to keeps_realloc\(\)/);
      lib.free(second);
    });

    test('what could not be closed is still open', () => {
      const store = lib.keeps_store_new();
      lib.keeps_store_hold(store, 1);
      expect(lib.keeps_store_close(store)).toBe(5);
      expect(thrown(() => store.dispose()).message).toMatch(/returned an error, so that it is still open/);
      lib.keeps_store_hold(store, 0);
      expect(lib.keeps_store_close(store)).toBe(0);
      expect(thrown(() => lib.keeps_store_close(store)).tag).toBe('Disposed');
    });

    test('a handle that is a typedef of void ends, and is named, as one of a struct', async () => {
      const easy = lib.keeps_easy_init();
      expect(lib.keeps_easy_use(easy)).toBe(1);
      lib.keeps_easy_cleanup(easy);
      for (const use of [
        () => lib.keeps_easy_cleanup(easy),
        () => lib.keeps_easy_use(easy),
        () => easy.as('char').read(),
      ])
        expect(thrown(use).message).toMatch(/KEEPS \* was given to keeps_easy_cleanup\(\)|was given to keeps_easy/);
      lib.keeps_easy_init().dispose();
      const other = await openKeeps(backend, { header: lib.table, handles: { KEEPS: 'keeps_easy_cleanup' } });
      const named = other.keeps_easy_init();
      named.dispose();
      expect([named.freed, other.keeps_live()]).toEqual([true, lib.keeps_live()]);
      other.dispose();
    });

    test('ends says which argument of a function ends, or that none does', async () => {
      const ends = { keeps_drop: 'made', keeps_rows_end: 1, keeps_open_free: false } as const;
      const other = await openKeeps(backend, { header: lib.table, ends });
      const [made, rows, open] = [other.keeps_create(), other.keeps_rows_new(2), other.keeps_open_new(1)];
      expect(made.freed).toBe(false);
      other.keeps_drop(1, made);
      expect(thrown(() => other.keeps_drop(1, made)).message).toMatch(
        /given to keeps_drop\(\); create .* open the library with ends: \{ keeps_drop: false \}/,
      );
      other.keeps_rows_end(rows, 2);
      expect(thrown(() => rows.read()).tag).toBe('Disposed');
      expect(thrown(() => other.keeps_rows_end([[1]], 1)).message).toMatch(/needs a pointer that C returned/);
      other.keeps_open_free(open);
      expect(open.freed).toBe(false);
      const another = other.keeps_open_new(1);
      another.dispose();
      expect([another.freed, other.keeps_live()]).toEqual([true, 0]);
      other.dispose();
      for (const [given, message] of [
        [{ keeps_dropp: 1 }, /did you mean "keeps_drop"/],
        [{ keeps_drop: 3 }, /has 2 parameters; the first is 1/],
        [{ keeps_drop: 'mad' }, /no parameter "mad"/],
        [{ keeps_drop: 'how' }, /is no pointer to data/],
      ] as const)
        await expect(openKeeps(backend, { header: lib.table, ends: given })).rejects.toThrow(message);
      for (const [given, message] of [
        [{ keeps_made: 'keeps_drop' }, /others that end it are named by ends: \{ keeps_drop: 'argument' \}/],
        [{ keeps_made: null }, /handles says null of keeps_made; expected .* ends: \{ NAME: false \}/],
        [{ keeps_made: { free: null } }, /handles says \{"free":null\} of keeps_made/],
      ] as const)
        await expect(openKeeps(backend, { header: lib.table, handles: given as never })).rejects.toThrow(message);
    });

    test('what C counts ends with its last reference, and not where it is only detached', () => {
      const shared = lib.keeps_shared_new();
      const same = lib.keeps_shared_ref(shared);
      lib.keeps_shared_destroy(shared);
      lib.keeps_shared_unref(shared);
      expect([lib.keeps_shared_count(shared), lib.keeps_shared_count(same)]).toEqual([1, 1]);
      lib.keeps_shared_unref(shared);
      expect(thrown(() => lib.keeps_shared_count(shared)).tag).toBe('Disposed');
      const other = lib.keeps_shared_new();
      lib.keeps_shared_ref(other);
      other.dispose();
      expect(other.freed).toBe(false);
      other.dispose();
      expect(other.freed).toBe(true);
    });

    test('every pointer to what C counts lives until the last reference is given back, through whichever of them', () => {
      const count = (one: unknown): unknown => {
        try {
          return lib.keeps_shared_count(one);
        } catch (error) {
          return (error as { tag: string }).tag;
        }
      };
      const { keeps_shared_ref: ref, keeps_shared_unref: unref, keeps_shared_self: self } = lib;
      const out = (one: unknown): unknown => {
        const into = [null];
        lib.keeps_shared_out(one, into);
        return into[0];
      };
      // Each word takes or gives back a reference through one of the pointers, in any order.
      for (const order of ['ab', 'ba', 'aa', 'bb', 'cb', 'dc', 'ed', 'ce']) {
        const a = lib.keeps_shared_new();
        const all: Record<string, unknown> = { a, b: ref(a), c: self(a), d: out(a), e: a.as('keeps_shared') };
        const [first, last] = order as unknown as [string, string];
        expect(Object.values(all).map(count)).toEqual([2, 2, 2, 2, 2]);
        unref(all[first]);
        expect([order, Object.values(all).map(count)]).toEqual([order, [1, 1, 1, 1, 1]]);
        unref(all[last]);
        expect([order, Object.values(all).map(count)]).toEqual([order, Array(5).fill('Disposed')]);
        expect(thrown(() => unref(all[first])).tag).toBe('Disposed');
        expect(thrown(() => ref(all[last])).tag).toBe('Disposed');
      }
      // What C holds as well is another reference, which C gives out.
      const shared = lib.keeps_shared_new();
      lib.keeps_shared_hold(shared);
      const held = lib.keeps_shared_held();
      shared.dispose();
      expect([count(shared), count(held), count(lib.keeps_shared_held())]).toEqual(['Disposed', 1, 1]);
      unref(held);
      expect(count(held)).toBe('Disposed');
    });

    test('what owned() frees with ends what it is given, whatever its name', async () => {
      const source = 'char *keeps_copy(const char *text); void done(void *memory) __asm__("keeps_free");';
      const other = await openKeeps(backend, { header: { source } });
      const text = other.keeps_copy('text');
      const last = other.keeps_copy('more');
      // Made before owned() names it.
      void other.done;
      const array = other.owned(text, { length: 4, free: 'done' });
      expect(thrown(() => other.done(text)).message).toMatch(/done\(\) is given .* that an array of owned\(\) frees/);
      array.dispose();
      other.done(last);
      for (const ended of [text, last]) expect(thrown(() => other.done(ended)).tag).toBe('Disposed');
      other.dispose();
    });

    test('memory is freed once, and by its owner', () => {
      const copy = (): Pointer => lib.keeps_copy('text');
      const owned = (text: Pointer): CArray<number> => lib.owned(text, { length: 4, free: 'keeps_free' });
      const text = copy();
      const array = owned(text);
      const byOther = /that an array of owned\(\) frees; dispose of that array/;
      for (const free of [
        () => owned(text),
        () => owned(text.as('char')),
        () => lib.keeps_free(text),
        () => lib.free(text),
        () => lib.free(text.as('int8')),
        () => lib.keeps_realloc(text, 8),
      ])
        expect(thrown(free).message).toMatch(byOther);
      array.dispose();
      for (const free of [() => owned(text), () => lib.keeps_free(text), () => lib.free(text)])
        expect(thrown(free).tag).toBe('Disposed');
      const again = copy();
      lib.keeps_free(again.as('void'));
      expect(thrown(() => owned(again)).tag).toBe('Disposed');
      // The same place, for another text.
      for (let i = 0; i < 20; i++) owned(copy()).dispose();
      const memory = lib.alloc('double', 2);
      const inside: [string, unknown][] = [
        ['alloc()', lib.keeps_first(memory)],
        ['a typed array', lib.keeps_first(Float64Array.of(1, 2))],
        ['numbers', lib.keeps_first([1, 2])],
        ['a text', lib.keeps_find('hello', 108)],
        ['a cast', lib.keeps_first(memory).as('char')],
      ];
      for (const [name, pointer] of inside)
        for (const free of ['free', 'owned'] as const)
          expect([name, free, thrown(() => lib[free](pointer, { length: 1 })).message]).toEqual([
            name,
            free,
            expect.stringMatching(/C did not allocate/),
          ]);
      for (const [, pointer] of inside)
        for (const free of [() => lib.keeps_free(pointer), () => lib.keeps_realloc(pointer, 8)])
          expect(thrown(free).message).toMatch(/into .*, which C did not allocate/);
      for (const value of [memory, Float64Array.of(1), new Uint8Array(8)])
        for (const free of [() => lib.keeps_free(value), () => lib.keeps_realloc(value, 8), () => lib.free(value)])
          expect(thrown(free).message).toMatch(/needs a pointer that C returned/);
      lib.keeps_free(null);
      lib.keeps_free(lib.keeps_find(copy().array(5), 116));
      memory.dispose();
    });

    test('memory on which C works is not disposed', async () => {
      const locked = (dispose: () => void): void => expect(thrown(dispose).code).toBe('LOCKED');
      const array = lib.alloc('double', 2).copyFrom([1, 2]);
      const seen: number[] = [];
      lib.keeps_change(array, 2, (value: Pointer) => {
        locked(() => array.dispose());
        seen.push(value.read() as number);
      });
      const rows = IndirectMemory2D.create(2, 1, 'd', { memory: lib.memory });
      expect(rows.pointer).not.toBe(0);
      const before = lib.liveBytes;
      lib.keeps_call_row(rows, () => {
        rows.dispose();
        return seen.push(lib.liveBytes - before);
      });
      expect([seen.pop(), lib.liveBytes < before]).toEqual([0, true]);
      expect(seen).toEqual([1, 2]);
      const sum = lib.keeps_add_up.async(array, 2);
      if (backend === 'native') locked(() => array.dispose());
      expect(await sum).toBe(3);
      array.dispose();
      if (backend === 'wasm') return;
      const mine = Float64Array.of(1, 2);
      const late = lib.keeps_add_up.async(mine, 2);
      structuredClone(mine.buffer, { transfer: [mine.buffer] });
      await expect(late).rejects.toThrow(/buffer of an array was transferred or resized while C worked on it/);
      const other = Float64Array.of(1, 2);
      const change = (): void => void structuredClone(other.buffer, { transfer: [other.buffer] });
      expect(thrown(() => lib.keeps_change(other, 1, change)).message).toMatch(/transferred or resized while C worked/);
      const store = lib.keeps_store_new();
      const text = lib.keeps_store_text.async(store, 0);
      for (const end of [() => lib.keeps_store_close(store), () => store.dispose(), () => lib.free(store)])
        expect(thrown(end).message).toMatch(/with which an asynchronous call works; await that call first/);
      expect(await text).toBeNull();
      store.dispose();
    });

    test('a trap leaves the stack of C where it was', () => {
      if (backend === 'native') return;
      const place = lib.keeps_trap(0);
      for (let i = 0; i < 3; i++) expect(() => lib.keeps_trap(1)).toThrow(/unreachable/);
      lib.keeps_call_with(1, (value: number) => {
        expect(() => lib.keeps_trap(1)).toThrow(/unreachable/);
        return value;
      });
      expect(lib.keeps_trap(0)).toBe(place);
    });

    /** Two rows in every form; `rows` reads them after the call. */
    const forms: Record<string, () => { argument: unknown; rows(): number[][] }> = {
      'nested arrays': () => {
        const argument = [
          [1, 2],
          [3, 4],
        ];
        return { argument, rows: () => argument };
      },
      'typed rows': () => {
        const argument = [Float64Array.of(1, 2), Float64Array.of(3, 4)];
        return { argument, rows: () => argument.map((row) => [...row]) };
      },
      'rows of one buffer': () => {
        const { buffer } = Float64Array.of(1, 2, 3, 4);
        const argument = [new Float64Array(buffer, 0, 2), new Float64Array(buffer, 16, 2)];
        return { argument, rows: () => argument.map((row) => [...row]) };
      },
      'a memory of JavaScript': () => memoryOf(IndirectMemory2D.create(2, 2, 'd')),
      'a memory of the library': () => memoryOf(IndirectMemory2D.create(2, 2, 'd', { memory: lib.memory })),
      'a collection': () => memoryOf(new BufferCollection2D([new Float64Array(2), new Float64Array(2)])),
      'a table in C': () => {
        const rows = [lib.alloc('double', 2), lib.alloc('double', 2)];
        const table = lib.alloc('double *', 2).copyFrom(rows);
        return memoryOf(IndirectMemory2D.fromPointer(table, 2, 2));
      },
    };
    const memoryOf = (memory: unknown) => {
      const argument = memory as IndirectMemory2D<number>;
      for (const [k, value] of [1, 2, 3, 4].entries()) argument.set(k >> 1, k & 1, value);
      return { argument, rows: () => argument.toArray() };
    };

    test.each(Object.keys(forms))('rows that C moves are in the order of C: %s', (form) => {
      const { argument, rows } = (forms[form] as (typeof forms)[string])();
      lib.keeps_exchange(argument, 0, 1);
      expect(rows()).toEqual([
        [3, 4],
        [1, 2],
      ]);
      // C works on the rows where they are now.
      lib.keeps_add(argument, 0, 1, 2);
      expect(rows()).toEqual([
        [4, 6],
        [1, 2],
      ]);
      lib.keeps_reverse(argument, 2);
      expect(rows()).toEqual([
        [1, 2],
        [4, 6],
      ]);
      if (argument instanceof IndirectMemory2D) {
        expect([argument.at(0, 1), argument.row(1).at(0), argument.withRow(0, (row) => row[0])]).toEqual([2, 4, 1]);
        expect([...argument.toTypedArray()]).toEqual([1, 2, 4, 6]);
      }
    });

    test('texts that C moves though it calls their table const, as getopt does, are in the order of C', async () => {
      const source =
        'double *keeps_first(double values[20]); void keeps_reverse(char *const texts[], int n); double keeps_add_up(double values[static 1], int n);';
      const other = await openKeeps(backend, { header: { source } });
      const texts: unknown[] = ['a', 'b', 'c'];
      other.keeps_reverse(texts, 3);
      expect(texts).toEqual(['c', 'b', 'a']);
      other.keeps_reverse(other.in(texts), 3);
      expect(texts).toEqual(['c', 'b', 'a']);
      // null is an array of no length for C, but for a static one.
      expect(other.keeps_first(null)).toBeNull();
      expect(thrown(() => other.keeps_first([1])).message).toMatch(/has 1 elements; expected at least 20/);
      expect(thrown(() => other.keeps_add_up(null, 0)).message).toMatch(/has null; expected at least 1/);
      other.dispose();
    });

    test('single elements of many rows are where C moved them, with other calls between', () => {
      const memory = IndirectMemory2D.create(40, 1, 'd', { memory: lib.memory });
      const order = Array.from({ length: 40 }, (_, i) => i);
      for (const i of order) memory.set(i, 0, i);
      const random = numbers(7);
      for (let k = 0; k < 300; k++) {
        const [a, b, i] = [random.below(40), random.below(40), random.below(40)] as const;
        lib.keeps_exchange(memory, a, b);
        [order[a], order[b]] = [order[b] as number, order[a] as number];
        expect(memory.at(i, 0)).toBe(order[i]);
        if (k % 3 === 0) memory.set(a - 40, 0, order[a] as number);
        if (k % 7 === 0) expect([memory.at(a, 0), memory.at(b, 0)]).toEqual([order[a], order[b]]);
      }
      expect(memory.toArray().flat()).toEqual(order);
      memory.dispose();
    });

    test('an array that is transferred while C works on its copy is an error', () => {
      const values = Int32Array.of(3, 1, 2);
      const work = (): unknown =>
        lib.keeps_shuffle(values, 3, () => {
          if (values.length > 0) structuredClone(values.buffer, { transfer: [values.buffer] });
          return 0;
        });
      if (backend === 'wasm')
        expect(thrown(work)).toMatchObject({
          tag: 'Disposed',
          message: expect.stringContaining('transferred while C'),
        });
    });

    test('rows that C loses or replaces are said so', () => {
      const nested: unknown[] = [[1], [2]];
      lib.keeps_lose(nested, 0);
      expect(nested).toEqual([null, [2]]);
      lib.keeps_own(nested, 0);
      expect((nested[0] as { read(): number }).read()).toBe(7);
      const memory = IndirectMemory2D.create(2, 1, 'd', { memory: lib.memory });
      lib.keeps_lose(memory, 0);
      expect(thrown(() => memory.at(0, 0)).message).toMatch(/row 0 is nowhere: C set its pointer to NULL/);
      lib.keeps_own(memory, 0);
      expect([memory.at(0, 0), memory.at(1, 0)]).toEqual([7, 0]);
      const foreign = IndirectMemory2D.create(2, 1, 'd');
      expect(thrown(() => lib.keeps_own(foreign, 1)).message).toMatch(
        /pointer of its own as row 1 of keeps_own\(\): argument 1 \(rows\)/,
      );
      const seen: unknown[] = [];
      memory.set(1, 0, 5);
      lib.keeps_call_row(memory, () => seen.push(memory.at(0, 0)));
      expect(seen).toEqual([5]);
    });

    test('one array that is given twice, or arrays that overlap, are one to C as well', () => {
      const row = [1, 2];
      lib.keeps_add([row, row], 0, 1, 2);
      expect(row).toEqual([2, 4]);
      const typed = Float64Array.of(1, 2, 3);
      lib.keeps_add([typed, typed], 0, 1, 3);
      expect([...typed]).toEqual([2, 4, 6]);
      lib.keeps_add([typed.subarray(0, 2), typed.subarray(1)], 0, 1, 2);
      expect([...typed]).toEqual([6, 10, 6]);
      const memory = IndirectMemory2D.fromRows([typed, typed]);
      lib.keeps_add(memory, 0, 1, 3);
      expect([...typed]).toEqual([12, 20, 12]);
      const summed = Float64Array.of(1, 2, 3);
      lib.keeps_sum_up(summed, summed, 3);
      expect([...summed]).toEqual([1, 3, 6]);
      const plain = [1, 2, 3];
      lib.keeps_sum_up(plain, plain, 3);
      expect(plain).toEqual([1, 3, 6]);
      const shifted = Float64Array.of(1, 2, 3, 4);
      const work = (): unknown => lib.keeps_sum_up(shifted.subarray(1), shifted.subarray(0, 3), 3);
      if (backend === 'wasm') expect(thrown(work).message).toMatch(/two arrays of this call overlap/);
      else work();
    });

    /** Entries that lend views: each calls `use` with one, and reads the element again. */
    const views: Record<string, () => [(use: (view: Float64Array) => unknown) => unknown, () => unknown]> = {
      'use() of an array': () => {
        const array = lib.alloc('double', 2) as CArray<number>;
        return [(use) => array.use((view) => use(view as Float64Array)), () => array.at(1)];
      },
      'withRow() of a memory': () => {
        const memory = IndirectMemory2D.create(2, 2, 'd', { memory: lib.memory });
        return [(use) => memory.withRow(1, (view) => use(view as Float64Array)), () => memory.at(1, 1)];
      },
      'withRow() of a table in C': () => {
        const table = lib.alloc('double *', 1).copyFrom([lib.alloc('double', 2)]);
        const memory = IndirectMemory2D.fromPointer(table, 1, 2);
        return [(use) => memory.withRow(0, (view) => use(view as Float64Array)), () => memory.at(0, 1)];
      },
      'withRow() of a wrapped array': () => {
        const memory = IndirectMemory2D.viewRows(lib.alloc('double', 2));
        return [(use) => memory.withRow(0, (view) => use(view as Float64Array)), () => memory.at(0, 1)];
      },
    };
    const growing: Record<string, () => unknown> = {
      'keeps_grow()': () => lib.keeps_grow(1),
      'alloc()': () => lib.alloc('char', 8),
      'keeps_find()': () => lib.keeps_find('text', 116),
    };
    const pairs = Object.keys(views).flatMap((entry) => Object.keys(growing).map((by) => [entry, by] as const));

    test.each(pairs)('a view of %s over %s: what is written reaches C, or an error says so', (entry, by) => {
      const [lend, now] = (views[entry] as (typeof views)[string])();
      let result: unknown;
      const work = (): unknown =>
        lend((view) => {
          view[1] = 1;
          growing[by]?.();
          view[1] = 2;
        });
      try {
        result = work();
      } catch (error) {
        result = error;
      }
      if (backend === 'native') expect([result, now()]).toEqual([undefined, 2]);
      else {
        expect(result).toMatchObject({
          tag: 'Disposed',
          message: expect.stringContaining(`the wasm heap grew in ${by}`),
        });
        expect(now()).toBe(1);
      }
      // Without growth there is no error, also of a promise; what `use` throws comes first.
      expect(lend((view) => (view[1] = 3))).toBe(3);
      expect(now()).toBe(3);
      expect(
        thrown(() =>
          lend(() => {
            growing[by]?.();
            throw new Error('own');
          }),
        ).message,
      ).toBe('own');
    });

    test('lists that make the heap grow when they are read or written have the values of C, and frozen ones an error', () => {
      const growing = (values: number[]): number[] =>
        new Proxy(values, {
          get: (target, name) => {
            if (typeof name === 'string' && /^\d+$/.test(name)) lib.keeps_grow(1);
            return Reflect.get(target, name);
          },
          set: (target, name, value) => {
            lib.keeps_grow(1);
            return Reflect.set(target, name, value);
          },
        });
      expect(lib.keeps_add_up(growing([1, 2, 3]), 3)).toBe(6);
      const [into, plain] = [
        [1, 2],
        [1, 2],
      ];
      lib.keeps_sum_up(growing(into), growing([10, 20]), 2);
      lib.keeps_sum_up(plain, [10, 20], 2);
      expect(into).toEqual(plain);
      const rows = [growing([1, 2]), growing([10, 20])];
      lib.keeps_add(rows, 0, 1, 2);
      expect([...(rows[0] as number[])]).toEqual([11, 22]);
      const shared = lib.keeps_shared_new();
      const said = /C changed \d of an array, which cannot change: it is frozen/;
      for (const [work, message] of [
        [() => lib.keeps_sum_up(Object.freeze([1, 2]), [1, 1], 2), said],
        [() => lib.keeps_add([Object.freeze([1]), [2]], 0, 1, 1), said],
        [() => lib.keeps_exchange(Object.freeze([[1], [2]]), 0, 1), said],
        [() => lib.keeps_shared_out(shared, Object.freeze([null])), said],
      ] as const)
        expect(thrown(work)).toMatchObject({ tag: 'Argument', message: expect.stringMatching(message) });
      shared.dispose();
      // What did not change may be frozen.
      expect(lib.keeps_sum_up(Object.freeze([1]), Object.freeze([0]), 1)).toBeUndefined();
    });

    test('members that are read while the heap grows are written where it is then', () => {
      const array = lib.alloc('struct keeps_open');
      array.set(0, {
        value: 1,
        get count() {
          lib.keeps_grow(1);
          return 2;
        },
      });
      expect(array.at(0)).toEqual({ value: 1, count: 2 });
    });
  });
}

test('functions that free are found by their name and signature, and only those', () => {
  const { disposers, endings } = findEnds(
    parseHeader(`
      struct sqlite3; struct sqlite3_stmt; struct ZSTD_CCtx_s; typedef struct ZSTD_CCtx_s ZSTD_CCtx; struct PJconsts;
      typedef struct PJconsts PJ; struct archive; struct snd_pcm; typedef struct snd_pcm snd_pcm_t;
      typedef struct _IO_FILE { int flags; } FILE; struct SRC_STATE_tag; typedef struct SRC_STATE_tag SRC_STATE;
      struct pcre2_real_code_8; typedef struct pcre2_real_code_8 pcre2_code_8; struct XML_P; struct z_stream_s { int x; };
      int sqlite3_close(struct sqlite3 *); int sqlite3_close_v2(struct sqlite3 *); int sqlite3_finalize(struct sqlite3_stmt *);
      int sqlite3_reset(struct sqlite3_stmt *); unsigned long ZSTD_freeCCtx(ZSTD_CCtx *cctx); PJ *proj_destroy(PJ *);
      int archive_read_close(struct archive *); int archive_read_free(struct archive *);
      int archive_write_free(struct archive *); int snd_pcm_close(snd_pcm_t *); int snd_pcm_hw_free(snd_pcm_t *);
      int fclose(FILE *); SRC_STATE *src_delete(SRC_STATE *); void pcre2_code_free_8(pcre2_code_8 *);
      void XML_ParserFree(struct XML_P *p); int inflateEnd(struct z_stream_s *); void free(void *); void *malloc(unsigned long);
      typedef const struct filter *filter_t; filter_t filter_new(void); void filter_destroy(filter_t); int filter_type(filter_t);
      int is_free(const struct sqlite3 *); int free_slots(int n); double closest(struct sqlite3 *); int freeze(struct archive *);
      struct both; void both_free(struct both *); int both_close(struct both *); struct counted; void counted_unref(struct counted *);
      void counted_free(struct counted *); void counted_destroy(struct counted *);
      void *realloc(void *, unsigned long); int av_reallocp(void *, unsigned long); double *realloc_of(struct archive *, int);
    `),
  );
  expect(Object.fromEntries(disposers)).toEqual({
    sqlite3: 'sqlite3_close',
    sqlite3_stmt: 'sqlite3_finalize',
    ZSTD_CCtx_s: 'ZSTD_freeCCtx',
    PJconsts: 'proj_destroy',
    snd_pcm: 'snd_pcm_close',
    _IO_FILE: 'fclose',
    SRC_STATE_tag: 'src_delete',
    pcre2_real_code_8: 'pcre2_code_free_8',
    XML_P: 'XML_ParserFree',
    filter: 'filter_destroy',
    both: 'both_free',
    counted: 'counted_unref',
  });
  expect([...endings.keys()].sort()).toEqual(
    [
      ...disposers.values(),
      ...['sqlite3_close_v2', 'archive_read_free', 'archive_write_free', 'free', 'realloc', 'counted_free'],
    ].sort(),
  );
  expect([...endings].filter(([, { mayFail }]) => mayFail).map(([name]) => name)).toEqual([
    'sqlite3_close',
    'sqlite3_close_v2',
    'snd_pcm_close',
  ]);
});
