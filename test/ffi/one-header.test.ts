// One header, with the same C sources as a shared library (gcc) and as a wasm module (emcc): equal results. Fortran is
// tested as a shared library.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getLibHandle } from '../../src/entries/ffi.node.js';
import { BufferCollection2D, IndirectMemory2D } from '../../src/entries/memory.js';
import { absent, buildFortran, fixtures, type Kit, openKit, rejected, targets, thrown } from './support.js';

for (const target of targets) {
  describe.skipIf(target.absent)(`${target.backend}${target.absent ? ` (absent: ${target.absent})` : ''}`, () => {
    let kit: Kit;
    beforeAll(async () => {
      kit = await openKit(target);
    });
    afterAll(() => {
      expect(kit.kit_live()).toBe(0);
      kit.dispose();
    });

    test('numbers are passed with their size and sign', () => {
      expect(kit.kit_i8(-128)).toBe(-127);
      expect(kit.kit_i8(127)).toBe(-128);
      expect(kit.kit_u8(255)).toBe(0);
      expect(kit.kit_u8(200)).toBe(201);
      expect(kit.kit_i16(-5)).toBe(-4);
      expect(kit.kit_u16(65534)).toBe(65535);
      expect(kit.kit_i32(2147483647)).toBe(-2147483648);
      expect(kit.kit_u32(4294967294)).toBe(4294967295);
      expect(kit.kit_i64(-(2n ** 63n))).toBe(-(2n ** 63n) + 1n);
      expect(kit.kit_i64(41)).toBe(42n);
      expect(kit.kit_u64(2n ** 64n - 2n)).toBe(2n ** 64n - 1n);
      expect(kit.kit_f32(0.1)).toBe(Math.fround(0.1) * 2);
      expect(kit.kit_f64(0.1)).toBe(0.2);
      expect(kit.kit_f64(Number.NaN)).toBeNaN();
      expect(kit.kit_not(true)).toBe(false);
      expect(kit.kit_char(200)).toBe(-56);
      expect(kit.kit_long(41)).toBe(42);
      expect(kit.kit_size(41)).toBe(42);
      expect(kit.kit_add(2, 3)).toBe(5);
      expect(kit.kit_mix(-1, 2, 3n, 0.5, 0.25, 4)).toBe(8.75);
      expect(kit.kit_nothing()).toBeUndefined();
    });

    test('the table has the sizes of the target', () => {
      expect(kit.kit_sizeof_long()).toBe(target.backend === 'wasm' ? 4 : 8);
      expect(kit.kit_sizeof_pointer()).toBe(target.backend === 'wasm' ? 4 : 8);
      expect(kit.kit_sizeof_record()).toBe(kit.table.structs.kit_record?.size);
      expect(kit.table.constants.KIT_VERSION?.value).toBe(3);
      expect(kit.table.constants.KIT_NAME?.value).toBe('kit');
      expect(kit.variable('kit_counter').read()).toBe(42);
    });

    test('arrays are passed in, out and both ways', () => {
      expect(kit.kit_sum(Float64Array.of(1, 2, 3.5), 3)).toBe(6.5);
      expect(kit.kit_sum([1, 2, 3.5], 3)).toBe(6.5);
      const filled = new Float64Array(4);
      kit.kit_fill(4, filled);
      expect([...filled]).toEqual([0, 1, 2, 3]);
      kit.kit_scale(filled, 4, 2);
      expect([...filled]).toEqual([0, 2, 4, 6]);
      kit.kit_scale(filled.subarray(1, 3), 2, 10);
      expect([...filled]).toEqual([0, 20, 40, 6]);
      const plain = [1, 2];
      kit.kit_scale(plain, 2, 3);
      expect(plain).toEqual([3, 6]);
      expect(kit.kit_sum_i32(Int32Array.of(5, -7), 2)).toBe(-2);
      expect(kit.kit_dot3([1, 2, 3], [4, 5, 6])).toBe(32);
      expect(kit.kit_sum_bytes(Uint8Array.of(255, 1), 2)).toBe(256n);
      expect(kit.kit_sum_bytes(new Float32Array([0]), 4)).toBe(0n);
      expect(kit.kit_sum_bytes(Uint8Array.of(1, 2).buffer, 2)).toBe(3n);
      const [quotient, remainder] = [new Int32Array(1), kit.ref('int')];
      kit.kit_divide(17, 5, quotient, remainder);
      expect([quotient[0], remainder.at(0)]).toEqual([3, 2]);
      remainder.dispose();
    });

    test('directions avoid copies: out is not read, in is not written', () => {
      const array = Float64Array.of(7, 7);
      kit.kit_fill(2, kit.out(array));
      expect([...array]).toEqual([0, 1]);
      kit.kit_scale(kit.in(array), 2, 5);
      if (target.backend === 'wasm') expect([...array]).toEqual([0, 1]);
      kit.kit_scale(kit.inout(array), 2, 1);
    });

    test('client-side memory belongs to C: it is not copied, and dispose() frees it', () => {
      const before = kit.liveBytes;
      const array = kit.alloc('double', 1000);
      expect(kit.liveBytes - before).toBe(8000);
      kit.kit_fill(1000, array);
      expect([array.length, array.at(0), array.at(-1)]).toEqual([1000, 0, 999]);
      array.set(0, 5);
      expect(kit.kit_sum(array, 2)).toBe(6);
      expect(array.use((view) => view.length)).toBe(1000);
      expect(BigInt(kit.kit_address(array))).toBe(BigInt(array.address));
      array.dispose();
      array.dispose();
      expect(kit.liveBytes).toBe(before);
      expect(thrown(() => kit.kit_sum(array, 2)).tag).toBe('Disposed');
    });

    test('library-side memory has an owner', () => {
      const pointer = kit.kit_make(5);
      expect(pointer.read(3)).toBe(3);
      expect(kit.kit_live()).toBe(1);
      const array = kit.owned(pointer, { length: 5, free: 'kit_free' });
      expect(array.toArray()).toEqual([0, 1, 2, 3, 4]);
      expect([...array.toTypedArray()]).toEqual([0, 1, 2, 3, 4]);
      array.dispose();
      expect(kit.kit_live()).toBe(0);
      expect(thrown(() => pointer.read()).tag).toBe('Disposed');
    });

    test('rows are passed to C as T **, from every memory', () => {
      const rows = new BufferCollection2D([Float64Array.of(1, 2), Float64Array.of(3, 4)]);
      expect(kit.kit_rows_sum(rows, 2, 2)).toBe(10);
      kit.kit_rows_scale(rows, 2, 2, 10);
      expect(rows.toArray()).toEqual([
        [10, 20],
        [30, 40],
      ]);
      const own = IndirectMemory2D.create(2, 3, 'd', { memory: kit.memory });
      own.set(1, 2, 5);
      kit.kit_rows_scale(own, 2, 3, 2);
      expect(own.at(1, 2)).toBe(10);
      expect(kit.kit_rows_sum(own, 2, 3)).toBe(10);
      own.dispose();
    });

    test('a double ** from C is wrapped, with the object that keeps it alive', () => {
      const pointer = kit.kit_rows_make(3, 4);
      expect(kit.kit_live()).toBe(1);
      const memory = IndirectMemory2D.fromPointerWithKeeper(pointer, 3, 4, undefined, () =>
        kit.kit_rows_free(pointer, 3),
      );
      expect(memory.format).toBe('d');
      expect(memory.at(2, 3)).toBe(203);
      memory.set(0, 0, 1000);
      expect(kit.kit_rows_sum(pointer, 1, 1)).toBe(1000);
      memory.dispose();
      expect(kit.kit_live()).toBe(0);
    });

    test('text is passed both ways as UTF-8', () => {
      expect(kit.kit_hello()).toBe('grüß dich');
      expect(kit.kit_length('grüß')).toBe(6);
      expect(kit.kit_none()).toBeNull();
      const out = kit.alloc('char', 8);
      kit.kit_upper('hello, world', out, 8);
      expect(out.text()).toBe('HELLO, ');
      out.dispose();
      expect(kit.kit_total(['one', 'three', null], 3)).toBe(108);
      const bytes = new Uint8Array(8);
      kit.kit_upper('abc', bytes, 8);
      expect(String.fromCharCode(...bytes.subarray(0, 3))).toBe('ABC');
    });

    test('records are objects', () => {
      expect(kit.kit_norm({ x: 3, y: 4 })).toBe(5);
      const point = { x: 1, y: 2 };
      kit.kit_move(point, 10, 20);
      expect(point).toEqual({ x: 11, y: 22 });
      const points = [{ x: 3, y: 4 }, point];
      expect(kit.kit_norm(points)).toBe(5);
      kit.kit_move(points, 10, 20);
      expect(points).toEqual([{ x: 13, y: 24 }, point]);
      const record = { name: 'begin', flag: 2, count: 40, where: { x: 1.5, y: 0 }, weights: [1, 2, 0], data: null };
      kit.kit_describe(record);
      expect(record).toEqual({
        name: 'done',
        flag: 2,
        count: 42,
        where: { x: 3, y: 0 },
        weights: [1, 2, 3],
        data: null,
      });
      const records = kit.alloc('kit_record', 2);
      records.set(1, { name: 'second', count: 1 });
      expect(records.at(1)).toMatchObject({ name: 'second', count: 1, where: { x: 0, y: 0 } });
      records.dispose();
    });

    test('structs pass by value', () => {
      expect(kit.kit_middle({ x: 0, y: 0 }, { x: 2, y: 4 })).toEqual({ x: 1, y: 2 });
      expect(thrown(() => kit.kit_middle({ x: 0 }, { z: 1 })).message).toMatch(
        /field "z", which struct kit_point lacks/,
      );
    });

    test('enums accept numbers and names', () => {
      expect(kit.kit_next('KIT_SLOW')).toBe(5);
      expect(kit.kit_next(5)).toBe(-1);
      expect(thrown(() => kit.kit_next('KIT_SLO')).message).toMatch(/did you mean "KIT_SLOW"/);
    });

    test('callbacks are called, kept and released', () => {
      expect(kit.kit_each(4, (value: number) => value * value, null)).toBe(14);
      expect(kit.kit_integrate((x: number) => x * x, 0, 1, 1000)).toBeCloseTo(1 / 3, 6);
      const values = Float64Array.of(3, 1, 2);
      kit.kit_sort(values, 3, (a: { read(): number }, b: { read(): number }) => Math.sign(a.read() - b.read()));
      expect([...values]).toEqual([1, 2, 3]);
      const kept = kit.callback('kit_visit', (value: number) => value + 1);
      kit.kit_keep(kept);
      expect(kit.kit_call_kept(6)).toBe(7);
      kit.kit_keep(null);
      expect(kit.kit_each_of(3, { visit: kept, user: null })).toBe(6);
      expect(kit.kit_each_of(3, { visit: null, user: null })).toBe(-1);
      expect(thrown(() => kit.kit_each_of(3, { visit: 5, user: null })).message).toMatch(
        /needs null, a callback\(\) or/,
      );
      kept.dispose();
      expect(thrown(() => kit.kit_keep(kept)).tag).toBe('Disposed');
      expect(kit.kit_wide((value: bigint) => value * 2n)).toBe(2n ** 41n);
      expect(kit.callable(kit.kit_doubler())(21, null)).toBe(42);
      let said: unknown;
      kit.kit_say((text: string) => {
        said = text;
      });
      expect(said).toBe('from C');
    });

    test('a callback that throws returns zero to C, and the call throws', () => {
      const seen: number[] = [];
      const error = thrown(() =>
        kit.kit_each(
          3,
          (value: number) => {
            seen.push(value);
            if (value === 1) throw new RangeError('enough');
            return 1;
          },
          null,
        ),
      );
      expect(error).toBeInstanceOf(RangeError);
      expect(seen).toEqual([0, 1, 2]);
      expect(kit.kit_each(2, () => 1, null)).toBe(2);
      expect(thrown(() => kit.kit_each(1, () => 'x', null)).message).toMatch(/what the callback returned is "x"/);
    });

    test('handles are freed once', () => {
      const account = kit.kit_account_new(10);
      kit.kit_account_deposit(account, 5);
      expect(kit.kit_account_balance(account)).toBe(15);
      account.dispose();
      account.dispose();
      expect(kit.kit_live()).toBe(0);
      expect(thrown(() => kit.kit_account_balance(account))).toMatchObject({ tag: 'Disposed' });
      const out = [null];
      expect(kit.kit_account_open(3, out)).toBe(0);
      const opened = out[0] as unknown as object;
      expect(kit.kit_account_balance(opened)).toBe(3);
      kit.kit_account_free(opened);
      expect(thrown(() => kit.kit_account_free(opened)).message).toMatch(/was given to kit_account_free\(\)/);
    });

    test.runIf(target.backend === 'wasm')('what JavaScript writes while a worker works is not undone', async () => {
      const memory = kit.alloc('double', 4);
      const array = new Float64Array(6).subarray(1, 5);
      const given: [shared: unknown, write: (value: number) => void, read: () => number[]][] = [
        [array, (value) => array.fill(value), () => [...array]],
        [memory, (value) => memory.copyFrom([value, value, value, value]), () => memory.toArray()],
      ];
      for (const [shared, write, read] of given) {
        write(2);
        const call = rejected(kit.kit_scale.async(shared, 4, 3));
        write(5);
        expect((await call).message).toMatch(
          /^JavaScript changed an array while kit_scale\.async\(\) worked on a copy/,
        );
        expect(read()).toEqual([5, 5, 5, 5]);
        const only = kit.kit_scale.async(kit.in(shared), 4, 3);
        write(7);
        await only;
        await kit.kit_scale.async(shared, 4, 3);
        expect(read()).toEqual([21, 21, 21, 21]);
      }
      memory.dispose();
    });

    test.runIf(target.backend === 'wasm')('two calls in workers do not write back the same array', async () => {
      const array = Float64Array.of(1, 2, 3, 4);
      const memory = kit.alloc('double', 4);
      for (const shared of [array, [1, 2, 3, 4], memory]) {
        const first = kit.kit_scale.async(shared, 2, 2);
        const second = await rejected(kit.kit_scale.async(shared, 2, 3));
        expect(`${second.tag}: ${second.message}`).toMatch(/^Argument: kit_scale\.async\(\) .*; await that call first/);
        // What is only read, or lies beside it, is nobody's.
        await Promise.all([first, kit.kit_scale.async(kit.in(shared), 2, 3)]);
        await kit.kit_scale.async(shared, 2, 3);
      }
      await Promise.all([0, 2].map((at) => kit.kit_scale.async(array.subarray(at, at + 2), 2, 2)));
      expect([...array]).toEqual([12, 24, 6, 8]);
      memory.dispose();
    });

    test('disposal while an asynchronous call runs', async () => {
      const own = await openKit(target);
      const running = own.kit_sum.async(Float64Array.of(1, 2), 2);
      own.dispose();
      // Native C code runs to its end; that of a wasm module ends with its worker.
      if (target.backend === 'native') await expect(running).resolves.toBe(3);
      else await expect(running).rejects.toMatchObject({ tag: 'Disposed' });
    });

    test('calls can run outside the main thread', async () => {
      await expect(kit.kit_add.async(2, 3)).resolves.toBe(5);
      await expect(kit.kit_sum.async(Float64Array.of(1, 2), 2)).resolves.toBe(3);
      const array = new Float64Array(3);
      await kit.kit_fill.async(3, array);
      expect([...array]).toEqual([0, 1, 2]);
      const own = kit.alloc('double', 2);
      await kit.kit_fill.async(2, own);
      expect(own.toArray()).toEqual([0, 1]);
      own.dispose();
      await expect(kit.kit_hello.async()).resolves.toBe('grüß dich');
      await expect(kit.kit_i64.async(2n ** 60n)).resolves.toBe(2n ** 60n + 1n);
      await expect(kit.kit_add.async(1)).rejects.toMatchObject({ tag: 'Argument' });
      if (target.backend === 'native') {
        await expect(kit.kit_each.async(3, (value: number) => value, null)).resolves.toBe(3);
        return;
      }
      await expect(kit.kit_each.async(3, () => 1, null)).rejects.toMatchObject({ tag: 'Unsupported' });
    });

    test('10⁴ refused asynchronous calls leave nothing behind', { tags: 'all' }, async () => {
      // Rows and texts are laid out for C before the last argument is refused.
      const before = kit.liveBytes;
      const rows = new BufferCollection2D([Float64Array.of(1, 2)]);
      const calls = [
        () => kit.kit_rows_sum.async(rows, 1, 2.5),
        () => kit.kit_rows_sum.async([[1, 2]], 1, 2.5),
        () => kit.kit_total.async(['one', 'two'], 2.5),
        () => kit.kit_each.async(1.5, (value: number) => value, null),
      ];
      for (let i = 0; i < 10_000; i++) {
        const refusal = await (calls[i % 4] as () => Promise<unknown>)().catch((error: unknown) => error);
        if (!(refusal instanceof Error)) throw new Error(`call ${i} was not refused`);
      }
      expect([kit.liveBytes - before, rows.lockCount]).toEqual([0, 0]);
    });
  });
}

