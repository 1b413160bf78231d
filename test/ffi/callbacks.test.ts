// Callbacks have types, and may be called when they have ended: the right result, or an error with a tag.
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getLibHandle, type Pointer, parseHeader, writeModule } from '../../src/entries/ffi.node.js';
import { absent, buildKeeps, fixtures, type Kit, openKeeps, thrown } from './support.js';

for (const backend of ['native', 'wasm'] as const) {
  const why = backend === 'native' ? absent('gcc', 'koffi') : absent('emcc');
  describe.skipIf(why)(`${backend}${why ? ` (absent: ${why})` : ''}`, () => {
    let lib: Kit;
    beforeAll(async () => {
      lib = await openKeeps(backend);
    });
    afterAll(() => lib.dispose());

    const order = (a: { read(): number }, b: { read(): number }): number => a.read() - b.read();

    test('a callback is compared with what the function takes', () => {
      const values = Int32Array.of(3, 1, 2);
      for (const [type, fits] of [
        ['int (*)(const int *, const int *)', true],
        ['int (*)(const void *, int *)', true],
        ['int (*)(const double *, const double *)', false],
        ['int (*)(int, int)', false],
        ['int (*)(const int *)', false],
        ['int (*)(const int *, const int *, const int *)', false],
        ['double (*)(const int *, const int *)', false],
        ['void (*)(const int *, const int *)', false],
        ['long long (*)(const int *, const int *)', false],
        ['int (*)(const int **, const int **)', false],
        ['int (*)(int (*)(int), const int *)', false],
      ] as const) {
        const callback = lib.callback(type, fits && type.includes('void') ? () => 0 : order);
        const work = (): unknown => lib.keeps_shuffle(values, 3, callback);
        if (fits) work();
        else
          expect(thrown(work), type).toMatchObject({
            tag: 'Argument',
            message: expect.stringMatching(/is a callback .*needs int/),
          });
        callback.dispose();
      }
      expect([...values]).toEqual([1, 2, 3]);
    });

    test('data are no functions, and functions no data', () => {
      const memory = lib.keeps_memory();
      expect(thrown(() => lib.keeps_call_with(1, memory)).message).toMatch(
        /points at void; .*pointer\('TYPE', address\)/,
      );
      expect(thrown(() => lib.keeps_call_with(1, lib.alloc('int'))).message).toMatch(/points at int/);
      const tripler = lib.keeps_tripler();
      expect(lib.keeps_call_with(2, tripler)).toBe(6);
      expect(thrown(() => lib.keeps_shuffle(Int32Array.of(2, 1), 2, tripler)).message).toMatch(
        /points at int \(int value\)|points at/,
      );
      expect(thrown(() => lib.keeps_search(tripler, null, 0, 8, () => 0)).message).toMatch(
        /points at .*needs const void/,
      );
      expect(
        thrown(() =>
          lib.keeps_search(
            lib.callback('keeps_call', () => 0),
            null,
            0,
            8,
            () => 0,
          ),
        ).tag,
      ).toBe('Argument');
    });

    test('text of a stated length is a pointer, which reads so many bytes and no more', () => {
      const pieces: unknown[] = [];
      lib.keeps_pieces('\ufeffabé', 3, null, (_: null, piece: Pointer, length: number) => {
        pieces.push(piece.text(length), [...piece.as('uint8', length).toTypedArray()].length);
      });
      expect(pieces).toEqual(['\ufeff', 3, 'ab\ufffd', 3, '\ufffd', 1]);
      expect(writeModule(lib.table)).toMatch(
        /keeps_pieces.*piece_2: Pointer \| null|piece: Pointer \| null, length: number/,
      );
      // Without a name nothing says that it is a length.
      const source = 'void keeps_pieces(const char *, int, void *, void (*)(void *, const char *, int));';
      const types = writeModule(parseHeader(source));
      expect(types).toMatch(/: string \| null, [a-z_0-9]+: number\) => void/);
      expect(lib.keeps_find('\ufeffabc', 0xef).text()).toBe('\ufeffabc');
    });

    test('a function named then is no promise of the library', async () => {
      const other = await openKeeps(backend, { header: { source: 'int then(void) __asm__("keeps_live");' } });
      expect(other.then_()).toBe(lib.keeps_live());
      other.dispose();
    });

    test('a callback that is disposed in its own call ends there', () => {
      const once = lib.callback('keeps_call', (value: number) => {
        once.dispose();
        return value;
      });
      expect(lib.keeps_call_with(5, once)).toBe(5);
      const twice = lib.callback('keeps_call', (value: number) => {
        twice.dispose();
        return value;
      });
      expect(thrown(() => lib.keeps_call_twice(5, twice))).toMatchObject({
        tag: 'Disposed',
        message: expect.stringMatching(/C called a callback keeps_call after its dispose/),
      });
    });

    test('a function that C keeps beyond its call is no other one later', () => {
      lib.keeps_call_set((value: number) => value + 1);
      const late = /C called the function given as keeps_call_set\(\): argument 1 \(call\) after that call/;
      expect(thrown(() => lib.keeps_call_now(1))).toMatchObject({
        tag: 'Disposed',
        message: expect.stringMatching(late),
      });
      // Others of the same type come and go.
      for (let i = 0; i < 40; i++) expect(lib.keeps_call_with(i, (value: number) => value * 2)).toBe(2 * i);
      expect(thrown(() => lib.keeps_call_with(1, () => lib.keeps_call_now(1))).message).toMatch(late);
      const kept = lib.callback('keeps_call', (value: number) => value + 1);
      lib.keeps_call_set(kept);
      expect(lib.keeps_call_now(1)).toBe(2);
      kept.dispose();
    });

    test('a function of C that is passed to C is called by it, for as long as the library is open', async () => {
      lib.keeps_call_set(lib.keeps_negate);
      expect(lib.keeps_call_now(5)).toBe(-5);
      const table = lib.alloc('keeps_call', 2).copyFrom([null, lib.keeps_negate]);
      expect(lib.callable(table.at(1))(7)).toBe(-7);
      table.dispose();
      // One of another type is called through JavaScript, which converts.
      const seen = new Int32Array([3, -4]);
      expect(thrown(() => lib.keeps_shuffle(seen, 2, lib.keeps_negate)).message).toMatch(/got 2 arguments; expected 1/);
      expect((await openKeeps(backend)).keeps_call_with(2, lib.keeps_negate)).toBe(-2);
    });

    test('a callback is cast as C casts it, and ends with its cast', () => {
      const kept = lib.callback('int (*)(double)', (value: number) => value + 1);
      expect(thrown(() => lib.keeps_call_with(1, kept)).message).toMatch(
        /where C casts it, pass pointer\('int \(int value\)', it\)/,
      );
      const same = lib.callback('int (*)(unsigned)', (value: number) => value + 1);
      for (const type of ['keeps_call', 'int (int)']) expect(lib.keeps_call_with(4, lib.pointer(type, same))).toBe(5);
      const pointer = lib.pointer('keeps_call', same);
      same.dispose();
      expect(thrown(() => lib.keeps_call_with(4, pointer)).message).toMatch(/this callback was disposed/);
      expect(thrown(() => lib.pointer('int', kept)).message).toMatch(/the type of a callback/);
      kept.dispose();
    });

    test('a callback calls C with another one, at any depth and as often as it likes', () => {
      const add = (depth: number) => (value: number) =>
        depth === 0 ? value + 1 : lib.keeps_call_with(value, add(depth - 1));
      const wrong: unknown[] = [];
      for (const depth of [1, 2, 1, 30, 1, 3])
        for (let i = 0; i < 70; i++) {
          try {
            const sum = lib.keeps_call_with(i, add(depth));
            if (sum !== i + 1) wrong.push([depth, i, sum]);
          } catch (error) {
            wrong.push([depth, i, String(error)]);
          }
        }
      expect(wrong).toEqual([]);
    });

    test('a callback that is made in another one is called from anywhere, or refused where it is made', () => {
      const kept: { dispose(): void }[] = [];
      const seen: unknown[] = [];
      const visit = (value: Pointer): void => void seen.push(value.read());
      const making = (count: number) => (value: number) => {
        for (let i = 0; i < count; i++) kept.push(lib.callback('void (*)(const double *)', visit));
        return value;
      };
      lib.keeps_call_with(1, making(5));
      for (const callback of kept) lib.keeps_visit([1], 1, callback);
      expect(seen).toEqual([1, 1, 1, 1, 1]);
      if (backend === 'native')
        expect(thrown(() => lib.keeps_call_with(1, making(200)))).toMatchObject({
          tag: 'Limit',
          message: expect.stringMatching(/made while C calls JavaScript .*make it before the call/),
        });
      for (const callback of kept) lib.keeps_visit([1], 1, callback);
      expect(seen.every((one) => one === 1)).toBe(true);
      for (const callback of kept) callback.dispose();
      lib.keeps_call_with(1, making(20));
      for (const callback of kept.splice(0)) callback.dispose();
    });

    test('there are more callbacks than a process can have, or an error says so', { tags: 'all' }, async () => {
      const other = await openKeeps(backend);
      const callbacks: { dispose(): void }[] = [];
      const make = (): void => {
        for (let i = 0; i < 8193; i++) callbacks.push(other.callback('keeps_call', (value: number) => value + i));
      };
      if (backend === 'wasm') make();
      else expect(thrown(make)).toMatchObject({ tag: 'Limit', message: expect.stringMatching(/8192/) });
      for (const callback of callbacks.splice(1)) callback.dispose();
      expect(other.keeps_call_with(1, (value: number) => value * 7)).toBe(7);
      expect(other.keeps_call_with(1, callbacks[0])).toBe(1);
      other.dispose();
      expect(lib.keeps_call_with(1, (value: number) => value * 7)).toBe(7);
    });
  });
}

