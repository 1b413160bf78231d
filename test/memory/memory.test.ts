// Additions to the original: formats by both names, rows by accessor, growth of a wasm heap, staging.
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { BufferCollection2D, formatOf, IndirectMemory2D, parseFormat } from '../../src/entries/memory.js';
import { openKit, targets, thrown } from '../ffi/support.js';

const code = (work: () => unknown): string | undefined => thrown(work).code;

describe('formats', () => {
  test('struct letters and dtype names are the same formats', () => {
    for (const [letter, ...names] of [
      ['b', 'i8', 'int8'],
      ['B', 'u8', 'uint8'],
      ['h', 'i16', 'int16'],
      ['H', 'u16', 'uint16'],
      ['i', 'i32', 'int32', '@i'],
      ['I', 'u32', 'uint32'],
      ['q', 'i64', 'int64'],
      ['Q', 'u64', 'uint64'],
      ['e', 'f16', 'float16'],
      ['f', 'f32', 'float32'],
      ['d', 'f64', 'float64'],
      ['?', 'bool'],
    ]) {
      for (const name of names) expect(parseFormat(name).text).toBe(letter);
    }
    expect(formatOf(new Float32Array(1))).toBe('f');
  });

  test('sizes of l, n and P are the target’s; a byte order makes them standard', () => {
    expect([
      parseFormat('l').size,
      parseFormat('l', 'wasm32').size,
      parseFormat('l', 'llp64').size,
      parseFormat('<l').size,
    ]).toEqual([8, 4, 4, 4]);
    expect([parseFormat('P').size, parseFormat('P', 'wasm32').size, parseFormat('n', 'wasm32').kind]).toEqual([
      8,
      4,
      'signed',
    ]);
  });

  test('byte order is preserved: the same bits in reverse', () => {
    const memory = IndirectMemory2D.create(1, 2, '>i');
    memory.set(0, 0, 1);
    expect(memory.reinterpret('<i').at(0, 0)).toBe(0x01000000);
    expect(memory.reinterpret('B').row(0).toArray()).toEqual([0, 0, 0, 1, 0, 0, 0, 0]);
  });

  test('half floats round to the nearest', () => {
    const memory = IndirectMemory2D.create(1, 8, 'float16');
    const values = [0, -0, 1, 65504, 1e-7, 0.1, Number.POSITIVE_INFINITY, 70000];
    values.forEach((value, j) => {
      memory.set(0, j, value);
    });
    expect(memory.row(0).toArray()).toEqual([
      0,
      -0,
      1,
      65504,
      2 ** -23,
      0.0999755859375,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test('an invalid format is refused with advice', () => {
    expect(thrown(() => parseFormat('<f8')).message).toMatch(/numpy's.*float32/);
    expect(thrown(() => parseFormat('flaot64')).message).toMatch(/did you mean "float64"/);
    expect(code(() => parseFormat('3i'))).toBe('FORMAT');
    expect(code(() => parseFormat('<P'))).toBe('FORMAT');
  });

  test('values that a format cannot hold are refused', () => {
    const bytes = IndirectMemory2D.create(1, 1, 'B');
    for (const value of [256, -1, 1.5, Number.NaN]) expect(code(() => bytes.set(0, 0, value))).toBe('VALUE');
    const wide = IndirectMemory2D.create(1, 1, 'int64');
    wide.set(0, 0, 2n ** 63n - 1n);
    expect(wide.at(0, 0)).toBe(2n ** 63n - 1n);
    expect(code(() => wide.set(0, 0, 2n ** 63n))).toBe('VALUE');
    expect(code(() => wide.set(0, 0, 0.5 as never))).toBe('VALUE');
  });
});

describe('access', () => {
  test('negative indices count from the end; those outside are refused', () => {
    const memory = IndirectMemory2D.create(2, 3, 'i');
    memory.set(-1, -1, 7);
    expect(memory.at(1, 2)).toBe(7);
    for (const [i, j] of [
      [2, 0],
      [-3, 0],
      [0, 3],
      [0.5, 0],
    ] as const)
      expect(code(() => memory.at(i, j))).toBe('INDEX');
  });

  test('rows, entries, arrays', () => {
    const memory = IndirectMemory2D.create(2, 2, 'd');
    memory.row(1).set(0, 5);
    expect([...memory].map((row) => [...row])).toEqual([
      [0, 0],
      [5, 0],
    ]);
    expect([...memory.entries()].map(([i, row]) => [i, row.at(0)])).toEqual([
      [0, 0],
      [1, 5],
    ]);
    expect(memory.toTypedArray()).toEqual(Float64Array.of(0, 0, 5, 0));
    expect(memory.withRow(1, (row) => row[0])).toBe(5);
  });

  test('withRow passes the memory itself if possible, otherwise a copy that is written back', () => {
    const buffer = new ArrayBuffer(9);
    const odd = new BufferCollection2D([{ data: new DataView(buffer, 1, 8), shape: [8] }]).reinterpret('i');
    odd.withRow(0, (row) => {
      row[1] = 77;
    });
    expect(odd.at(0, 1)).toBe(77);
    const swapped = IndirectMemory2D.create(1, 2, '>h');
    swapped.withRow(0, (row) => {
      row[0] = 258;
    });
    expect(swapped.at(0, 0)).toBe(258);
    expect(code(() => IndirectMemory2D.create(1, 1, 'e').withRow(0, () => 0))).toBe('FORMAT');
  });

  test('withRow waits for a function that is async, and takes back what it changed alone', async () => {
    for (const format of ['d', '>d']) {
      const memory = IndirectMemory2D.create(1, 3, format);
      const done = memory.withRow(0, async (row) => {
        row[0] = 1;
        await null;
        row[1] = 2;
      });
      memory.set(0, 2, 3);
      expect(code(() => memory.reinterpret('Q'))).toBe('LOCKED');
      await done;
      expect([format, memory.toArray(), memory.lockCount]).toEqual([format, [[1, 2, 3]], 0]);
      await expect(memory.withRow(0, async () => Promise.reject(new Error('own')))).rejects.toThrow('own');
      expect(memory.lockCount).toBe(0);
    }
  });

  test('withRow locks while it runs', () => {
    const memory = IndirectMemory2D.create(1, 1, 'i');
    memory.withRow(0, () => expect(code(() => memory.reinterpret('I'))).toBe('LOCKED'));
    expect(memory.lockCount).toBe(0);
  });

  test('columns that do not divide evenly are truncated, and stay truncated', () => {
    const memory = IndirectMemory2D.create(2, 5, 'B');
    expect(memory.reinterpret('h').shape).toEqual([2, 2]);
    expect(memory.reinterpret('B').shape).toEqual([2, 4]);
  });

  test('invalid input is refused', () => {
    expect(thrown(() => IndirectMemory2D.create(-1, 2, 'i')).tag).toBe('Argument');
    expect(thrown(() => IndirectMemory2D.create(1.5, 2, 'i')).tag).toBe('Argument');
    expect(thrown(() => IndirectMemory2D.create(1, 2, 'i', { readOnly: true } as never)).message).toMatch(
      /did you mean "readonly"/,
    );
    expect(code(() => new BufferCollection2D([]))).toBe('ROWS');
    expect(thrown(() => new BufferCollection2D([[1, 2]] as never)).message).toMatch(/row 0 is a plain array/);
    expect(code(() => IndirectMemory2D.fromPointer(1000, 1, 1, 'i'))).toBe('SPACE');
    expect(code(() => IndirectMemory2D.create(1, 1, 'i').pointer)).toBe('SPACE');
    expect(code(() => IndirectMemory2D.viewRows({ data: new Float64Array(5), shape: [2, 3] }))).toBe('SHAPE');
    expect(code(() => new BufferCollection2D([{ data: new Float64Array(8), shape: [4], strides: [2] }]))).toBe(
      'CONTIGUITY',
    );
    const memory = IndirectMemory2D.create(1, 1, 'i');
    const view = memory.view();
    memory.dispose();
    expect(thrown(() => memory.at(0, 0)).tag).toBe('Disposed');
    expect(view.at(0, 0)).toBe(0);
    view.dispose();
    expect(thrown(() => view.at(0, 0)).tag).toBe('Disposed');
  });

  test('rows can be made from every object that contains bytes', () => {
    const buffer = Uint8Array.of(1, 2, 3, 4).buffer;
    const memory = new BufferCollection2D([
      buffer,
      new DataView(Uint8Array.of(5, 6, 7, 8).buffer),
      Buffer.from([9, 10, 11, 12]),
      new Uint8ClampedArray(4),
    ]);
    expect(memory.toArray()).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10, 11, 12],
      [0, 0, 0, 0],
    ]);
    const aliased = new BufferCollection2D([buffer, buffer]);
    aliased.set(0, 0, 99);
    expect(aliased.at(1, 0)).toBe(99);
  });

  test('a row whose buffer shrinks is detected', () => {
    const resizable = new (
      ArrayBuffer as unknown as new (
        bytes: number,
        options: { maxByteLength: number },
      ) => ArrayBuffer & { resize(bytes: number): void }
    )(8, { maxByteLength: 16 });
    const memory = new BufferCollection2D([resizable]);
    resizable.resize(4);
    expect(code(() => memory.at(0, 7))).toBe('DISPOSED');
  });
});

for (const target of targets) {
  describe.skipIf(target.absent)(`${target.backend}${target.absent ? ` (absent: ${target.absent})` : ''}`, () => {
    test('rows remain valid when the heap grows, and a kept view becomes empty', async () => {
      const kit = await openKit(target);
      const memory = IndirectMemory2D.create(2, 2, 'd', { memory: kit.memory });
      memory.set(1, 1, 5);
      const row = memory.row(1);
      const leaked = memory.withRow(1, (view) => view);
      const more = kit.alloc('double', 2 ** 22);
      expect([row.at(1), memory.at(1, 1), kit.kit_rows_sum(memory, 2, 2)]).toEqual([5, 5, 5]);
      if (target.backend === 'wasm') expect(leaked).toHaveLength(0);
      memory.dispose();
      expect(leaked).toHaveLength(0);
      more.dispose();
      kit.dispose();
    });

    test('staging copies in and back, and shares memory if possible', async () => {
      const kit = await openKit(target);
      const before = kit.liveBytes;
      const memory = IndirectMemory2D.create(2, 3, 'd');
      memory.set(0, 0, 2);
      const staged = memory.stage(kit.memory);
      kit.kit_rows_scale(staged, 2, 3, 4);
      expect(memory.at(0, 0)).toBe(target.backend === 'wasm' ? 2 : 8);
      expect(code(() => memory.reinterpret('q'))).toBe('LOCKED');
      staged.dispose();
      expect(memory.at(0, 0)).toBe(8);
      const apart = memory.stage(kit.memory, { copyBack: false });
      apart.set(0, 0, 1);
      apart.dispose();
      expect(memory.at(0, 0)).toBe(target.backend === 'wasm' ? 8 : 1);
      expect(kit.liveBytes).toBe(before);
      kit.dispose();
    });

    test('a memory whose data are gone is not staged, and nothing of the attempt remains', async () => {
      const kit = await openKit(target);
      const before = kit.liveBytes;
      const row = new Float64Array(2);
      const memory = new BufferCollection2D([row]);
      structuredClone(row.buffer, { transfer: [row.buffer] });
      expect(code(() => memory.stage(kit.memory))).toBe('DISPOSED');
      expect([memory.lockCount, kit.liveBytes]).toEqual([0, before]);
      kit.dispose();
    });

    test('read-only memory is passed to C only as const', async () => {
      const kit = await openKit(target);
      const memory = IndirectMemory2D.create(1, 1, 'd', { readonly: true });
      expect(kit.kit_rows_sum(memory, 1, 1)).toBe(0);
      expect(thrown(() => kit.kit_rows_scale(memory, 1, 1, 2)).message).toMatch(
        /is read-only, but double \*\* lets C write/,
      );
      const wrong = IndirectMemory2D.create(1, 1, 'f');
      expect(thrown(() => kit.kit_rows_sum(wrong, 1, 1)).message).toMatch(/rows of format "f".*needs "d"/);
      kit.dispose();
    });

    test('rows of two memories are refused', async () => {
      const kit = await openKit(target);
      const array = kit.alloc('double', 2);
      if (target.backend === 'wasm')
        expect(code(() => new BufferCollection2D([array, new Float64Array(2)]))).toBe('SPACE');
      expect(code(() => new BufferCollection2D([new Float64Array(2), array]))).toBe('SPACE');
      expect(
        code(() =>
          IndirectMemory2D.fromPointer(target.backend === 'wasm' ? 2 ** 31 : 16n, 1, 1, 'i', { memory: kit.memory }),
        ),
      ).toBe('SPACE');
      array.dispose();
      kit.dispose();
    });
  });
}

describe('console.log', () => {
  test('shows shape, format and the first elements', () => {
    const memory = IndirectMemory2D.create(2, 3, 'd');
    memory.set(1, 2, 1.5);
    expect(inspect(memory)).toBe('IndirectMemory2D 2 × 3 of "d" [\n  [0, 0, 0],\n  [0, 0, 1.5]\n]');
    memory.makeReadOnly();
    expect(inspect([memory])).toContain('2 × 3 of "d", read-only [');
    memory.dispose();
    expect(inspect(memory)).toBe('IndirectMemory2D (disposed)');
    const large = IndirectMemory2D.create(100, 1000, 'q');
    expect(inspect(large)).toMatch(
      /^IndirectMemory2D 100 × 1000 of "q" \[\n {2}\[0n, .*… 992 more\],[\s\S]*… 96 more\n\]$/,
    );
  });
});

test('rows that are written before they are read have been read', () => {
  const shifted = (order: readonly number[]): number[] => {
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    const at = (from: number): Float64Array => data.subarray(from, from + 2);
    const target = IndirectMemory2D.fromRows(order.map((i) => at(2 + 2 * i)));
    target.copyFrom(IndirectMemory2D.fromRows(order.map((i) => at(2 * i))));
    return [...data];
  };
  expect(shifted([0, 1])).toEqual([1, 2, 1, 2, 3, 4]);
  expect(shifted([1, 0])).toEqual([1, 2, 1, 2, 3, 4]);
  const data = Uint8Array.from({ length: 8 }, (_, i) => i);
  // Transposed in place.
  IndirectMemory2D.fromRows([data.subarray(0, 2), data.subarray(2, 4)]).copyFrom({
    data,
    shape: [2, 2],
    strides: [1, 2],
  });
  expect([...data]).toEqual([0, 2, 1, 3, 4, 5, 6, 7]);
});