const native = absent('gcc', 'koffi');
describe.skipIf(native)(`no copy on native${native ? ` (absent: ${native})` : ''}`, () => {
  test('10⁶ elements are passed by their address', async () => {
    const kit = await openKit(targets[0] as (typeof targets)[number]);
    const array = new Float64Array(1e6);
    // C receives the same address in every call, and a subarray is at its offset in the array.
    const address = kit.kit_address(array);
    expect(kit.kit_address(array)).toBe(address);
    expect(kit.kit_address(array.subarray(1000))).toBe(address + 8000);
    kit.kit_fill(1e6, array);
    expect(array[999_999]).toBe(999_999);
    expect(kit.kit_sum(array, 1e6)).toBe(499_999_500_000);
    const rows = new BufferCollection2D([array.subarray(0, 10), array.subarray(10, 20)]);
    const staged = rows.stage(kit.memory);
    staged.set(1, 9, -1);
    expect(array[19]).toBe(-1);
    staged.dispose();
    kit.dispose();
  });
});

const fortran = absent('gfortran', 'koffi');
describe.skipIf(fortran)(`Fortran${fortran ? ` (absent: ${fortran})` : ''}`, () => {
  test('bind(C) functions with arguments by reference, through a header', async () => {
    const kit: Kit = await getLibHandle({
      header: 'kit_fortran.h',
      includeDir: fixtures,
      library: 'kit_fortran',
      buildDir: buildFortran(),
      backend: 'native',
    });
    expect(kit.kit_f_add(2, 3)).toBe(5);
    const array = new Float64Array(4);
    kit.kit_f_fill(4, array);
    expect([...array]).toEqual([0, 1, 2, 3]);
    expect(kit.kit_f_sum(array, 4)).toBe(6);
    kit.kit_f_scale_(array, 4, 2.5);
    expect([...array]).toEqual([0, 2.5, 5, 7.5]);
    expect(kit.kit_f_mean_(array, Int32Array.of(4))).toBe(3.75);
    kit.dispose();
  });
});
