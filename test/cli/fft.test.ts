/** `ewald fft` as a command: axes and shapes, files of every dtype, streams, refusals, Ctrl-C. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatNpy, readNpy } from '../../dist/index.node.js';
import { Random } from '../../src/compute/random/random.js';
import type { NpyArray } from '../../src/frames/npy.js';
import { ewaldTogether as ewald, ewald as ewaldAlone, interruptedAtWork } from '../support/cli.js';
import { fftOf } from '../support/dft.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-cli-fft-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const read = (name: string): NpyArray => readNpy(readFileSync(at(name)), name);
const random = new Random(8, 0);
const real = (...shape: number[]): NpyArray => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
  complex: false,
});
const save = (name: string, array: NpyArray): void => writeFileSync(at(name), formatNpy(array));
const expectClose = (found: ArrayLike<number>, expected: ArrayLike<number>): void => {
  expect(found.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < found.length; i++)
    worst = Math.max(worst, Math.abs((found[i] as number) - (expected[i] as number)));
  expect(worst).toBeLessThan(1e-10);
};

describe('axes', () => {
  // The last named axis is halved, as in NumPy.
  it.each([
    ['0,1', [5, 6, 4], [5, 4, 4], 1],
    ['1,0', [5, 6, 4], [3, 6, 4], 0],
    ['-1,0', [5, 6, 4], [3, 6, 4], 0],
    ['2', [5, 6, 4], [5, 6, 3], 2],
    ['0', [5, 6, 4], [3, 6, 4], 0],
    ['2,0,1', [5, 6, 4], [5, 4, 4], 1],
  ] as const)(
    '%s of an array of shape %j give the spectrum of shape %j, whose inverse is the array',
    { tags: 'all' },
    async (axes, shape, expected, halved) => {
      const array = real(...shape);
      save('in.npy', array);
      const run = await ewald(['fft', at('in.npy'), '-o', at('out.npy'), '--axes', axes, '--force', '--json']);
      expect(run.code, run.err).toBe(0);
      const out = read('out.npy');
      expect(out.shape).toEqual(expected);
      expect(JSON.parse(run.out).shape).toEqual(expected);
      const named = axes.split(',').map((word) => (Number(word) + 3) % 3);
      expectClose(out.data, fftOf(array.data, shape, named, halved));
      const back = await ewald(
        [
          'fft',
          at('out.npy'),
          '-o',
          at('back.npy'),
          '--force',
          '--inverse',
          '--kind',
          'r2c',
          '--scale',
          'full',
          '--axes',
          axes,
        ].concat(['--length', String(shape[halved])]),
      );
      expect(back.code, back.err).toBe(0);
      expect(read('back.npy').shape).toEqual(shape);
      expectClose(read('back.npy').data, array.data);
    },
  );

  it('a half spectrum is printed with the command that transforms it back, which gives the array', {
    tags: 'all',
  }, async () => {
    save('in.npy', real(5, 6));
    const forward = await ewald(['fft', at('in.npy'), '-o', at('half.npy'), '--axes', '1,0', '--force']);
    const [, command = ''] = /^back: ewald (.*)$/m.exec(forward.out) ?? [];
    expect(command).toMatch(/ --kind r2c --inverse --axes 1,0 --length 5 --scale full$/);
    const back = await ewald([...command.split(' '), '--force'], { cwd: folder });
    expect(back.code, back.err).toBe(0);
    expectClose(read('back.npy').data, read('in.npy').data);
    const whole = await ewald(['fft', at('half.npy'), '-o', at('whole.npy'), '--inverse', '--force']);
    expect(whole.out).toMatch(/the half that a real array has is transformed back with --kind r2c, and --scale full/);
  });

  it('that are invalid are refused before anything is computed', async () => {
    save('in.npy', real(4, 6));
    for (const [axes, message] of [
      ['', '--axes is empty'],
      ['0,', '--axes is "0,"'],
      ['x', '--axes is "x"'],
      ['2', '2 is not an axis of an array of rank 2; expected 0 to 1'],
      ['-3', '--axes is "-3"; -3 is not an axis'],
      ['0.5', '--axes is "0.5"'],
      ['1,-1', '--axes is "1,-1"; each axis can be transformed only once'],
    ] as const) {
      const { code, err } = await ewald(['fft', at('in.npy'), '-o', at('no.npy'), `--axes=${axes}`]);
      expect([code, err]).toEqual([2, expect.stringContaining('axes is ')]);
      expect(err).toContain(message);
    }
    expect(existsSync(at('no.npy'))).toBe(false);
  });
});

describe('files', () => {
  it('of every dtype, byte order and axis order are read', { tags: 'all', timeout: 120_000 }, async () => {
    const values = [1, -2, 3, 0, 5, -6, 7, 8, -9, 10, 11, 12];
    for (const dtype of ['i1', 'i2', 'i4', 'i8', 'f4', 'f8']) {
      for (const order of ['<', '>']) {
        for (const fortran of [false, true]) {
          const width = Number(dtype[1]);
          const view = new DataView(new ArrayBuffer(values.length * width));
          const little = order === '<';
          for (const [i, x] of values.entries()) {
            const place = fortran ? (i % 4) * 3 + Math.floor(i / 4) : i;
            if (dtype === 'f4') view.setFloat32(place * 4, x, little);
            else if (dtype === 'f8') view.setFloat64(place * 8, x, little);
            else if (dtype === 'i8') view.setBigInt64(place * 8, BigInt(x), little);
            else if (dtype === 'i4') view.setInt32(place * 4, x, little);
            else if (dtype === 'i2') view.setInt16(place * 2, x, little);
            else view.setInt8(place, x);
          }
          const head =
            `{'descr': '${order}${dtype}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (3, 4), }`.padEnd(
              117,
            );
          writeFileSync(
            at('any.npy'),
            Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00\x76\x00${head}\n`, 'latin1'), new Uint8Array(view.buffer)]),
          );
          const run = await ewald([
            'fft',
            at('any.npy'),
            '-o',
            at('any-out.npy'),
            '--force',
            '--kind',
            'dct2',
            '--axes',
            '1',
            '--precision',
            'f64',
          ]);
          expect(run.code, run.err).toBe(0);
          // The first element of a DCT-II is twice the sum.
          expect(read('any-out.npy').data[0]).toBeCloseTo(4, 12);
          expect(read('any-out.npy').data[4]).toBeCloseTo(28, 12);
        }
      }
    }
  });

  it('reads integers that a double holds exactly and rejects the others', async () => {
    const bytes = formatNpy({ shape: [2], data: new Float64Array(2), complex: false });
    for (const [dtype, value, message] of [
      ['i8', 2n ** 53n + 1n, 'element 1 is 9007199254740993'],
      ['i8', -(2n ** 53n) - 1n, 'element 1 is -9007199254740993'],
      ['u8', 2n ** 64n - 1n, 'element 1 is 18446744073709551615'],
      ['i8', 2n ** 60n, undefined],
    ] as const) {
      const file = Buffer.from(Buffer.from(bytes).toString('latin1').replace('<f8', `<${dtype}`), 'latin1');
      if (dtype === 'u8') file.writeBigUInt64LE(value, file.length - 8);
      else file.writeBigInt64LE(value, file.length - 8);
      writeFileSync(at('big.npy'), file);
      const { code, err } = await ewald(['fft', at('big.npy'), '-o', at('big-out.npy'), '--kind', 'c2c']);
      if (message) expect([code, err]).toEqual([1, expect.stringContaining(`${message}, which a double cannot hold`)]);
      else expect([code, read('big-out.npy').data[0]]).toEqual([0, Number(value)]);
    }
  });

  it('go through standard input and output', { tags: 'all' }, async () => {
    const array = real(8);
    const bytes = formatNpy(array);
    const { code, err, bytes: out } = await ewaldAlone(['fft', '-', '-o', '-'], { input: bytes });
    expect(code, err).toBe(0);
    expect(err).toContain('5 complex');
    expectClose(readNpy(out).data, fftOf(array.data, [8], [0], 0));
    // What is told of the result never mixes with it.
    const told = await ewaldAlone(['fft', '-', '-o', '-', '--json'], { input: bytes });
    expect([told.bytes, JSON.parse(told.err)]).toEqual([out, expect.objectContaining({ output: '-', shape: [5] })]);
  });

  it('say that they are .npy where their names do not', async () => {
    save('named.npy', real(8));
    const { out } = await ewald(['fft', at('named.npy'), '-o', at('named.spectrum')]);
    expect(out).toContain('named.spectrum  .npy of 5 complex');
  });

  it('are refused with a message that names them once', async () => {
    save('in.npy', real(4, 6));
    writeFileSync(at('words.npy'), 'hello');
    writeFileSync(at('short.npy'), '\x93NUMPY\x02\x00', 'latin1');
    writeFileSync(at('cut.npy'), formatNpy(real(4)).subarray(0, 100));
    writeFileSync(at('mine.out'), 'precious');
    save('complex.npy', { shape: [4], data: new Float64Array(8), complex: true });
    save('none.npy', { shape: [0, 3], data: new Float64Array(0), complex: false });
    const out = ['-o', at('no.npy')];
    const rows: [string[], number, string][] = [
      [[at('absent.npy'), ...out], 1, `ewald: ${at('absent.npy')} cannot be read: there is no such file or folder\n`],
      [[folder, ...out], 1, `ewald: ${folder} cannot be read: it is a folder, not a file\n`],
      [
        [at('words.npy'), ...out],
        1,
        `ewald: ${at('words.npy')}: this is not a .npy file: it does not start with \\x93NUMPY\n`,
      ],
      [[at('short.npy'), ...out], 1, 'this is not a .npy file'],
      [[at('cut.npy'), ...out], 1, 'the header claims 118 bytes, but the file ends before that'],
      [[at('none.npy'), ...out], 1, 'has shape (0, 3): there is nothing to transform'],
      [[at('complex.npy'), ...out, '--kind', 'dct2'], 1, 'holds complex numbers; kind dct2 expects real ones'],
      [
        [at('in.npy'), '-o', at('mine.out')],
        2,
        `${at('mine.out')} exists and its format cannot say which program wrote it; choose another name, ` +
          'or pass --force',
      ],
      [
        [at('in.npy'), '-o', at('no/x.npy')],
        1,
        `ewald: ${at('no/x.npy')} cannot be written: the folder ${at('no')} does not exist; make it first\n`,
      ],
      [[at('in.npy'), '-o', '/dev/full'], 1, 'ewald: /dev/full cannot be written: the disk is full\n'],
      [
        [at('in.npy'), ...out, '--kind', 'foo'],
        2,
        'kind is "foo"; expected one of c2c, r2c, c2r, real, dct1, dct2, dct3, dct4, dst1, dst2, dst3, dst4',
      ],
      [[at('in.npy'), ...out, '--scale', 'half'], 2, 'scale is "half"; expected one of none, symmetric, full'],
      [[at('in.npy'), ...out, '--precision', 'f16'], 2, 'precision is "f16"'],
      [[at('in.npy'), ...out, '--tune', 'mesure'], 2, '(did you mean "measure"?)'],
      [[at('in.npy'), ...out, '--tune', 'measure'], 2, '--tune measure belongs to --engine fftw; ewald plans by rule'],
      [[at('in.npy'), ...out, '--engine', 'ffftw'], 2, 'engine is "ffftw"'],
      [[at('in.npy'), ...out, '--backend', 'gpu'], 2, '--backend names the backend "gpu"'],
      [
        [at('in.npy'), ...out, '--engine', 'fftw', '--backend', 'wasm'],
        2,
        '--engine fftw is an installed library, which --backend wasm cannot call',
      ],
      [[at('in.npy'), ...out, '--inverse'], 2, 'holds real numbers, and a spectrum to invert is usually complex'],
      [[at('in.npy'), '-o', at('no.txt')], 2, 'ends in .txt, another format; expected .npy'],
      [[at('in.npy'), '-o', at('no.npz')], 2, 'ends in .npz, another format; expected .npy'],
      [[at('in.npy'), ...out, '--length', '7'], 2, 'requires kind c2r, or the inverse of r2c; this is kind r2c'],
      [
        [at('complex.npy'), ...out, '--inverse', '--kind', 'c2r', '--length', '7'],
        2,
        'requires kind c2r, or the inverse of r2c; this is the inverse of c2r, which makes half a spectrum',
      ],
      [
        [at('complex.npy'), ...out, '--inverse', '--kind', 'c2r'],
        1,
        'the inverse of kind c2r expects real ones; real numbers are made from half a spectrum by kind c2r, or the',
      ],
      [[at('complex.npy'), ...out, '--kind', 'c2r', '--length', '9'], 2, 'expected 6 or 7'],
    ];
    for (const [args, code, message] of rows) {
      const run = await ewald(['fft', ...args]);
      expect([run.code, run.out], run.err).toEqual([code, '']);
      expect(run.err).toContain(message);
      const name = args[0] as string;
      expect(run.err.split(name).length - 1, run.err).toBeLessThanOrEqual(1);
      expect(run.err).not.toMatch(/ENOENT|EISDIR|ENOSPC|defect/);
    }
    expect(readFileSync(at('mine.out'), 'utf8')).toBe('precious');
    expect(existsSync(at('no.npy'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  }, 120_000);
});

describe('large files', () => {
  it('that do not fit are refused with their size and what is needed, before anything is allocated', async () => {
    // 1.1 TB, of which nothing is written.
    const text = "{'descr': '<c8', 'fortran_order': False, 'shape': (1024, 134217728), }".padEnd(117);
    const head = formatNpy({ shape: [0], data: new Float32Array(0), complex: true });
    const handle = await open(at('huge.npy'), 'w');
    await handle.write(Buffer.concat([head.subarray(0, 8), Buffer.from([118, 0]), Buffer.from(`${text}\n`)]));
    await handle.truncate(128 + 2 ** 40);
    await handle.close();
    const { code, out, err } = await ewald(['fft', at('huge.npy'), '-o', at('huge-out.npy')]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(
      /huge\.npy has 1100 GB of numbers, and its transform needs at least 2199 GB of memory, of which there are/,
    );
    expect(existsSync(at('huge-out.npy'))).toBe(false);
    rmSync(at('huge.npy'));
  });

  it('are held about twice, and Ctrl-C ends the transform at once with nothing written', {
    tags: 'nightly',
    timeout: 180_000,
  }, async () => {
    // 128 MiB of complex numbers.
    const shape = [16, 1024, 1024];
    const head = formatNpy({ shape: [0], data: new Float32Array(0), complex: true });
    const text = `{'descr': '<c8', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117);
    const handle = await open(at('large.npy'), 'w');
    await handle.write(Buffer.concat([head.subarray(0, 8), Buffer.from([118, 0]), Buffer.from(`${text}\n`)]));
    await handle.truncate(128 + 2 ** 27);
    await handle.close();
    const peak = await ewaldAlone(
      ['fft', at('large.npy'), '-o', at('large-out.npy'), '--axes', '1,2', '--backend', 'native', '--force'],
      {
        env: {
          EWALD_LOG_LEVEL: 'error',
          NODE_OPTIONS: `--import ${new URL('../support/peak.mjs', import.meta.url).href}`,
        },
      },
    );
    expect(peak.code, peak.err).toBe(0);
    const megabytes = Number(/peak (\d+) MB/.exec(peak.err)?.[1]);
    // Twice the file, plus the memory of Node, the addon and the plan.
    expect(megabytes).toBeLessThan(2 * 128 + 220);
    const hash = createHash('sha256')
      .update(readFileSync(at('large-out.npy')).subarray(128))
      .digest('hex');
    expect(hash).toBe(
      createHash('sha256')
        .update(new Uint8Array(2 ** 27))
        .digest('hex'),
    );
    rmSync(at('large-out.npy'));
    const stopped = await ewaldAlone(
      ['fft', at('large.npy'), '-o', at('large-out.npy'), '--backend', 'native'],
      interruptedAtWork,
    );
    expect(stopped.signal ?? stopped.code).toBe(stopped.signal ? 'SIGINT' : 130);
    expect(existsSync(at('large-out.npy'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
