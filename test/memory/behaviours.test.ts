// The 64 behaviours of the original in three memories. behaviours.json lists them, with the reason where one is absent
// from a memory. A behaviour without a test, or a test without a behaviour, fails.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import {
  BufferCollection2D,
  BufferError,
  IndirectMemory2D,
  jsMemory,
  type Located,
  type MemorySpace,
  type StridedArray,
} from '../../src/entries/memory.js';
import { holdersOf, releaseNow, retain } from '../../src/memory/disposable.js';
import { version } from '../../src/util/version.js';
import { type Kit, openKit, targets, thrown } from '../ffi/support.js';
import table from './behaviours.json' with { type: 'json' };

type Typed = Int32Array | Uint8Array | Int8Array;

/** A memory under test. */
interface World {
  readonly space: MemorySpace;
  /** The library whose memory it is; JavaScript has none. */
  readonly kit: Kit;
  /** Data in this memory, and a function that removes them. */
  data(
    type: 'int' | 'uint8_t' | 'int8_t',
    values: readonly number[],
  ): { readonly data: Typed | Located; get(i: number): number; set(i: number, value: number): void; free(): void };
}

const jsWorld = (): World => ({
  space: jsMemory,
  get kit(): Kit {
    throw new Error('JavaScript memory has no library');
  },
  data(type, values) {
    const array =
      type === 'int' ? Int32Array.from(values) : type === 'int8_t' ? Int8Array.from(values) : Uint8Array.from(values);
    return {
      data: array,
      get: (i) => array[i] as number,
      set: (i, value) => {
        array[i] = value;
      },
      free: () => void structuredClone(array.buffer, { transfer: [array.buffer] }),
    };
  },
});

const libraryWorld = (kit: Kit): World => ({
  space: kit.memory,
  kit,
  data(type, values) {
    const array = kit.alloc(type, values.length).copyFrom(values);
    return {
      data: array,
      get: (i) => array.at(i),
      set: (i, value) => array.set(i, value),
      free: () => array.dispose(),
    };
  },
});

const create = (world: World, rows: number, columns: number, format: string, readonly = false) =>
  IndirectMemory2D.create(rows, columns, format, { memory: world.space, readonly });

/** A 2-D array in this memory, in C or Fortran order. */
function array2d(
  world: World,
  rows: number,
  columns: number,
  order: 'C' | 'F' = 'C',
  more: Partial<StridedArray> = {},
) {
  const source = world.data(
    'int',
    Array.from({ length: rows * columns }, () => 0),
  );
  const strides = order === 'C' ? [columns, 1] : [1, rows];
  return {
    ...source,
    array: { data: source.data, shape: [rows, columns], strides, ...more } as StridedArray,
    index: (i: number, j: number) => i * (strides[0] as number) + j * (strides[1] as number),
  };
}

const strips = { rows: IndirectMemory2D.viewRows, columns: IndirectMemory2D.viewColumns };
/** The array whose rows (or columns) are contiguous. */
const along = (
  world: World,
  way: 'rows' | 'columns',
  rows: number,
  columns: number,
  more: Partial<StridedArray> = {},
) => array2d(world, rows, columns, way === 'rows' ? 'C' : 'F', more);
const ways = ['rows', 'columns'] as const;
/** The position of element k of strip i. */
const at = (way: 'rows' | 'columns', { index }: { index(i: number, j: number): number }, i: number, k: number) =>
  way === 'rows' ? index(i, k) : index(k, i);

const code = (work: () => unknown): string => thrown(work).code ?? 'no code';
const message = (work: () => unknown): string => thrown(work).message;

/** The memory detects, or forbids, the removal of its data. */
function lossIsSeen(world: World, source: { free(): void }, memory: IndirectMemory2D): void {
  if (world.space.kind === 'js') {
    source.free();
    expect(code(() => memory.at(0, 0))).toBe('DISPOSED');
    memory.dispose();
  } else {
    expect(code(() => source.free())).toBe('LOCKED');
    expect(memory.at(0, 0)).toBeTypeOf('number');
    memory.dispose();
    source.free();
  }
}

/** A C value, its address, and a table with that address: `int value; int *row = &value; int **table = &row`. */
function variable(kit: Kit, value: number) {
  const row = kit.ref('int', value);
  const pointers = kit.alloc('int *', 1);
  pointers.set(0, row);
  const free = (): void => {
    pointers.dispose();
    row.dispose();
  };
  return { row, table: pointers.address, free };
}

