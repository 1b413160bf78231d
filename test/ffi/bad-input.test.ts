// Invalid input that a binding refuses, and the messages.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { getLibHandle as getInBrowser } from '../../src/entries/ffi.js';
import { getLibHandle, toolsOf } from '../../src/entries/ffi.node.js';
import { IndirectMemory2D } from '../../src/entries/memory.js';
import { identify } from '../../src/ffi/native/identify.js';
import { absent, fixtures, type Kit, openKit, rejected, targets, thrown } from './support.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-bad-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const target of targets) {
  describe.skipIf(target.absent)(`${target.backend}${target.absent ? ` (absent: ${target.absent})` : ''}`, () => {
    let kit: Kit;
    const refusal = (work: () => unknown): string => {
      const error = thrown(work);
      return `${error.tag}: ${error.message}`;
    };
    beforeAll(async () => {
      kit = await openKit(target);
    });
    afterAll(() => kit.dispose());

    test('the number of arguments', () => {
      expect(refusal(() => kit.kit_add(1))).toBe(
        'Argument: kit_add() got 1 argument; expected 2: int kit_add(int a, int b)',
      );
      expect(refusal(() => kit.kit_add(1, 2, 3))).toMatch(/got 3 arguments/);
      expect(refusal(() => kit.kit_hello(1))).toMatch(/expected 0/);
      expect(refusal(() => kit.kit_sum([1]))).toMatch(/got 1 argument; expected 2/);
    });

    test('types and ranges of numbers', () => {
      expect(refusal(() => kit.kit_add('1', 2))).toMatch(
        /^Argument: kit_add\(\): argument 1 \(a\) is "1"; int needs a whole number in range, -2147483648 to 2147483647/,
      );
      expect(refusal(() => kit.kit_add(1, Number.NaN))).toMatch(/argument 2 \(b\) is NaN; int needs a whole number/);
      for (const value of [1.5, 2 ** 31, -(2 ** 31) - 1, Number.POSITIVE_INFINITY, null, undefined, {}, 2n ** 40n])
        expect(refusal(() => kit.kit_i32(value))).toMatch(/^Argument: /);
      expect(kit.kit_i32(5n)).toBe(6);
      for (const value of [-1, 256])
        expect(refusal(() => kit.kit_u8(value))).toMatch(/needs a whole number in range, 0 to 255/);
      for (const value of [-129, 128]) expect(refusal(() => kit.kit_i8(value))).toMatch(/-128 to 127/);
      expect(refusal(() => kit.kit_u64(-1))).toMatch(/0 to 18446744073709551615/);
      expect(refusal(() => kit.kit_i64(2n ** 63n))).toMatch(/in range/);
      expect(refusal(() => kit.kit_i64(2 ** 60))).toMatch(/beyond 2\^53 a bigint/);
      expect(refusal(() => kit.kit_f64('1'))).toMatch(/double needs a number/);
      expect(refusal(() => kit.kit_f64(1n))).toMatch(/double needs a number/);
      expect(refusal(() => kit.kit_not(2))).toMatch(/bool needs true or false/);
      expect(refusal(() => kit.kit_size(-1))).toMatch(/size_t needs/);
      if (target.backend === 'native')
        // Beyond 2^53 the result is a bigint.
        expect(kit.kit_long(2n ** 60n)).toBe(2n ** 60n + 1n);
      else expect(refusal(() => kit.kit_long(2 ** 31))).toMatch(/long needs/);
    });

    test('types of arrays', () => {
      expect(refusal(() => kit.kit_sum(new Float32Array(2), 2))).toBe(
        'Argument: kit_sum(): argument 1 (values) is a Float32Array; const double * needs a Float64Array',
      );
      expect(refusal(() => kit.kit_sum_i32(new Uint32Array(2), 2))).toMatch(/needs an Int32Array/);
      expect(refusal(() => kit.kit_sum('x', 1))).toMatch(
        /is "x"; const double \* needs a Float64Array, memory from alloc\(\), a pointer or null/,
      );
      expect(refusal(() => kit.kit_sum({}, 1))).toMatch(/is an Object/);
      expect(refusal(() => kit.kit_sum([1, 'x'], 2))).toMatch(/\[1\] is "x"/);
      expect(refusal(() => kit.kit_fill(1, 5))).toMatch(/needs an array of one element, or ref\(\)/);
      expect(refusal(() => kit.kit_upper('a', 'b', 1))).toMatch(/the text of JavaScript cannot change/);
      expect(refusal(() => kit.kit_length('a\0b'))).toMatch(/text that contains a NUL/);
      expect(refusal(() => kit.kit_length('a\ud800b'))).toMatch(/half of a pair of UTF-16/);
      expect(refusal(() => kit.kit_sum(kit.out(new Float64Array(1)), 1))).toMatch(
        /marked out, but const double \* is const/,
      );
      expect(refusal(() => kit.kit_account_balance({}))).toMatch(/opaque; pass the handle/);
      expect(refusal(() => kit.kit_norm({ x: 1, z: 2 }))).toMatch(
        /field "z", which const struct kit_point lacks; it has x, y/,
      );
      expect(refusal(() => kit.kit_norm({ x: 'a' }))).toMatch(/\.x is "a"/);
      expect(refusal(() => kit.kit_each(1, 5, null))).toMatch(/needs a function, a callback\(\) or null/);
      expect(refusal(() => kit.kit_account_balance(kit.kit_flat()))).toMatch(
        /points at int; const kit_account_t \* needs const kit_account_t/,
      );
    });

    test('detached, resizable and short arrays', () => {
      const gone = new Float64Array(2);
      structuredClone(gone.buffer, { transfer: [gone.buffer] });
      expect(refusal(() => kit.kit_sum(gone, 2))).toMatch(/^Shape: .*transferred away \(detached\)/);
      expect(refusal(() => kit.kit_rows_sum([new Float64Array(2), gone], 2, 2))).toMatch(
        /^Shape: .*\(rows\)\[1\] is an array whose buffer was transferred away/,
      );
      expect(refusal(() => kit.kit_dot3([1, 2], [1, 2, 3]))).toBe(
        'Shape: kit_dot3(): argument 1 (a) has 2 elements; expected at least 3',
      );
      expect(refusal(() => kit.kit_counted(3, new Float64Array(2)))).toBe(
        'Shape: kit_counted(): argument 2 (values) has 2 elements; expected at least 3 (n is 3)',
      );
      const three = new Float64Array(3);
      kit.kit_counted(3, three);
      expect([...three]).toEqual([0, 1, 2]);
    });

    test('arrays without elements, unless an integer of the call is 0', () => {
      const reserved = kit.alloc('double', 0);
      for (const none of [new Float64Array(0), new ArrayBuffer(0), [], kit.in([]), reserved])
        expect(refusal(() => kit.kit_sum(none, 2))).toMatch(
          /^Shape: kit_sum\(\): argument 1 \(values\) is an array without elements.* at least one element, or null/,
        );
      reserved.dispose();
      expect(refusal(() => kit.kit_norm([]))).toMatch(/^Shape: .*without elements/);
      for (const none of [new Float64Array(0), []]) {
        expect(kit.kit_sum(none, 0)).toBe(0);
        kit.kit_counted(0, none);
      }
    });

    test('lengths can be declared by the caller', async () => {
      const checked = await openKit(target, { lengths: { kit_fill: { array: 'count' }, kit_dot3: { a: 4 } } });
      expect(refusal(() => checked.kit_fill(3, new Float64Array(2)))).toMatch(/expected at least 3 \(count is 3\)/);
      expect(refusal(() => checked.kit_dot3([1, 2, 3], [1, 2, 3]))).toMatch(/at least 4/);
      expect(refusal(() => checked.kit_dot3(null, [1, 2, 3]))).toMatch(/has null; expected at least 4/);
      checked.dispose();
      expect((await rejected(openKit(target, { lengths: { kit_fil: {} } }))).message).toMatch(
        /lengths names "kit_fil"/,
      );
      const wrong = await openKit(target, { lengths: { kit_fill: { arr: 'count' } } });
      expect(refusal(() => wrong.kit_fill)).toMatch(/no such parameter/);
      wrong.dispose();
    });

    test('undeclared names, with similar ones', () => {
      expect(refusal(() => kit.kit_ad(1, 2))).toBe(
        `Argument: ${kit.table.header} declares no function "kit_ad"; did you mean "kit_add"?`,
      );
      expect(refusal(() => kit.sine(1))).toMatch(
        /declares no function "sine"; one that is static, .* one of the C library only through the header that declares it/,
      );
      expect(refusal(() => kit.KIT_VERSION)).toMatch(/is a constant of .*table\.constants\.KIT_VERSION\.value/);
      expect(refusal(() => kit.KIT_FAST)).toMatch(/is a constant of .*table\.enums\['kit_mode'\]\.values\.KIT_FAST/);
      expect(refusal(() => kit.kit_counter)).toMatch(/is a variable of .*call variable\('kit_counter'\)/);
      expect(refusal(() => kit.variable('kit_count'))).toMatch(/did you mean "kit_counter"/);
      expect(refusal(() => kit.alloc('kit_recrd'))).toMatch(/unknown type name "kit_recrd"; did you mean "kit_record"/);
      expect(refusal(() => kit.alloc('double double'))).toMatch(/is not a type/);
      expect(refusal(() => kit.alloc('kit_account_t'))).toMatch(/the header keeps it opaque/);
      // A name that a table lacks is undefined.
      for (const none of [undefined, null, 5, {}])
        for (const call of [kit.alloc, kit.ref, kit.callback, kit.pointer])
          expect(refusal(() => call.call(kit, none, 1))).toMatch(
            /^Argument: the type is .*; expected a type in C's notation/,
          );
      expect(refusal(() => kit.callback('int', () => 0))).toMatch(/needs a function type/);
      expect(refusal(() => kit.owned(kit.kit_flat(), { length: 1, free: 'kit_fre' }))).toMatch(
        /did you mean "kit_free"/,
      );
      expect(refusal(() => kit.owned(null, { length: 1 }))).toMatch(/the library returned no memory/);
    });

    test('places between elements, texts of numbers, addresses that are none', () => {
      const memory = kit.alloc('double', 4);
      const pointer = kit.pointer('double', memory.address) ?? expect.fail();
      for (const index of [0.5, Number.NaN, '1', null])
        for (const at of [() => pointer.read(index as never), () => pointer.write(8, index as never)])
          expect(refusal(at)).toMatch(/the index is .*; expected a whole number/);
      expect([0, 1, 2, 3].map((i) => memory.at(i))).toEqual([0, 0, 0, 0]);
      expect(refusal(() => pointer.text())).toMatch(/text\(\) reads bytes, and this is a double \*/);
      for (const address of [-5, 1.5, -1n])
        expect(refusal(() => kit.pointer('double', address))).toMatch(/the address/);
      expect(refusal(() => kit.owned(pointer, { length: 1.5 }))).toMatch(/owned: the length is 1\.5/);
      memory.dispose();
    });

    test('a declared function that the library lacks is reported at its first use, or at once', async () => {
      const header = {
        source: 'int kit_add(int a, int b);\nint kit_ads(int a);\nint nothing_like_it(void);',
        name: 'more.h',
      };
      const more = await openKit(target, { header });
      expect(more.kit_add(1, 2)).toBe(3);
      expect(refusal(() => more.kit_ads(1))).toMatch(
        /^Load: the header declares kit_ads, but the library kit does not have it; it has kit_ad/,
      );
      expect(refusal(() => more.nothing_like_it())).toMatch(/none of the \d+ names in it is similar/);
      more.dispose();
      expect((await rejected(openKit(target, { header, strict: true }))).message).toMatch(/declares kit_ads/);
    });

    test('use after dispose', async () => {
      const other = await openKit(target);
      const account = other.kit_account_new(1);
      const array = other.alloc('double', 2);
      const callback = other.callback('kit_visit', () => 0);
      const { kit_add, kit_sum, kit_hello } = other;
      account.dispose();
      other.dispose();
      other.dispose();
      for (const use of [
        () => kit_add(1, 2),
        () => kit_sum([1], 1),
        () => kit_hello(),
        () => other.alloc('int'),
        () => array.at(0),
        () => callback.address,
      ]) {
        expect(refusal(use)).toMatch(/^Disposed: the library kit was disposed/);
      }
      expect((await rejected(kit_add.async(1, 2))).tag).toBe('Disposed');
      callback.dispose();
      array.dispose();
    });

    test('objects of another library', async () => {
      const other = await openKit(target, { name: 'other' });
      const account = other.kit_account_new(1);
      const balance = () => kit.kit_account_balance(account);
      // Native libraries share the memory of the process, and the struct is of the same header.
      if (target.backend === 'native') expect(balance()).toBe(1);
      else expect(refusal(balance)).toMatch(/belongs to the library other, not to kit/);
      account.dispose();
      other.dispose();
    });

    test('handles and their release', async () => {
      expect((await rejected(openKit(target, { handles: { kit_acount_t: 'kit_account_free' } }))).message).toMatch(
        /handles names "kit_acount_t"/,
      );
      expect((await rejected(openKit(target, { handles: { kit_account_t: 'kit_acount_free' } }))).message).toMatch(
        /did you mean "kit_account_free"/,
      );
      const headed = await openKit(target, {
        header: { source: 'typedef struct kit_account kit_account_t; kit_account_t *kit_account_new(double x);' },
      });
      const orphan = headed.kit_account_new(1);
      expect(refusal(() => orphan.dispose())).toMatch(/no known function frees a kit_account_t/);
      kit.kit_account_free(
        kit.pointer('kit_account_t', headed.backend === 'native' ? orphan.address : kit.kit_account_new(1).address),
      );
      headed.dispose();
    });

    test('an array that is part of a memory cannot be disposed of, and a locked memory cannot be reinterpreted', () => {
      const array = kit.alloc('double', 2);
      const memory = IndirectMemory2D.fromRows([array]);
      expect(thrown(() => array.dispose())).toMatchObject({ code: 'LOCKED' });
      const view = memory.view();
      expect(thrown(() => memory.reinterpret('q'))).toMatchObject({ code: 'LOCKED' });
      view.dispose();
      memory.dispose();
      array.dispose();
    });

    test('allocation beyond the available memory', () => {
      expect(refusal(() => kit.alloc('double', -1))).toMatch(/^Argument: the length is -1/);
      expect(refusal(() => kit.alloc('double', 2 ** 44))).toMatch(/^OutOfMemory/);
      const array = kit.alloc('int', 2);
      expect(refusal(() => array.at(2))).toMatch(/element 2 is outside; there are 2/);
      expect(refusal(() => array.copyFrom([1, 2, 3]))).toMatch(/more values than the 2 elements/);
      expect(refusal(() => array.set(0, 2 ** 31))).toMatch(/element 0 is 2147483648/);
      array.dispose();
    });
  });
}

