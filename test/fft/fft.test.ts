/** Transforms at the facade: refusals, helpers, files. The case tables check that results are correct. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type Context,
  convolve,
  correlate,
  type FftOptions,
  fftfreq,
  fftshift,
  goodLength,
  ifftshift,
  rfftfreq,
} from 'ewald';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/compute/random/random.js';
import { readNpyFile } from '../../src/frames/files/npy.node.js';
import { formatNpy, npyHeadOf, readNpy } from '../../src/frames/npy.js';
import { ewald } from '../support/cli.js';
import { openEach } from '../support/contexts.js';
import { refused } from '../support/refused.js';

describe.each(['wasm', 'native', 'cuda-emulated'] as const)('fft plans on %s', (backend) => {
  let context: Context;
  // A CUDA context has a counter.
  let atRest: number;
  openEach(backend, (opened) => {
    context = opened;
    atRest = context.liveBytes;
  });

  it('refuse invalid shapes, kinds and layouts', async () => {
    await refused(() => context.fft({ shape: [] }), 'Shape', '1 to 8 lengths');
    await refused(() => context.fft({ shape: [4, 0] }), 'Shape', 'length 0 of axis 1');
    await refused(() => context.fft({ shape: [4, -3] }), 'Shape', 'length -3');
    await refused(() => context.fft({ shape: [4, 2.5] }), 'Shape', '2.5');
    await refused(() => context.fft({ shape: [65536, 65536] }), 'Limit', '4294967296');
    await refused(() => context.fft({ shape: [4], kind: 'c2d' as 'c2c' }), 'Argument', '"c2d"', 'c2c, r2c');
    await refused(() => context.fft({ shape: [4], precision: 'f16' as 'f32' }), 'Argument', '"f16"');
    await refused(() => context.fft({ shape: [4, 4], axes: [2] }), 'Argument', 'axis 2');
    await refused(() => context.fft({ shape: [4, 4], axes: [0, 0] }), 'Argument', 'once');
    await refused(
      () => context.fft({ shape: [4, 4], kind: 'r2c', reducedAxis: 0, axes: [1] }),
      'Argument',
      'reducedAxis 0',
    );
    await refused(
      () => context.fft({ shape: [4, 4], kind: 'r2c', axes: [1, 0], inPlace: true }),
      'Argument',
      'name it last in axes',
    );
    await refused(() => context.fft({ shape: [4], r2r: 'dct2' } as never), 'Argument', 'kind r2r');
    const misplaced = { shape: [4], kind: 'dst3' as 'r2r' };
    await refused(() => context.fft(misplaced), 'Argument', "write kind: 'r2r', r2r: 'dst3'");
    await refused(() => context.fft({ shape: [1], kind: 'r2r', r2r: 'dct1' }), 'Argument', 'at least 2');
    await refused(() => context.fft({ shape: [4, 4], order: [0, 2] }), 'Argument', 'order');
    await refused(() => context.fft({ shape: [4, 4], inputStrides: [2, 1] }), 'Argument', 'overlap');
    await refused(() => context.fft({ shape: [4], kind: 'real', inPlace: true }), 'Argument', 'in place');
    await refused(() => context.fft({ shpe: [4] } as never), 'Argument', 'did you mean "shape"');
    expect(context.liveBytes).toBe(atRest);
  });

  it('refuse invalid parts of axes', async () => {
    const shape = [8, 6];
    await refused(() => context.fft({ shape, inputShape: [8] }), 'Shape', 'inputShape is [8]', '2 axes');
    await refused(() => context.fft({ shape, inputShape: [0, 6] }), 'Shape', '[0,6]');
    await refused(() => context.fft({ shape, inputShape: [8, 2.5] }), 'Shape', '2.5');
    await refused(
      () => context.fft({ shape, axes: [1], inputShape: [4, 6] }),
      'Shape',
      '4 for axis 0',
      'not transformed',
    );
    await refused(() => context.fft({ shape, keep: [3] }), 'Shape', 'keep is [3]', '2 axes');
    await refused(() => context.fft({ shape, keep: [9, null] }), 'Argument', '9 for axis 0', '8 elements');
    await refused(() => context.fft({ shape, keep: [[-8, 4], null] }), 'Argument', '[-8,4]', 'starts from -7');
    await refused(() => context.fft({ shape, keep: [[0, 0], null] }), 'Argument', '[0,0]');
    await refused(() => context.fft({ shape, axes: [1], keep: [4, null] }), 'Argument', 'not transformed', 'null');
    await refused(
      () => context.fft({ shape, kind: 'r2c', keep: [null, [-1, 2]] }),
      'Argument',
      '[-1,2]',
      'within 0 to 4',
    );
    await refused(
      () => context.fft({ shape, kind: 'r2r', keep: [null, [3, 4]] }),
      'Argument',
      '[3,4]',
      'within 0 to 6',
    );
    await refused(() => context.fft({ shape, inPlace: true, inputShape: [4, 4] }), 'Argument', 'inPlace');
    await refused(() => context.fft({ shape, keep: 'all' as never }), 'Shape', '"all"');
    await refused(() => context.fft({ shape, keep: [{ start: 1 }, null] as never }), 'Argument', '{"start":1}');
    expect(context.liveBytes).toBe(atRest);
    const plan = await context.fft({ shape, inputShape: [3, 4], keep: [[-2, 5], 2] });
    expect([plan.sizeInput, plan.sizeOutput, plan.inputLength, plan.outputLength]).toEqual([12, 10, 24, 20]);
    expect([plan.inputShape, plan.outputShape]).toEqual([
      [3, 4],
      [5, 2],
    ]);
    await refused(() => plan.forward(new Float32Array(23)), 'Shape', '23 numbers', 'expected 24');
    await plan.dispose();
  });

  it('refuse arrays longer than the plan, whose rest would be ignored', async () => {
    const plan = await context.fft({ shape: [8, 6] });
    const [one, two, odd] = [96, 192, 97].map((length) => new Float32Array(length)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const again = 'pass subarray(0, 96) to transform its beginning, or plan a batch of 2 times as many transforms';
    await refused(() => plan.forward(two), 'Shape', 'input has 192 numbers; expected 96', again);
    await refused(() => plan.backward(one, two), 'Shape', 'output has 192 numbers; expected 96');
    await refused(() => plan.forward(odd), 'Shape', '97 numbers', 'pass subarray(0, 96) to transform its beginning');
    for (const [input, output] of [
      [two, one],
      [one, two],
    ] as const)
      if (plan.now) await refused(() => plan.now?.forward(input, output), 'Shape', '192 numbers; expected 96');
    const longer = await context.array({ shape: 49, dtype: 'c64', backend: plan.backend });
    await refused(() => plan.forward(longer, one), 'Shape', "make it with the plan's array()");
    await longer.dispose();
    await plan.dispose();
    const inPlace = await context.fft({ shape: [4, 6], kind: 'r2c', inPlace: true });
    await refused(() => inPlace.forward(new Float32Array(33)), 'Shape', '33 numbers; expected 32');
    await inPlace.dispose();
    // Rows of strided data may have padding after the last number.
    const strided = await context.fft({ shape: [4, 3], inputStrides: [4, 1], outputStrides: [3, 1] });
    expect(strided.inputLength).toBe(30);
    await strided.forward(new Float32Array(32), new Float32Array(24));
    await strided.dispose();
  });

  it('refuse arrays that do not fit, before any work', async () => {
    const plan = await context.fft({ shape: [8, 6] });
    await refused(() => plan.forward(new Float32Array(95)), 'Shape', '95 numbers', 'expected 96');
    await refused(() => plan.forward(new Float64Array(96) as never), 'Shape', 'Float64Array', 'needs a Float32Array');
    await refused(() => plan.forward(new Float32Array(96), new Float32Array(90)), 'Shape', 'output has 90');
    await refused(() => plan.forward([1, 2] as never), 'Shape', 'Array');
    await refused(
      () => plan.forward(new Float32Array(96), undefined, { scale: 'half' as 'full' }),
      'Argument',
      '"half"',
    );
    await refused(
      () => plan.forward(new Float32Array(96), undefined, { sacle: 'full' } as never),
      'Argument',
      'did you mean "scale"',
    );
    const memory = new Float32Array(150);
    await refused(() => plan.forward(memory.subarray(0, 96), memory.subarray(50, 146)), 'Argument', 'overlap');
    const own = await context.fft({ shape: [30, 31], userWorkspace: true });
    if (own.sizeWorkspace > 0) {
      await refused(() => own.forward(new Float32Array(1860)), 'Argument', 'workspace');
      await refused(
        () => own.forward(new Float32Array(1860), undefined, { workspace: new Float32Array(1) }),
        'Shape',
        'workspace',
      );
    }
    const place = await context.fft({ shape: [8], inPlace: true });
    await refused(() => place.forward(new Float32Array(16), new Float32Array(16)), 'Argument', 'in place');
    const late = new Float32Array(96);
    const [first, second] = [plan.forward(new Float32Array(96)), plan.forward(late)];
    structuredClone(late, { transfer: [late.buffer] });
    await first;
    await refused(() => second, 'Shape', 'detached');
    await plan.dispose();
    await refused(() => plan.forward(new Float32Array(96)), 'Disposed', 'fft plan');
  });

  it('count the elements of both sides as heFFTe counts its boxes, and need a workspace only on request', async () => {
    const sizes = async (options: Partial<FftOptions>) => {
      const plan = await context.fft({ shape: [4, 4, 4], ...options });
      await plan.forward(new Float32Array(plan.inputLength), undefined, {
        workspace: new Float32Array(2 * plan.sizeWorkspace),
      });
      return [plan.sizeInput, plan.sizeOutput, plan.inputLength, plan.outputLength];
    };
    expect(await sizes({})).toEqual([64, 64, 128, 128]);
    for (const reducedAxis of [0, 1, 2]) expect(await sizes({ kind: 'r2c', reducedAxis })).toEqual([64, 48, 64, 96]);
    expect(await sizes({ kind: 'c2c', batch: 3, userWorkspace: true })).toEqual([192, 192, 384, 384]);
  });

  it('run without promises if the backend supports it, and only while no other run is active', async () => {
    const plan = await context.fft({ shape: [12], kind: 'r2c', batch: 2 });
    const data = Float32Array.from({ length: 24 }, (_, i) => Math.cos(i * i));
    const expected = await plan.forward(data, undefined, { scale: 'full' });
    const { now } = plan;
    expect(now !== undefined).toBe(backend === 'wasm' || backend === 'native');
    if (!now) return;
    const found = new Float32Array(28);
    expect(now.forward(data, found, { scale: 'full' })).toBe(found);
    expect(found).toEqual(expected);
    expect(now.backward(found)).toEqual(await plan.backward(found));
    await refused(() => now.forward(data, new Float32Array(27)), 'Shape', 'output has 27');
    const memory = new Float32Array(40);
    await refused(() => now.forward(memory.subarray(0, 24), memory.subarray(12)), 'Argument', 'overlap');
    await refused(() => now.forward(data, found, { scal: 'full' } as never), 'Argument', 'did you mean "scale"');
    const queued = plan.forward(data, found);
    await refused(() => now.forward(data, new Float32Array(28)), 'Argument', 'await it first');
    await queued;
    const [x, y] = [await plan.array(), await plan.array('output')];
    await x.write(data);
    now.forward(x, y, { scale: 'full' });
    expect(await y.read()).toEqual(expected);
    const reading = x.read();
    await refused(() => now.forward(x, y), 'Argument', 'await it first');
    await reading;
    await y.dispose();
    await refused(() => now.forward(x, y), 'Disposed', 'array');
    structuredClone(data, { transfer: [data.buffer] });
    await refused(() => now.forward(data, found), 'Shape', '0 numbers');
    await plan.dispose();
    await refused(() => now.forward(found, new Float32Array(28)), 'Disposed', 'fft plan');
  });

  it('report the shapes of input and output', async () => {
    const shapes = async (options: Partial<FftOptions>) => {
      const { inputShape, outputShape } = await context.fft({ shape: [4, 6, 9], ...options });
      return [inputShape.join(' '), outputShape.join(' ')];
    };
    expect(await shapes({})).toEqual(['4 6 9', '4 6 9']);
    expect(await shapes({ kind: 'r2c', batch: 5 })).toEqual(['4 6 9', '4 6 5']);
    expect(await shapes({ kind: 'c2r', reducedAxis: 1 })).toEqual(['4 4 9', '4 6 9']);
    expect(await shapes({ kind: 'real' })).toEqual(['4 6 9', '4 6 9']);
    expect(await shapes({ kind: 'r2c', inPlace: true })).toEqual(['4 6 9', '4 6 5']);
  });

  it('do not increase memory use after a thousand plans', { tags: 'all' }, async () => {
    for (let i = 0; i < 1000; i++) {
      const plan = await context.fft({ shape: [1 + (i % 97)] });
      await plan.forward(new Float32Array(plan.inputLength));
      await plan.dispose();
    }
    expect(context.liveBytes).toBe(atRest);
  });

  it('convolve and correlate according to the definition', async () => {
    const random = new Random(3, 1);
    const [a, b] = [
      Float64Array.from({ length: 35 }, () => random.normal()),
      Float64Array.from({ length: 12 }, () => random.normal()),
    ];
    const fft = (options: Parameters<Context['fft']>[0]) => context.fft(options);
    const [x, y] = [
      { data: a, shape: [7, 5] },
      { data: b, shape: [3, 4] },
    ];
    for (const [name, fold, sign] of [
      ['convolve', convolve, -1],
      ['correlate', correlate, 1],
    ] as const) {
      const full = await fold(fft, x, y);
      expect(full.shape).toEqual([9, 8]);
      for (let i = 0; i < 9; i++) {
        for (let j = 0; j < 8; j++) {
          let sum = 0;
          for (let k = 0; k < 3; k++) {
            for (let l = 0; l < 4; l++) {
              // Convolution takes a[j − k]; correlation a[k + shift] with the shift counted from −(m − 1).
              const [r, c] = sign < 0 ? [i - k, j - l] : [i - 2 + k, j - 3 + l];
              if (r >= 0 && r < 7 && c >= 0 && c < 5) sum += (a[5 * r + c] ?? 0) * (b[4 * k + l] ?? 0);
            }
          }
          expect(full.data[8 * i + j], `${name} ${i} ${j}`).toBeCloseTo(sum, 10);
        }
      }
      const same = await fold(fft, x, y, 'same');
      expect(same.shape).toEqual([7, 5]);
      expect(same.data[0]).toBeCloseTo(full.data[8 * 1 + 1] ?? 0, 10);
    }
    await refused(() => convolve(fft, x, y, 'wrap'), 'Shape', 'equal shapes');
    await refused(() => convolve(fft, x, { data: b, shape: [12] }), 'Shape', 'same rank');
  });
});

describe('one long line', () => {
  let context: Context;
  openEach('native', (opened) => {
    context = opened;
  });

  // 1048573 is prime: a convolution of several steps, of which the last one writes the result.
  it('is given up where it is when its run is aborted', { tags: 'all' }, async () => {
    const plan = await context.fft({ shape: 1048574, kind: 'r2r', r2r: 'dct1', threads: 1 });
    const [input, output] = [new Float32Array(1048574).fill(1), new Float32Array(1048574)];
    const began = performance.now();
    await plan.forward(input, output);
    const whole = performance.now() - began;
    output.fill(0);
    const controller = new AbortController();
    const run = plan.forward(input, output, { signal: controller.signal });
    // It has begun by then, and is far from its end.
    setTimeout(() => controller.abort(), whole / 8);
    await refused(() => run, 'Aborted', '');
    expect(output.findIndex((x) => x !== 0)).toBe(-1);
    await plan.dispose();
  });
});

describe('helpers', () => {
  it('return the frequencies of the bins', () => {
    expect([...fftfreq(5, 0.1)]).toEqual([0, 2, 4, -4, -2]);
    expect([...fftfreq(4)]).toEqual([0, 0.25, -0.5, -0.25]);
    expect([...rfftfreq(5)]).toEqual([0, 0.2, 0.4]);
    expect([...rfftfreq(4)]).toEqual([0, 0.25, 0.5]);
  });

  it('shift to the middle and back, odd and even, complex and by axis', () => {
    expect([...fftshift(Float32Array.of(0, 1, 2, 3, 4), [5])]).toEqual([3, 4, 0, 1, 2]);
    expect([...fftshift(Float32Array.of(0, 1, 2, 3), [4])]).toEqual([2, 3, 0, 1]);
    expect([...fftshift(Float32Array.of(0, 10, 1, 11, 2, 12), [3], { complex: true })]).toEqual([2, 12, 0, 10, 1, 11]);
    expect([...fftshift(Float32Array.of(0, 1, 2, 3, 4, 5), [2, 3], { axes: [1] })]).toEqual([2, 0, 1, 5, 3, 4]);
    const array = Float64Array.from({ length: 105 }, (_, i) => i);
    expect([...ifftshift(fftshift(array, [3, 5, 7]), [3, 5, 7])]).toEqual([...array]);
    expect(() => fftshift(array, [3, 5, 8])).toThrow('120');
  });

  it('return good lengths', () =>
    expect([1, 11, 13, 97, 1009, 2048].map(goodLength)).toEqual([1, 12, 14, 98, 1024, 2048]));
});

describe('.npy files', () => {
  it('survive a round trip of every kind', () => {
    for (const ArrayType of [Float32Array, Float64Array]) {
      for (const complex of [false, true]) {
        const data = new ArrayType(Array.from({ length: 24 * (complex ? 2 : 1) }, (_, i) => Math.sin(i)));
        const bytes = formatNpy({ shape: [2, 3, 4], data, complex });
        expect((bytes.length - data.byteLength) % 64).toBe(0);
        expect(readNpy(bytes, 'x')).toEqual({ shape: [2, 3, 4], data, complex });
      }
    }
  });

  it('are not made of integers, whose bytes a header of floats would make other numbers, or of fewer numbers', () => {
    for (const data of [Uint16Array.of(1, 2), Int32Array.of(1, 2), Uint8Array.of(1, 2), [1, 2]])
      expect(() => formatNpy({ shape: [2], data: data as never, complex: false })).toThrow(
        'expected a Float32Array or Float64Array',
      );
    for (const [shape, complex] of [[[3], false] as const, [[2], true] as const])
      expect(() => formatNpy({ shape, data: Float32Array.of(1, 2), complex })).toThrow('the number of data is 2');
  });

  it('are refused with a reason when they are damaged', () => {
    const bytes = formatNpy({ shape: [4], data: Float32Array.of(1, 2, 3, 4), complex: false });
    expect(() => readNpy(bytes.subarray(0, 5), 'x.npy')).toThrow('x.npy: this is not a .npy file');
    expect(() => readNpy(bytes.subarray(0, bytes.length - 3), 'x.npy')).toThrow(
      'needs 16 bytes of data, but the file holds 13',
    );
    const text = Buffer.from(bytes).toString('latin1');
    const change = (from: string, to: string): Uint8Array =>
      Uint8Array.from(text.replace(from, to), (c) => c.charCodeAt(0));
    expect(() => readNpy(change('<f4', '<M8'), 'x.npy')).toThrow('dtype M8');
    expect(() => readNpy(change('descr', 'dscr_'), 'x.npy')).toThrow('cannot be parsed');
  });
});

describe('files that the command reads in pieces', () => {
  it('are equal for every dtype and both byte orders', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ewald-npy-'));
    const kinds = ['f2', 'f4', 'f8', 'c8', 'c16', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'b1'];
    for (const kind of kinds)
      for (const order of '<>') {
        const numbers = 12;
        const width = Number(kind.slice(1));
        // Small byte values: no dtype interprets them as NaN, all numbers differ, and 64-bit integers fit into a
        // double.
        const high = (i: number): boolean =>
          width === 8 && /[iu]/.test(kind) && (order === '<' ? i % 8 > 3 : i % 8 < 4);
        const bytes = Uint8Array.from({ length: numbers * width }, (_, i) =>
          kind === 'b1' ? i & 1 : high(i) ? 0 : (i * 5) % 59,
        );
        const file = join(folder, `${kind}${order === '<' ? 'l' : 'b'}.npy`);
        const content = Buffer.concat([npyHeadOf(`${order}${kind}`, [numbers]), bytes]);
        await writeFile(file, content);
        const [whole, pieces] = [readNpy(content), await readNpyFile(file, new AbortController().signal)];
        expect(pieces.data, `${order}${kind}`).toEqual(whole.data);
      }
    await rm(folder, { recursive: true });
  });
});

describe('ewald fft', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ewald-fft-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('transforms a file, and back', { tags: 'all' }, async () => {
    const data = Float64Array.from({ length: 60 }, (_, i) => Math.cos(i * i));
    const path = (name: string): string => join(folder, name);
    await writeFile(path('a.npy'), formatNpy({ shape: [5, 12], data, complex: false }));
    const there = await ewald(['fft', path('a.npy'), '-o', path('b.npy'), '--json']);
    expect(there.code, there.err).toBe(0);
    expect(JSON.parse(there.out)).toMatchObject({ shape: [5, 7], kind: 'r2c', axes: null });
    const spectrum = readNpy(await readFile(path('b.npy')), 'b');
    expect(spectrum.complex).toBe(true);
    expect(spectrum.data[0]).toBeCloseTo(
      data.reduce((sum, x) => sum + x, 0),
      10,
    );
    expect(
      (await ewald(['fft', path('b.npy'), '-o', path('c.npy'), '--kind', 'r2c', '--inverse', '--scale', 'full'])).code,
    ).toBe(0);
    readNpy(await readFile(path('c.npy')), 'c').data.forEach((x, i) => {
      expect(x).toBeCloseTo(data[i] ?? 0, 12);
    });
    expect((await ewald(['fft', path('a.npy'), '-o', path('d.npy'), '--kind', 'dct2', '--axes', '-1'])).code).toBe(0);
    expect(readNpy(await readFile(path('d.npy')), 'd')).toMatchObject({ shape: [5, 12], complex: false });
  });

  it('reports errors of a file, an option or a kind', { tags: 'all' }, async () => {
    await writeFile(join(folder, 'no.npy'), 'hello');
    for (const [args, code, word] of [
      [['no.npy'], 1, 'not a .npy file'],
      [['none.npy'], 1, 'none.npy'],
      [['a.npy', '--kind', 'c2q'], 2, '"c2q"'],
      [['a.npy', '--axes', '7'], 2, 'is not an axis'],
      [['b.npy', '--kind', 'dct2'], 1, 'complex numbers'],
    ] as const) {
      const { code: found, err } = await ewald([
        'fft',
        join(folder, args[0]),
        ...args.slice(1),
        '-o',
        join(folder, 'z.npy'),
      ]);
      expect([found, err.includes(word)], err).toEqual([code, true]);
    }
  });

  it('agrees with NumPy if it is installed (absent otherwise)', { tags: 'all' }, async ({ skip }) => {
    const python = await promisify(execFile)('/usr/bin/python3', ['-c', 'import numpy']).then(
      () => true,
      () => false,
    );
    if (!python) skip('absent: NumPy');
    const [a, b] = [join(folder, 'np.npy'), join(folder, 'out.npy')];
    await promisify(execFile)('/usr/bin/python3', [
      '-c',
      `import numpy as n; n.save(${JSON.stringify(a)}, n.asfortranarray(n.arange(84.).reshape(7,12)**1.3+1j))`,
    ]);
    expect((await ewald(['fft', a, '-o', b, '--axes', '0'])).code).toBe(0);
    const { stdout } = await promisify(execFile)('/usr/bin/python3', [
      '-c',
      `import numpy as n; x=n.load(${JSON.stringify(a)}); y=n.load(${JSON.stringify(b)}); z=n.fft.fft(x,axis=0); ` +
        'print(abs(y-z).max()/abs(z).max())',
    ]);
    expect(Number(stdout)).toBeLessThan(1e-14);
  });
});