/** A table of rows of one int each. */
function rowTable(kit: Kit, values: readonly number[]) {
  const rows = values.map((value) => kit.ref('int', value));
  const pointers = kit.alloc('int *', rows.length).copyFrom(rows);
  const free = (): void => {
    pointers.dispose();
    for (const row of rows) row.dispose();
  };
  return { rows, pointers, free };
}

const implementations: Record<string, (world: World) => void> = {
  'create-zero': (world) => {
    const memory = create(world, 5, 6, 'i');
    expect(memory.toArray().flat()).toEqual(Array(30).fill(0));
    if (world.space.kind !== 'js') expect(world.kit.kit_rows_at(memory, 4, 5)).toBe(0);
    memory.dispose();
  },
  'two-views': (world) => {
    const memory = create(world, 2, 3, 'i');
    const [one, other] = [memory.view(), memory.view()];
    one.set(1, 2, 42);
    expect(other.at(1, 2)).toBe(42);
    one.dispose();
    other.dispose();
    memory.dispose();
  },
  'two-views-all': (world) => {
    const memory = create(world, 22, 33, 'i');
    const [one, other] = [memory.view(), memory.view()];
    for (let i = 0; i < 22; i++) for (let j = 0; j < 33; j++) one.set(i, j, i * 1000 + j);
    for (let i = 0; i < 22; i++) for (let j = 0; j < 33; j++) expect(other.at(i, j)).toBe(i * 1000 + j);
    one.dispose();
    other.dispose();
    memory.dispose();
  },
  'readonly-read': (world) => {
    const memory = create(world, 5, 6, 'i', true);
    expect(memory.isReadonly).toBe(true);
    const view = memory.view();
    expect([view.at(4, 3), view.readonly]).toEqual([0, true]);
    view.dispose();
    memory.dispose();
  },
  'readonly-write': (world) => {
    const memory = create(world, 5, 6, 'i', true);
    expect(thrown(() => memory.view({ writable: true }))).toMatchObject({
      code: 'READONLY',
      message: 'buffer is not writable',
    });
    const view = memory.view();
    expect(thrown(() => view.set(0, 0, 1))).toMatchObject({
      code: 'READONLY',
      message: 'cannot modify read-only memory',
    });
    expect(code(() => memory.set(0, 0, 1))).toBe('READONLY');
    expect(code(() => memory.row(0).set(0, 1))).toBe('READONLY');
    memory.withRow(0, (row) => {
      row[0] = 9;
    });
    expect(memory.at(0, 0)).toBe(0);
    view.dispose();
    memory.dispose();
  },
  'reaches-pointer': (world) => {
    const memory = create(world, 5, 6, 'i');
    const view = memory.view();
    view.set(4, 3, 42);
    expect(world.kit.kit_rows_at(memory, 4, 3)).toBe(42);
    expect(world.kit.kit_rows_at(world.kit.pointer('int *', memory.pointer), 4, 3)).toBe(42);
    world.kit.kit_rows_set(memory, 0, 1, 7);
    expect(view.at(0, 1)).toBe(7);
    view.dispose();
    memory.dispose();
  },
  'needs-indirect': (world) => {
    const memory = create(world, 2, 3, 'd');
    expect(message(() => world.kit.kit_sum(memory, 6))).toMatch(
      /IndirectMemory2D; const double \* needs a Float64Array/,
    );
    memory.dispose();
  },
  'pointer-reads': (world) => {
    const { table: address, free } = variable(world.kit, 5);
    const memory = IndirectMemory2D.fromPointer(address, 1, 1, 'i', { memory: world.space });
    expect(memory.at(0, 0)).toBe(5);
    expect(memory.pointer).toBe(address);
    const readonly = IndirectMemory2D.fromPointer(address, 1, 1, 'i', { memory: world.space, readonly: true });
    expect(readonly.at(0, 0)).toBe(5);
    expect(code(() => readonly.set(0, 0, 1))).toBe('READONLY');
    readonly.dispose();
    memory.dispose();
    free();
  },
  'pointer-writes': (world) => {
    const { row, table: address, free } = variable(world.kit, 5);
    const memory = IndirectMemory2D.fromPointer(address, 1, 1, 'i', { memory: world.space });
    const view = memory.view();
    view.set(0, 0, 42);
    expect(row.at(0)).toBe(42);
    view.dispose();
    memory.dispose();
    free();
  },
  'keeper-last': (world) => {
    const { table: address, free } = variable(world.kit, 5);
    const wrap = (keeper: object) =>
      IndirectMemory2D.fromPointerWithKeeper(address, 1, 1, 'i', keeper as () => void, { memory: world.space });
    for (const memoryFirst of [true, false]) {
      let gone = 0;
      const memory = wrap({ dispose: () => gone++ });
      const view = memory.view();
      const order = memoryFirst ? [memory, view] : [view, memory];
      order[0]?.dispose();
      expect(gone).toBe(0);
      if (memoryFirst) expect(view.at(0, 0)).toBe(5);
      order[1]?.dispose();
      expect(gone).toBe(1);
    }
    let shared = 0;
    const keeper = (): void => void shared++;
    const [one, other] = [wrap(keeper), wrap(keeper)];
    one.dispose();
    expect(shared).toBe(0);
    other.dispose();
    expect(shared).toBe(1);
    free();
  },
  'typed-flat': (world) => {
    const flat = world.kit.alloc('double', 2);
    expect(thrown(() => IndirectMemory2D.fromPointer(flat, 2, 0))).toMatchObject({
      code: 'FORMAT',
      message: expect.stringMatching(/wrong format: "double\[2\]"/),
    });
    expect(message(() => IndirectMemory2D.fromPointer(world.kit.kit_flat(), 2, 1))).toMatch(/wrong format: "int \*"/);
    flat.dispose();
  },
  'typed-deep': (world) => {
    expect(thrown(() => IndirectMemory2D.fromPointer(world.kit.kit_deep(), 1, 1))).toMatchObject({
      code: 'FORMAT',
      message: expect.stringMatching(/wrong format: "int \*\*\*"/),
    });
    const deep = world.kit.alloc('int **', 3);
    expect(code(() => IndirectMemory2D.fromPointer(deep, 3, 0))).toBe('FORMAT');
    deep.dispose();
  },
  'typed-few-rows': (world) => {
    const { pointers, free } = rowTable(world.kit, [1, 1]);
    expect(thrown(() => IndirectMemory2D.fromPointer(pointers, 3, 1))).toMatchObject({
      code: 'ROWS',
      message: 'less rows than expected: 2 vs. 3',
    });
    free();
  },
  'typed-more-rows': (world) => {
    const { rows, pointers, free } = rowTable(world.kit, [42, 1, 1]);
    const memory = IndirectMemory2D.fromPointer(pointers, 2, 1);
    expect([memory.format, memory.at(0, 0)]).toEqual(['i', 42]);
    memory.set(0, 0, 21);
    expect(rows[0]?.at(0)).toBe(21);
    memory.dispose();
    free();
  },
  'typed-held': (world) => {
    const { pointers, free } = rowTable(world.kit, [1]);
    const before = holdersOf(pointers);
    const memory = IndirectMemory2D.fromPointer(pointers, 1, 1);
    expect(holdersOf(pointers)).toBe(before + 1);
    expect(code(() => pointers.dispose())).toBe('LOCKED');
    memory.dispose();
    expect(holdersOf(pointers)).toBe(before);
    free();
  },
  format: (world) => {
    const memory = create(world, 22, 33, 'i', true);
    expect(memory.format).toBe('i');
    memory.dispose();
  },
  'reinterpret-locked': (world) => {
    const memory = create(world, 1, 1, 'b', true);
    const view = memory.view();
    memory.reinterpret('b');
    expect(thrown(() => memory.reinterpret('B'))).toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(/^buffer is locked/),
    });
    view.dispose();
    expect(memory.reinterpret('B').format).toBe('B');
    memory.dispose();
  },
  'reinterpret-sign': (world) => {
    const memory = create(world, 1, 1, 'b');
    memory.set(0, 0, -1);
    expect(memory.reinterpret('B').at(0, 0)).toBe(255);
    memory.dispose();
  },
  shape: (world) => {
    const memory = create(world, 42, 21, 'b');
    expect(memory.shape).toEqual([42, 21]);
    memory.dispose();
  },
  'copy-readonly': (world) => {
    const [readonly, writable] = [create(world, 1, 2, 'B', true), create(world, 1, 2, 'B')];
    expect(message(() => readonly.copyFrom(writable))).toBe('copying to readonly buffer');
    expect(message(() => writable.copyTo(readonly))).toBe('copying to readonly buffer');
    readonly.dispose();
    writable.dispose();
  },
  'copy-dimensions': (world) => {
    const memory = create(world, 1, 2, 'B');
    const { data, free } = world.data('uint8_t', [97]);
    expect(message(() => memory.copyFrom(data))).toBe('wrong number of dimensions: expected 2, received 1');
    expect(message(() => memory.copyTo(data))).toBe('wrong number of dimensions: expected 2, received 1');
    memory.dispose();
    free();
  },
  'copy-columns': (world) => refusedCopy(world, [1, 2, 'B'], [1, 3, 'B'], /^different shapes/),
  'copy-rows': (world) => refusedCopy(world, [1, 2, 'B'], [2, 2, 'B'], /^different shapes/),
  'copy-format': (world) => refusedCopy(world, [1, 2, 'B'], [1, 2, 'b'], /^different formats/),
  'copy-format-cast': (world) => {
    const [bytes, signed] = [create(world, 1, 2, 'B'), create(world, 1, 2, 'b')];
    signed.set(0, 1, -1);
    bytes.copyFrom(signed, { cast: true });
    expect(bytes.toArray()).toEqual([[0, 255]]);
    bytes.set(0, 0, 128);
    bytes.copyTo(signed, { cast: true });
    expect(signed.toArray()).toEqual([[-128, -1]]);
    bytes.dispose();
    signed.dispose();
  },
  'copy-size-cast': (world) => refusedCopy(world, [1, 2, 'B'], [1, 2, 'i'], /^different itemsizes/, true),
  'copy-indirect': (world) => {
    const [one, other] = [create(world, 42, 21, 'i'), create(world, 42, 21, 'i')];
    other.set(15, 2, 42);
    one.copyFrom(other);
    expect(one.at(15, 2)).toBe(42);
    one.set(3, 4, 5);
    one.copyTo(other);
    expect(other.at(3, 4)).toBe(5);
    one.dispose();
    other.dispose();
  },
  'copy-c-c': (world) => layoutCopy(world, 'C', 'C'),
  'copy-f-f': (world) => layoutCopy(world, 'F', 'F'),
  'copy-f-c': (world) => layoutCopy(world, 'F', 'C'),
  'copy-c-f': (world) => layoutCopy(world, 'C', 'F'),
  'strips-held': (world) => {
    for (const way of ways) {
      const source = along(world, way, 2, 3);
      const [one, other] = [strips[way](source.array), strips[way](source.array)];
      const held = source.data;
      if (world.space.kind !== 'js') {
        expect(holdersOf(held)).toBe(2);
        one.dispose();
        expect(code(() => source.free())).toBe('LOCKED');
        other.dispose();
        expect(holdersOf(held)).toBe(0);
      } else {
        // The JavaScript collector keeps referenced memory; the end of a memory does not affect the array.
        one.dispose();
        expect(other.at(0, 0)).toBe(0);
        other.dispose();
        expect(source.get(0)).toBe(0);
      }
      source.free();
    }
  },
  'strips-locked': (world) => {
    for (const way of ways) {
      const source = along(world, way, 2, 3);
      lossIsSeen(world, source, strips[way](source.array));
    }
  },
  'strips-layout': (world) => {
    for (const way of ways) {
      const source = array2d(world, 2, 3, way === 'rows' ? 'F' : 'C');
      expect(thrown(() => strips[way](source.array))).toMatchObject({
        code: 'CONTIGUITY',
        message: expect.stringMatching(new RegExp(`^${way} of the buffer-object aren't contiguous`)),
      });
      source.free();
    }
  },
  'strips-3d': (world) => {
    const source = world.data('int', Array(8).fill(0));
    for (const way of ways)
      expect(message(() => strips[way]({ data: source.data, shape: [2, 2, 2] }))).toBe(
        'expected at most 2 but found 3 dimensions',
      );
    source.free();
  },
  'strips-1d': (world) => {
    for (const way of ways) {
      const source = world.data('int', [1, 2, 3]);
      const memory = strips[way](source.data);
      expect([memory.shape, memory.toArray()]).toEqual([[1, 3], [[1, 2, 3]]]);
      memory.dispose();
      source.free();
    }
  },
  'strips-single-row': (world) => {
    for (const way of ways) {
      const source = array2d(world, 1, 3);
      const memory = strips[way](source.array);
      expect(memory.shape).toEqual(way === 'rows' ? [1, 3] : [3, 1]);
      memory.set(way === 'rows' ? 0 : 2, way === 'rows' ? 2 : 0, 9);
      expect(source.get(2)).toBe(9);
      memory.dispose();
      source.free();
    }
  },
  'strips-write-through': (world) => {
    for (const way of ways) {
      const source = along(world, way, 3, 4);
      const memory = strips[way](source.array);
      const [count, length] = memory.shape;
      expect([count, length]).toEqual(way === 'rows' ? [3, 4] : [4, 3]);
      for (let i = 0; i < count; i++) for (let k = 0; k < length; k++) memory.set(i, k, i * 10 + k);
      for (let i = 0; i < count; i++)
        for (let k = 0; k < length; k++) expect(source.get(at(way, source, i, k))).toBe(i * 10 + k);
      source.set(at(way, source, 1, 2), -5);
      expect(memory.at(1, 2)).toBe(-5);
      memory.dispose();
      source.free();
    }
  },
  'strips-readonly-flag': (world) => {
    for (const way of ways) {
      const source = along(world, way, 2, 3);
      const memory = strips[way](source.array, { readonly: true });
      expect(code(() => memory.set(0, 0, 1))).toBe('READONLY');
      memory.dispose();
      source.free();
    }
  },
  'strips-readonly-source': (world) => {
    for (const way of ways) {
      const source = along(world, way, 2, 3, { readonly: true });
      expect(message(() => strips[way](source.array))).toMatch(/^buffer source array is read-only/);
      source.free();
    }
  },
  'strips-readonly-ok': (world) => {
    for (const way of ways) {
      const source = along(world, way, 2, 3, { readonly: true });
      const memory = strips[way](source.array, { readonly: true });
      expect([memory.isReadonly, memory.at(0, 0)]).toEqual([true, 0]);
      memory.dispose();
      source.free();
    }
  },
  'strips-strided': (world) => {
    for (const way of ways) {
      const source = world.data('int', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      const array = way === 'rows' ? { shape: [2, 3], strides: [6, 1] } : { shape: [3, 2], strides: [1, 6] };
      const memory = strips[way]({ data: source.data, ...array });
      expect(memory.toArray()).toEqual([
        [0, 1, 2],
        [6, 7, 8],
      ]);
      memory.dispose();
      source.free();
    }
  },
  'strips-strided-both': (world) => {
    for (const way of ways) {
      const source = world.data('int', Array(16).fill(0));
      expect(
        code(() => strips[way]({ data: source.data, shape: [2, 2], strides: way === 'rows' ? [8, 2] : [2, 8] })),
      ).toBe('CONTIGUITY');
      source.free();
    }
  },
  'collection-sizes': (world) =>
    refusedRows(
      world,
      [
        [97, 97],
        [98, 98, 99],
      ],
      {},
      'COLUMNS',
      'row 1 has 3 columns; expected 2, as in row 0',
    ),
  'collection-wrong-count': (world) =>
    refusedRows(
      world,
      [
        [97, 97],
        [98, 98, 99],
      ],
      { count: 3 },
      'COLUMNS',
      'row 0 has 2 columns; expected 3, as requested',
    ),
  'collection-right-count': (world) =>
    withRows(
      world,
      [
        [1, 2],
        [3, 4],
      ],
      (rows) => {
        const memory = new BufferCollection2D(rows, 2);
        expect(memory.shape).toEqual([2, 2]);
        memory.dispose();
      },
    ),
  'collection-types': (world) => {
    const [bytes, ints] = [world.data('uint8_t', [97, 97]), world.data('int', [1, 2])];
    expect(thrown(() => new BufferCollection2D([bytes.data, ints.data]))).toMatchObject({
      code: 'FORMAT',
      message: 'row 1 has elements of the format "i"; expected "B", as in row 0; convert the row',
    });
    bytes.free();
    ints.free();
  },
  'collection-wrong-type': (world) =>
    refusedRows(
      world,
      [[97, 97]],
      { format: 'i' },
      'FORMAT',
      'row 0 has elements of the format "B"; expected "i", as requested; convert the row',
    ),
  'collection-right-type': (world) =>
    withRows(world, [[97, 97]], (rows) => {
      const memory = new BufferCollection2D(rows, -1, 'uint8');
      expect(memory.format).toBe('B');
      memory.dispose();
    }),
  'collection-readonly': (world) =>
    withRows(
      world,
      [
        [1, 2],
        [3, 4],
      ],
      ([one, other]) => {
        const memory = new BufferCollection2D([one as Located, { data: other as Located, shape: [2], readonly: true }]);
        expect(memory.isReadonly).toBe(true);
        expect(code(() => memory.set(0, 0, 1))).toBe('READONLY');
        memory.dispose();
      },
    ),
  'collection-writable': (world) =>
    withRows(world, [[1, 2]], (rows) => {
      const memory = new BufferCollection2D(rows);
      expect(memory.isReadonly).toBe(false);
      memory.dispose();
    }),
  'collection-make-readonly': (world) =>
    withRows(world, [[1, 2]], (rows) => {
      const memory = new BufferCollection2D(rows);
      memory.makeReadOnly();
      expect(code(() => memory.set(0, 0, 1))).toBe('READONLY');
      memory.dispose();
    }),
  'collection-make-readonly-locked': (world) =>
    withRows(world, [[1, 2]], (rows) => {
      const memory = new BufferCollection2D(rows);
      const view = memory.view();
      expect(message(() => memory.makeReadOnly())).toMatch(/^buffer is locked/);
      view.dispose();
      memory.makeReadOnly();
      memory.dispose();
    }),
  'collection-make-readonly-again': (world) =>
    withRows(world, [[1, 2]], (rows) => {
      const memory = new BufferCollection2D(rows);
      memory.makeReadOnly();
      const view = memory.view();
      memory.makeReadOnly();
      expect(memory.isReadonly).toBe(true);
      view.dispose();
      memory.dispose();
    }),
  'collection-sources-locked': (world) => {
    const row = world.data('uint8_t', [1, 2]);
    lossIsSeen(world, row, new BufferCollection2D([row.data]));
  },
  'collection-sources-held': (world) => {
    const sources = [world.data('uint8_t', [1, 2]), world.data('uint8_t', [3, 4])];
    const list = sources.map(({ data }) => data);
    const memory = new BufferCollection2D(list);
    list.length = 0;
    expect(memory.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    if (world.space.kind !== 'js') for (const { data } of sources) expect(holdersOf(data)).toBe(1);
    memory.dispose();
    for (const { data, free } of sources) {
      expect(holdersOf(data)).toBe(0);
      free();
    }
  },
  'collection-write-through': (world) => {
    const [one, other] = [world.data('uint8_t', [97, 97]), world.data('uint8_t', [98, 98])];
    const memory = new BufferCollection2D([one.data, other.data]);
    const view = memory.view();
    expect(view.at(0, 0)).toBe(97);
    view.set(1, 1, 99);
    expect(other.get(1)).toBe(99);
    view.dispose();
    memory.dispose();
    one.free();
    other.free();
  },
  'collection-unravel': (world) =>
    withRows(
      world,
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      ([one, other]) => {
        const memory = new BufferCollection2D([
          { data: one as Located, shape: [2, 2] },
          { data: other as Located, shape: [4, 1] },
        ]);
        expect(memory.shape).toEqual([2, 4]);
        // Fortran order is memory order as well.
        const fortran = new BufferCollection2D([{ data: one as Located, shape: [2, 2], strides: [1, 2] }]);
        expect(fortran.toArray()).toEqual([[1, 2, 3, 4]]);
        fortran.dispose();
        memory.dispose();
      },
    ),
  'collection-flat': (world) =>
    withRows(world, [[1, 2, 3, 4]], (rows) => {
      const memory = new BufferCollection2D(rows, -1, null, false);
      expect(memory.shape).toEqual([1, 4]);
      memory.dispose();
    }),
  'collection-not-flat': (world) =>
    withRows(world, [[1, 2, 3, 4]], ([row]) => {
      expect(message(() => new BufferCollection2D([{ data: row as Located, shape: [2, 2] }], -1, null, false))).toBe(
        'row 0 has 2 dimensions; expected one, or unravel: true, which takes all its elements',
      );
    }),
  'collection-not-flat-3d': (world) =>
    withRows(world, [[1, 2, 3, 4]], ([row]) => {
      expect(message(() => new BufferCollection2D([{ data: row as Located, shape: [4, 1, 1] }], -1, null, false))).toBe(
        'row 0 has 3 dimensions; expected one, or unravel: true, which takes all its elements',
      );
    }),
  'collection-bad-row': (world) => {
    const error = new BufferError('DISPOSED', 'this row refuses');
    const bad: Located = {
      space: world.space,
      format: 'B',
      length: 1,
      span() {
        throw error;
      },
    };
    expect(thrown(() => new BufferCollection2D([bad]))).toBe(error);
  },
  holder: (world) => {
    const { data, free } = world.data('uint8_t', [1]);
    expect(holdersOf(data)).toBe(0);
    retain(data);
    expect(holdersOf(data)).toBe(1);
    releaseNow(data);
    expect(holdersOf(data)).toBe(0);
    free();
  },
  version: () => {
    expect(version).toBe(packageJson.version);
    expect(version.split('.').map(Number)).toHaveLength(3);
  },
};

function refusedCopy(
  world: World,
  one: [number, number, string],
  other: [number, number, string],
  said: RegExp,
  cast = false,
): void {
  const [a, b] = [create(world, ...one), create(world, ...other)];
  expect(message(() => a.copyFrom(b, { cast }))).toMatch(said);
  expect(message(() => a.copyTo(b, { cast }))).toMatch(said);
  a.dispose();
  b.dispose();
}

function layoutCopy(world: World, from: 'C' | 'F', to: 'C' | 'F'): void {
  const [source, target] = [array2d(world, 42, 32, from), array2d(world, 42, 32, to)];
  const memory = create(world, 42, 32, 'i');
  source.set(source.index(11, 25), 42);
  source.set(source.index(41, 31), 7);
  memory.copyFrom(source.array);
  expect([memory.at(11, 25), memory.at(41, 31)]).toEqual([42, 7]);
  memory.copyTo(target.array);
  expect([target.get(target.index(11, 25)), target.get(target.index(41, 31))]).toEqual([42, 7]);
  memory.dispose();
  source.free();
  target.free();
}

function withRows(
  world: World,
  values: readonly (readonly number[])[],
  use: (rows: (Typed | Located)[]) => void,
): void {
  const rows = values.map((row) => world.data('uint8_t', row));
  use(rows.map(({ data }) => data));
  for (const { free } of rows) free();
}

function refusedRows(
  world: World,
  values: readonly (readonly number[])[],
  { count = -1, format = null as string | null },
  wanted: string,
  said: string,
): void {
  withRows(world, values, (rows) => {
    expect(thrown(() => new BufferCollection2D(rows, count, format))).toMatchObject({ code: wanted, message: said });
  });
}

const behaviours: readonly {
  readonly id: string;
  readonly behaviour: string;
  readonly absent?: { readonly [Memory in 'js' | 'wasm' | 'native']?: string };
}[] = table;

test('the table has the 64 behaviours, and a reason for each that a memory lacks', () => {
  expect(behaviours).toHaveLength(64);
  expect(new Set(behaviours.map(({ id }) => id))).toEqual(new Set(Object.keys(implementations)));
  for (const { id, absent = {} } of behaviours)
    for (const why of Object.values(absent)) expect(why, id).toMatch(/^.{20,}$/);
});

const memories = [
  { name: 'js' as const, absent: undefined, open: async () => jsWorld(), close: (_: World) => undefined },
  ...targets.map((target) => ({
    name: target.backend,
    absent: target.absent,
    open: async () => libraryWorld(await openKit(target)),
    close: ({ kit }: World) => kit.dispose(),
  })),
];

for (const memory of memories) {
  describe.skipIf(memory.absent)(`${memory.name}${memory.absent ? ` (absent: ${memory.absent})` : ''}`, () => {
    let world: World;
    let before = 0;
    beforeAll(async () => {
      world = await memory.open();
      before = world.space.liveBytes;
    });
    afterAll(() => {
      // Every behaviour freed what it allocated.
      expect(world.space.liveBytes).toBe(before);
      memory.close(world);
    });
    for (const { id, behaviour, absent } of behaviours) {
      if (!absent?.[memory.name]) test(`${id}: ${behaviour}`, () => implementations[id]?.(world));
    }
  });
}