describe('opening', () => {
  const header = { source: 'int kit_add(int a, int b);' };

  test('a missing library: every path is named', async () => {
    const error = await rejected(getLibHandle({ header, library: 'nothing', buildDir: folder }));
    expect(error.tag).toBe('Load');
    expect(error.message).toContain(
      join(folder, 'lib', process.platform === 'darwin' ? 'libnothing.dylib' : 'libnothing.so'),
    );
    expect(error.message).toContain(join(folder, 'nothing.wasm'));
    expect(error.message).toMatch(/in which folder it was built with buildDir/);
    expect((await rejected(getLibHandle({ header, library: 'nothing' }))).message).toMatch(
      /no folder to look in is given/,
    );
  });

  test('a missing header', async () => {
    expect(
      (
        await rejected(
          getLibHandle({ header: 'no.h', includeDir: folder, library: 'x' }).catch(async (error) =>
            error.tag === 'Load' && /library/.test(error.message) ? Promise.reject(error) : Promise.reject(error),
          ),
        )
      ).tag,
    ).toBe('Load');
    writeFileSync(join(folder, 'some.wasm'), '');
    expect(
      (await rejected(getLibHandle({ header: 'no.h', includeDir: folder, library: 'some', buildDir: folder }))).message,
    ).toMatch(/the header no\.h was not found; tried .*no\.h/);
  });

  test('options with a typing error', async () => {
    expect((await rejected(getLibHandle({ header, library: 'x', buidDir: '.' } as never))).message).toMatch(
      /did you mean "buildDir"/,
    );
    expect((await rejected(getLibHandle({ header, library: 'x', backend: 'wsam' as never }))).message).toMatch(
      /expected auto, native or wasm/,
    );
    expect((await rejected(getLibHandle({ header } as never))).message).toMatch(/needs a library/);
    expect((await rejected(getLibHandle(undefined as never))).tag).toBe('Argument');
    expect(thrown(() => toolsOf({})).tag).toBe('Argument');
  });

  test('files that are not a library, or one for another processor', async () => {
    // biome-ignore format: a header of sixteen bytes and a machine
    const foreign = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 21, 0, ...new Uint8Array(100));
    expect(identify(foreign)).toEqual({ kind: 'ELF', arch: 'ppc64' });
    expect(identify(Uint8Array.of(0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1, ...new Uint8Array(30)))).toEqual({
      kind: 'Mach-O',
      arch: 'arm64',
    });
    expect(identify(new Uint8Array(3))).toEqual({ kind: 'unknown' });
    if (absent('koffi') || process.platform !== 'linux') return;
    const open = async (name: string, bytes: Uint8Array | string): Promise<string> => {
      writeFileSync(join(folder, name), bytes);
      return (await rejected(getLibHandle({ header, library: join(folder, name), backend: 'native' }))).message;
    };
    expect(await open('libforeign.so', foreign)).toMatch(/is built for ppc64; this process runs on x64|arm64/);
    expect(await open('libtext.so', 'not a library at all, but text')).toMatch(/is not a library; linux loads ELF/);
    expect(await open('liba.so', '!<arch>\n a static archive')).toMatch(/static archive; build a shared library/);
    expect(await open('libw.so', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...new Uint8Array(30)))).toMatch(
      /is a wasm module, not a native library/,
    );
    expect(await open('libm.so', Uint8Array.of(0xcf, 0xfa, 0xed, 0xfe, ...new Uint8Array(30)))).toMatch(
      /is a Mach-O library; linux loads ELF/,
    );
    expect(
      await open(
        'libcut.so',
        Uint8Array.of(...foreign.subarray(0, 18), process.arch === 'x64' ? 62 : 183, 0, ...new Uint8Array(100)),
      ),
    ).toMatch(/does not load: /);
  });

  test('wasm modules that cannot be libraries', async () => {
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    expect((await rejected(getLibHandle({ header, library: empty }))).message).toMatch(/exports no "memory"/);
    expect((await rejected(getLibHandle({ header, library: Uint8Array.of(1, 2, 3) }))).message).toMatch(
      /is not a wasm module that this engine accepts/,
    );
    // (module (import "env" "table" (table 0 funcref)))
    const needs = Uint8Array.of(...empty, 2, 15, 1, 3, 101, 110, 118, 5, 116, 97, 98, 108, 101, 1, 0x70, 0, 0);
    expect((await rejected(getLibHandle({ header, library: needs }))).message).toMatch(
      /imports the table env\.table; pass it/,
    );
    // (module (memory (export "memory") 1) (func (export "kit_add") (param i32) (result i32) local.get 0))
    const narrow = Uint8Array.of(
      ...empty,
      1,
      6,
      1,
      0x60,
      1,
      0x7f,
      1,
      0x7f,
      3,
      2,
      1,
      0,
      5,
      3,
      1,
      0,
      1,
      7,
      20,
      2,
      6,
      109,
      101,
      109,
      111,
      114,
      121,
      2,
      0,
      7,
      107,
      105,
      116,
      95,
      97,
      100,
      100,
      0,
      0,
      10,
      6,
      1,
      4,
      0,
      0x20,
      0,
      0x0b,
    );
    const library = await getLibHandle<Kit>({ header: { source: 'int kit_add(int a, int b);' }, library: narrow });
    expect(thrown(() => library.kit_add(1, 2)).message).toMatch(
      /which is \(i32, i32\) -> i32 on wasm, but the function of module\.wasm is \(i32\) -> i32/,
    );
    const fits = await getLibHandle<Kit>({
      header: { source: 'int kit_add(int a); int kit_sum(int *a); int va(int a, ...);' },
      library: narrow,
      allowVarargs: true,
    });
    expect(fits.kit_add(5)).toBe(5);
    expect(thrown(() => fits.alloc('int', 1)).message).toMatch(/exports no malloc and free/);
    expect(thrown(() => fits.va).message).toMatch(/takes varargs, which is not supported on wasm/);
    expect(thrown(() => fits.callback('int (*)(int)', () => 0)).message).toMatch(/exports no function table/);
  });

  test('a module with a missing import reports it when it is called', async () => {
    // (module (import "env" "log" (func $log)) (memory (export "memory") 1) (func (export "run") call $log))
    // biome-ignore format: a module, section by section
    const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 11, 1, 3, 101, 110, 118, 3, 108, 111, 103, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1,
      7, 16, 2, 6, 109, 101, 109, 111, 114, 121, 2, 0, 3, 114, 117, 110, 0, 1, 10, 6, 1, 4, 0, 0x10, 0, 0x0b);
    const source = { source: 'void run(void);' };
    const library = await getLibHandle<Kit>({ header: source, library: bytes });
    expect(thrown(() => library.run()).message).toMatch(/calls env\.log, which is not provided; pass it/);
    expect(await rejected(library.run.async())).toMatchObject({
      tag: 'Unsupported',
      message: expect.stringMatching(/calls env\.log, which is not provided, so that it cannot be called async/),
    });
    const log = vi.fn();
    const given = await getLibHandle<Kit>({ header: source, library: bytes, imports: { env: { log } } });
    given.run();
    expect(log).toHaveBeenCalledOnce();
  });

  test('in a browser, files and native libraries are refused', async () => {
    expect((await rejected(getInBrowser({ header, library: 'pi' }))).message).toMatch(
      /pi is relative to an address that is not known here/,
    );
    expect((await rejected(getInBrowser({ header: 'pi.h', library: new Uint8Array(8) }))).message).toMatch(
      /a file, which a browser cannot read/,
    );
    expect((await rejected(getInBrowser({ header, library: new Uint8Array(8), backend: 'native' }))).message).toMatch(
      /native libraries need Node/,
    );
  });

  test.skipIf(absent('gcc', 'koffi'))('a function that was compiled as C++', async () => {
    writeFileSync(join(folder, 'mangled.cpp'), 'int mangled_one(int x) { return x; }');
    // With -g, the plain name is in the file as well.
    execFileSync('gcc', ['-g', '-shared', '-fPIC', '-x', 'c++', 'mangled.cpp', '-o', 'libmangled.so'], { cwd: folder });
    const library = await getLibHandle<Kit>({
      header: { source: 'int mangled_one(int x);' },
      library: 'mangled',
      buildDir: folder,
      backend: 'native',
    });
    expect(thrown(() => library.mangled_one(1)).message).toMatch(
      /it has _Z11mangled_onei, so it was compiled as C\+\+: declare it extern "C"/,
    );
    library.dispose();
  });

  test.skipIf(absent('gcc', 'koffi'))('varargs need types', async () => {
    const library = await openKit(targets[0] as (typeof targets)[number], {
      header: { source: 'int kit_add(int a, ...);' },
    });
    expect(thrown(() => library.kit_add(1, 2)).message).toMatch(
      /argument 2 is 2; after "..." each argument has its type/,
    );
    expect(thrown(() => library.kit_add(1, ['int', '2'])).message).toMatch(
      /argument 2 is "2"; int needs a whole number/,
    );
    expect(thrown(() => library.kit_add(1, ['intt', 2])).tag).toBe('Format');
    expect(thrown(() => library.kit_add()).message).toMatch(/got 0 arguments/);
    expect((await rejected(library.kit_add.async(1))).message).toMatch(/takes varargs, which cannot be passed off/);
    library.dispose();
  });

  test('without koffi the loader names the missing package', async () => {
    vi.resetModules();
    vi.doMock('koffi', () => {
      throw Object.assign(new Error("Cannot find package 'koffi'"), { code: 'ERR_MODULE_NOT_FOUND' });
    });
    const { loadKoffi } = await import('../../src/ffi/native/koffi.js');
    expect((await rejected(loadKoffi())).message).toMatch(/called through koffi, which .*npm install koffi/);
    vi.doUnmock('koffi');
    vi.resetModules();
  });

  test('the order of arguments in the lesson', async () => {
    if (absent('emcc')) return;
    const target = targets[1] as (typeof targets)[number];
    const library = await getLibHandle<Kit>(['-DKIT_API='], 'kit.h', 'kit', target.build(), fixtures);
    expect(library.backend).toBe('wasm');
    expect(library.kit_add(20, 22)).toBe(42);
    library.dispose();
  });
});