const why = absent('koffi');
test.skipIf(why)('asynchronous calls beyond the limit of koffi wait for their turn', async () => {
  const source = 'int usleep(unsigned int t); long labs(long x);';
  const c = await getLibHandle<{ labs: { async(x: number): Promise<number> } }>({ header: { source }, library: 'c' });
  const results = await Promise.all(Array.from({ length: 600 }, (_, i) => c.labs.async(-i)));
  expect(results).toEqual(results.map((_, i) => i));
  c.dispose();
});

describe.skipIf(why)('functions of JavaScript that C can call', () => {
  const inUse = async (): Promise<number> => (await import('koffi')).default.stats().callbacks;

  test('are given back when they have rested, and are not made by opening a library', async () => {
    const before = await inUse();
    const lib = await openKeeps('native');
    const callbacks = Array.from({ length: 600 }, () => lib.callback('void (*)(long, float)', () => {}));
    expect(await inUse()).toBeGreaterThan(before + 600);
    for (const callback of callbacks) callback.dispose();
    lib.dispose();
    expect((await inUse()) - before).toBeLessThan(200);
    const declared = (i: number): string => `void f${i}(void (*)(${'long, short, '.repeat(i)}int));`;
    const opened = await inUse();
    const source = Array.from({ length: 50 }, (_, i) => declared(i)).join('');
    const unused = await getLibHandle({ header: { source }, library: 'c' });
    expect(await inUse()).toBe(opened);
    // koffi passes at most 64.
    expect(thrown(() => unused.callback(`void (*)(${'int, '.repeat(64)}int)`, () => {})).message).toMatch(/at most 64/);
    unused.dispose();
  });

  test('of a worker warn once where no addon stands between them and C', async () => {
    const ffi = pathToFileURL(resolve('dist/ffi.node.js')).href;
    const source = `
      const { parentPort, workerData: isAbsent } = require('node:worker_threads');
      const open = process.dlopen;
      process.dlopen = (module, path, ...rest) => {
        if (isAbsent && path.includes('ewald_native')) throw new Error('absent');
        return open.call(process, module, path, ...rest);
      };
      const said = [];
      process.on('warning', ({ code, message }) => said.push(code + ' ' + message));
      import('${ffi}').then(async ({ getLibHandle }) => {
        const lib = await getLibHandle({ header: { source: 'int abs(int);' }, library: 'c' });
        for (let i = 0; i < 2; i++) lib.callback('int (*)(int)', (value) => value).dispose();
        setImmediate(() => parentPort.postMessage(said));
      });`;
    const [without, withAddon] = await Promise.all(
      [true, false].map((isAbsent) => once(new Worker(source, { eval: true, workerData: isAbsent }), 'message')),
    );
    expect(without?.[0]).toEqual([
      expect.stringMatching(
        /^EWALD_CALLBACK_OF_WORKER a callback\(\) of a worker ends the process if C calls it after/,
      ),
    ]);
    expect(withAddon?.[0]).toEqual([]);
  });

  test('that a terminated worker had are counted where there can be no more', { tags: 'all' }, async () => {
    const ffi = pathToFileURL(resolve('dist/ffi.node.js')).href;
    const source = `
      const { parentPort } = require('node:worker_threads');
      import('${ffi}').then(async ({ getLibHandle }) => {
        const lib = await getLibHandle({ header: { source: 'int abs(int);' }, library: 'c' });
        globalThis.kept = Array.from({ length: 20 }, () => lib.callback('int (*)(int)', (value) => value));
        parentPort.postMessage(kept.length);
        setInterval(() => {}, 1000);
      });`;
    const worker = new Worker(source, { eval: true });
    expect(await once(worker, 'message')).toEqual([20]);
    await worker.terminate();
    const lib = await openKeeps('native');
    const made: { dispose(): void }[] = [];
    const error = thrown(() => {
      for (let i = 0; i < 8193; i++) made.push(lib.callback('keeps_call', () => 0));
    });
    const { own, others } = error.detail as Record<'own' | 'others', number>;
    expect({ all: own + others, isOwn: own >= made.length, areOthers: others >= 20 }).toEqual({
      all: 8192,
      isOwn: true,
      areOthers: true,
    });
    expect(error.message).toMatch(
      new RegExp(`\\(8192\\): ${own} of this thread, and ${others} of workers.*terminated$`),
    );
    for (const callback of made) callback.dispose();
    lib.dispose();
  });

  test('end with the worker that made them: C gets 0, however it ended', { tags: 'all' }, async () => {
    const lib = await openKeeps('native');
    const ffi = pathToFileURL(resolve('dist/ffi.node.js')).href;
    const options = { header: 'keeps.h', includeDir: fixtures, library: 'keeps', buildDir: buildKeeps('native') };
    const source = `
      const { parentPort, workerData: isToStay } = require('node:worker_threads');
      import('${ffi}').then(async ({ getLibHandle }) => {
        const lib = await getLibHandle(${JSON.stringify(options)});
        lib.keeps_call_set(lib.callback('keeps_call', (value) => value + 1));
        parentPort.postMessage(lib.keeps_call_now(1));
        if (isToStay) setInterval(() => {}, 1000);
      });`;
    for (const isToStay of [false, true]) {
      const before = await inUse();
      const worker = new Worker(source, { eval: true, workerData: isToStay });
      const ended = once(worker, 'exit');
      expect(await once(worker, 'message')).toEqual([2]);
      if (isToStay) await worker.terminate();
      await ended;
      expect([1, 2].map((value) => lib.keeps_call_now(value))).toEqual([0, 0]);
      // koffi takes back what it has when a worker is left to end by itself; one is held by C.
      if (!isToStay) expect((await inUse()) - before).toBeLessThanOrEqual(1);
    }
    lib.keeps_call_set(null);
    lib.dispose();
  });
});
