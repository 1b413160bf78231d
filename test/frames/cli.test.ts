/** `ewald info` and `ewald convert` as commands, with typical user input. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ewaldTogether as ewald, ewald as ewaldAlone } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);
let folder: string;
const at = (...name: string[]): string => join(folder, ...name);
const sample = (file: string): string => join(dataFolder ?? '', 'formats-em', file);
const numbers = Uint16Array.from({ length: 6 * 20 }, (_, i) => i);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-data-'));
  writeFileSync(at('plain.raw'), numbers);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain = ['--dtype', 'u16', '--sig-shape', '4,5'];

/** The first 96 bytes of a file of h5py: a superblock of version 0 whose root group is at 96. */
const begun = Buffer.alloc(96);
begun.write('\x89HDF\r\n\x1a\n', 'latin1');
begun.set([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0], 8);
begun.fill(0xff, 32, 40);
begun.writeUInt32LE(800, 40);
begun.fill(0xff, 48, 56);
begun.writeUInt32LE(96, 64);

describe('ewald info', () => {
  it('shows the shape of raw numbers when it is given', async () => {
    const bare = await ewald(['info', at('plain.raw')]);
    expect(bare).toMatchObject({ code: 1, out: '' });
    expect(bare.err).toMatch(/has none of the known formats: .*--dtype u16 --sig-shape 512,512/);
    writeFileSync(at('square.raw'), new Uint8Array(3 * 2 * 128 * 128).fill(7));
    const square = await ewald(['info', at('square.raw')]);
    expect(square.err).toContain('--dtype u16 --sig-shape 128,128');
    const single = await ewald(['info', at('square.raw'), '--format', 'raw', '--dtype', 'u8']);
    expect(single.err).toContain('pass --sig-shape, such as --dtype u8 --sig-shape 128,128');
    const { code, out } = await ewald(['info', at('plain.raw'), ...plain, '--nav-shape', '2x3']);
    expect(code).toBe(0);
    expect(out).toMatch(/2 × 3 = 6 frames of 4 × 5 u16, 40 bytes each, 240 bytes in all/);
    expect(out).toMatch(/first frame\s+0 … 19, mean 9.5/);
    expect(out).toMatch(/missing\s+wavelength, distance, pixel size, beam centre/);
  });

  it('refuses a byte order that contradicts the one in the word for the dtype', async () => {
    const given = ['info', at('plain.raw'), '--sig-shape', '4,5', '--dtype', '<u2', '--endian'];
    expect(await ewald([...given, 'big'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--dtype is "<u2", which is --endian little, and --endian is "big": they contradict/),
    });
    expect((await ewald([...given, 'little'])).code).toBe(0);
  });

  it('names the invalid option', async () => {
    // The header promises a longer file, and names are stored beyond its end.
    if (dataFolder) {
      const cut = at('cut.h5');
      writeFileSync(cut, readFileSync(join(dataFolder, 'sim', 'mono.h5')).subarray(0, 3000));
      const { code, err } = await ewald(['info', cut]);
      expect([code, err]).toEqual([
        1,
        expect.stringMatching(/cut\.h5 is truncated: it has 3000 bytes of \d{7}, .*; copy it/),
      ]);
      rmSync(cut);
    }
    for (const [args, says] of [
      [[...plain, '--nav-shape', '2,x'], /--nav-shape is "2,x"; expected a list of integers, -1 or more/],
      [[...plain, '--nav-shape', '5'], /holds 6 frames; a scan of 5 would need 5. Shapes that fit: 2 × 3, 1 × 6/],
      [[...plain, '--offset', 'many'], /--offset is "many"/],
      [['--format', 'tif', ...plain], /did you mean "tiff"/],
    ] as const)
      expect((await ewald(['info', at('plain.raw'), ...args])).err).toMatch(says);
  });

  it('continues with the next file, and ends with an error', async () => {
    const { code, out, err } = await ewald(['info', at('none.mib'), at('plain.raw'), ...plain]);
    expect(code).toBe(1);
    expect(err).toMatch(/none.mib does not exist/);
    expect(out).toMatch(/6 frames/);
    const json = await ewald(['info', '--json', at('none.mib'), at('plain.raw'), ...plain]);
    expect(JSON.parse(json.out)).toMatchObject([
      { file: at('none.mib'), error: { tag: 'File' } },
      { format: 'raw', frames: 6, frameBytes: 40, missing: ['wavelength', 'distance', 'pixel size', 'beam centre'] },
    ]);
    expect(json).toMatchObject({ code: 1, err: '' });
  });

  it('immediately reports a file without frames', { tags: 'all' }, async () => {
    const pipe = at('pipe.mib');
    execFileSync('mkfifo', [pipe]);
    symlinkSync('circle', at('circle'));
    writeFileSync(at('empty.h5'), '');
    // A file as h5py leaves it before its first flush: a superblock that refers to nothing.
    writeFileSync(at('begun.h5'), begun);
    const typed: [string, number, RegExp][] = [
      [pipe, 1, /pipe\.mib is a pipe, but frames need random access; save it to a file first/],
      ['-', 1, /standard input is a pipe, .*save it to a file first/],
      ['', 2, /an argument is empty, as a variable that is not set leaves it/],
      ['s3://bucket/run.h5', 2, /only http:, https: and file: addresses can be read, not s3:/],
      ['https://[half', 2, /is not a valid address/],
      [
        'http://127.0.0.1:9009/run.h5',
        1,
        /cannot be read: no server is listening there \(connection refused\), after 5 attempts/,
      ],
      [at('circle'), 1, /cannot be read: its symbolic links form a loop/],
      [at('plain.raw', 'x.h5'), 1, /cannot be read: part of its path is a file, not a folder/],
      [at('none', '*.mib'), 1, /the folder .*none cannot be read: there is no such file or folder/],
      [at('empty.h5'), 1, /empty\.h5 is empty/],
      [at('begun.h5'), 1, /ends at byte 96, before its root group at 96: it is truncated, or .* not flushed/],
    ];
    await Promise.all(
      typed.map(async ([file, code, says]) => {
        const run = await ewald(['info', file]);
        expect(run, file).toMatchObject({ code, out: '', err: expect.stringMatching(says) });
      }),
    );
    for (const name of ['pipe.mib', 'circle', 'empty.h5', 'begun.h5']) rmSync(at(name));
  });

  it('describes a file whose first frame is damaged, absent or too large to read', { tags: 'all' }, async () => {
    await ewald(['convert', at('plain.raw'), ...plain, '--packing', 'gzip', '-o', at('whole.h5')]);
    const bytes = readFileSync(at('whole.h5'));
    // The start of its first deflate stream.
    bytes[bytes.findIndex((byte, i) => byte === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(bytes[i + 1] ?? 0))] = 0;
    writeFileSync(at('damaged.h5'), bytes);
    const damaged = await ewald(['info', at('damaged.h5')]);
    expect(damaged).toMatchObject({ code: 1, err: '' });
    expect(damaged.out).toMatch(/6 frames of 4 × 5 u16/);
    expect(damaged.out).toMatch(/warning\s+the first frame cannot be read: .*the chunk of \[0, 0, 0\] is damaged/);
    if (python) {
      // A file as a detector leaves it before its first frame.
      const script =
        'import h5py,sys; h5py.File(sys.argv[1],"w").create_dataset("data",shape=(0,4,5),maxshape=(None,4,5),dtype="u2")';
      execFileSync(python, ['-c', script, at('none.h5')]);
      const none = await ewald(['info', at('none.h5')]);
      expect(none).toMatchObject({
        code: 1,
        err: expect.stringMatching(/none\.h5 has no frames, or none yet: \/data is 0 × 4 × 5/),
      });
    }
    // A sparse file: it uses no disk space.
    writeFileSync(at('wide.raw'), '');
    truncateSync(at('wide.raw'), 2 ** 31);
    for (const command of ['index', 'cell']) {
      const small = await ewald([command, at('whole.h5'), '--max-frame-bytes', '39']);
      expect(small, command).toMatchObject({ code: 1, err: expect.stringMatching(/40 bytes.*--max-frame-bytes/) });
    }
    const asWide = ['info', at('wide.raw'), '--dtype', 'u16', '--sig-shape', '32768,32768'];
    const refusedWide = await ewald(asWide);
    expect(refusedWide).toMatchObject({ code: 1, err: expect.stringMatching(/2147483648 bytes.*--max-frame-bytes/) });
    const wide = await ewald([...asWide, '--max-frame-bytes', '3e9']);
    expect(wide).toMatchObject({ code: 0, out: expect.stringMatching(/1 frame of 32768 × 32768 u16, 2\.00 GiB/) });
    for (const name of ['whole.h5', 'damaged.h5', 'none.h5', 'wide.raw']) rmSync(at(name), { force: true });
  });

  it.skipIf(!dataFolder)('describes a scan: evidence, shape, guesses, sizes, geometry', async () => {
    const { code, out } = await ewald(['info', sample('mib_002_4x2_6bit_roi128.mib'), sample('phi_scan_001.cbf')]);
    expect(code).toBe(0);
    for (const line of [
      /Merlin \/ Medipix \(MIB\): a frame header that starts with MQ1/,
      /2 × 4 = 8 frames of 128 × 256 u8/,
      /guessed\s+lines of 4, from the pauses between frames; --nav-shape overrides/,
      /size\s+frames: 8, as expected/,
      /beam\s+wavelength 0.68937 Å = 17.9851 keV photons/,
      /16592 pixels outside the valid range/,
      /warning\s+the beam centre \(2000, 2000\) is outside the image/,
      /stored\s+byte offset/,
    ])
      expect(out).toMatch(line);
  });

  it.skipIf(!dataFolder)('lists the arrays of a file, and shows its header', async () => {
    const { out } = await ewald(['info', sample('dm_multi_signal.dm3'), '--dataset', 'Plot', '--header']);
    expect(out).toMatch(/● Plot\s+512 f32/);
    expect(out).toMatch(/header\s+name = Plot/);
    const { err, code } = await ewald(['info', sample('dm_multi_signal.dm3'), '--dataset', '7']);
    expect(err).toMatch(/has no image 7; there are 0 \(HAADF\), 1 \(Plot\)/);
    expect(code).toBe(2);
  });
});

describe('ewald convert', () => {
  it('writes npy, raw and mrc files with the same frames', async () => {
    for (const ending of ['npy', 'raw', 'mrc']) {
      const file = at(`out.${ending}`);
      const made = await ewald(['convert', at('plain.raw'), ...plain, '--nav-shape', '2,3', '-o', file]);
      expect(made).toMatchObject({ code: 0, err: '' });
      expect(made.out).toMatch(/2 × 3 × 4 × 5 u16/);
      const again = await ewald(['convert', file, ...(ending === 'raw' ? plain : []), '-o', at(`again-${ending}.raw`)]);
      expect(again.code, again.err).toBe(0);
      expect(readFileSync(at(`again-${ending}.raw`))).toEqual(Buffer.from(numbers.buffer));
    }
    expect((await ewald(['convert', at('plain.raw'), ...plain, '-o', at('said.raw')])).out).toMatch(
      /to open it: --format raw --dtype u16 --sig-shape 4,5/,
    );
  });

  it('leaves out the frames that --skip-per-line names, at the end of a line or at its beginning', async () => {
    const header = (n: number): string => `MQ1,00000${n + 1},00384,01,0002,0002,U08,   1x1,01,2024-01-01,0.001,`;
    const parts = Array.from({ length: 8 }, (_, n) => [Buffer.from(header(n).padEnd(384, '\0')), Buffer.alloc(4, n)]);
    writeFileSync(at('scan.mib'), Buffer.concat(parts.flat()));
    for (const [skip, expected] of [
      ['1', [0, 1, 2, 4, 5, 6]],
      ['-1', [1, 2, 3, 5, 6, 7]],
    ] as const) {
      const words = ['convert', at('scan.mib'), '--nav-shape=-1,3', `--skip-per-line=${skip}`, '--force'];
      expect((await ewald([...words, '-o', at('scan.raw')])).code).toBe(0);
      expect([...readFileSync(at('scan.raw'))].filter((_, i) => i % 4 === 0)).toEqual(expected);
    }
  });

  it.each(['bitshuffle', 'gzip', 'none'])(
    'writes HDF5 packed with %s, with the same frames',
    { tags: 'all' },
    async (packing) => {
      const file = at(`out-${packing}.h5`);
      const args = ['convert', at('plain.raw'), ...plain, '--nav-shape', '2,3', '--packing', packing, '-o', file];
      const made = await ewald(args);
      expect(made).toMatchObject({ code: 0, err: '' });
      expect(made.out).toMatch(/2 × 3 × 4 × 5 u16/);
      const { out } = await ewald(['info', file]);
      expect(out).toMatch(/2 × 3 = 6 frames of 4 × 5 u16/);
      const again = at(`again-${packing}.raw`);
      expect((await ewald(['convert', file, '-o', again])).code).toBe(0);
      expect(readFileSync(again)).toEqual(Buffer.from(numbers.buffer));
      if (!python) return;
      const script =
        'import h5py,sys,json; d=h5py.File(sys.argv[1])["/entry/data/data"]; ' +
        'print(json.dumps([d.shape,str(d.dtype),d.chunks,"" if d.id.get_create_plist().get_nfilters() and ' +
        'd.id.get_create_plist().get_filter(0)[0]==32008 else d[...].ravel().tolist()]))';
      const found = JSON.parse(execFileSync(python, ['-c', script, file], { encoding: 'utf8' }));
      // Debian's h5py has no bitshuffle: there the plugin of h5wasm reads the file (hdf5-writer.test.ts).
      expect(found).toEqual([[2, 3, 4, 5], 'uint16', [1, 1, 4, 5], packing === 'bitshuffle' ? '' : [...numbers]]);
    },
  );

  it.skipIf(!dataFolder)('keeps the metadata of the file: geometry, mask, calibration', { tags: 'all' }, async () => {
    const [run, kept] = [join(dataFolder ?? '', 'real', 'frames', 'pilatus_thaumatin_dev.h5'), at('kept.h5')];
    expect((await ewald(['convert', run, '-o', kept, '--frames', '0:2'])).code).toBe(0);
    const [before, after] = JSON.parse((await ewald(['info', '--json', run, kept])).out);
    const { header: _, date: __, ...meta } = before.meta;
    expect(after.meta).toMatchObject(meta);
    expect(after).toMatchObject({ frames: 2, firstFrame: before.firstFrame, filters: ['bitshuffle + LZ4'] });
    const [scan, also] = [sample('py4DSTEM_size2x3x4x5.h5'), at('also.h5')];
    expect((await ewald(['convert', scan, '-o', also])).code).toBe(0);
    const [first, second] = JSON.parse((await ewald(['info', '--json', scan, also])).out);
    expect(second.shape).toEqual(first.shape);
    for (const [i, axis] of second.meta.axes.entries()) {
      expect(axis).toMatchObject({ name: first.meta.axes[i].name, unit: first.meta.axes[i].unit });
      expect(axis.scale).toBeCloseTo(first.meta.axes[i].scale, 12);
    }
  });

  it('refuses frames that HDF5 cannot store', async () => {
    const pipe = at('pipe.h5');
    execFileSync('mkfifo', [pipe]);
    for (const [args, says] of [
      [['-o', at('a.npy'), '--packing', 'gzip'], /--packing belongs to HDF5; npy stores/],
      [['-o', at('a.h5'), '--packing', 'zip'], /packing is "zip"; expected one of bitshuffle, gzip, none/],
    ] as const) {
      const { code, err } = await ewald(['convert', at('plain.raw'), ...plain, ...args]);
      expect({ code, says: says.test(err) ? '' : err }).toEqual({ code: 2, says: '' });
    }
    // The reader opens the pipe first, otherwise the writer would wait.
    const reader = spawn('cat', [pipe], { stdio: 'ignore' });
    const { code, err } = await ewald(['convert', at('plain.raw'), ...plain, '-o', pipe]);
    reader.kill();
    expect(code).toBe(2);
    expect(err).toMatch(/is not a regular file; HDF5 cannot be written into a pipe/);
    rmSync(pipe);
  });

  it('opens a quoted pattern and a folder as one stack', async () => {
    const series = at('series');
    mkdirSync(series);
    for (let i = 0; i < 11; i++)
      writeFileSync(
        join(series, `f${i}.raw`),
        Uint16Array.from({ length: 20 }, (_, k) => 20 * i + k),
      );
    const told = await ewald(['info', join(series, 'f*.raw'), ...plain]);
    expect(told.out, told.err).toMatch(/11 frames of 4 × 5 u16/);
    expect((await ewald(['convert', join(series, 'f*.raw'), ...plain, '-o', at('series.npy')])).code).toBe(0);
    const { out } = await ewald(['info', at('series.npy')]);
    expect(out).toMatch(/11 frames of 4 × 5 u16/);
    const back = await ewald(['convert', at('series.npy'), '-o', at('series.raw')]);
    expect(back.code).toBe(0);
    expect(readFileSync(at('series.raw'))).toEqual(Buffer.from(Uint16Array.from({ length: 220 }, (_, k) => k).buffer));
    const folder_ = await ewald(['info', series, ...plain]);
    expect(folder_.out + folder_.err).toMatch(/11 frames|without files of a known format/);
    expect((await ewald(['info', join(series, 'g*.raw')])).err).toMatch(/no file matches/);
  });

  it('writes no file that would be part of its own input', async () => {
    const series = at('own');
    mkdirSync(series);
    for (const name of ['f1.npy', 'f2.npy']) writeFileSync(join(series, name), readFileSync(at('out.npy')));
    symlinkSync(join(series, 'f1.npy'), at('link.npy'));
    for (const [input, output] of [
      [join(series, '*.npy'), join(series, 'all.npy')],
      [join(series, 'f?.npy'), join(series, '..', 'own', 'f3.npy')],
      [series, join(series, 'all.npy')],
      [join(series, '*.npy'), at('link.npy')],
    ] as const) {
      const { code, err } = await ewald(['convert', input, '-o', output, '--force']);
      expect([code, err]).toEqual([2, expect.stringMatching(/would be one of the files of .*; write it to another/)]);
    }
    expect(readdirSync(series).sort()).toEqual(['f1.npy', 'f2.npy']);
    const beside = join(series, 'all.npy');
    for (const more of [[], ['--force']])
      expect((await ewald(['convert', join(series, 'f*.npy'), '-o', beside, ...more])).code).toBe(0);
    expect((await ewald(['info', beside])).out).toMatch(/12 frames/);
  });

  it('writes only some frames', async () => {
    const { out } = await ewald(['convert', at('out.npy'), '--frames', '2:4', '-o', at('some.raw'), '--json']);
    expect(JSON.parse(out)).toMatchObject({ shape: { nav: [2], sig: [4, 5] }, frames: 2, bytes: 80 });
    expect(readFileSync(at('some.raw'))).toEqual(Buffer.from(numbers.buffer, 80, 80));
    const bad = await ewald(['convert', at('out.npy'), '--frames', '4:2', '-o', at('bad.raw')]);
    expect(bad.code).toBe(2);
    expect(bad.err).toMatch(/: --frames is "4:2"; expected first:end or first:end:step, such as/);
  });

  it.for(['npy', 'mrc'])(
    'reads the whole frames of a .%s file that was cut, with a warning and exit code 1',
    async (ending) => {
      const [whole, cut, out] = [at(`whole.${ending}`), at(`cut_2.${ending}`), at(`cut_2_${ending}.raw`)];
      await ewald(['convert', at('plain.raw'), ...plain, '-o', whole]);
      writeFileSync(cut, readFileSync(whole).subarray(0, -50));
      const { code, err } = await ewald(['convert', cut, '-o', out]);
      expect([code, err]).toEqual([1, expect.stringMatching(/states 6 frames .*cut after 4 whole frames/)]);
      expect(readFileSync(out)).toEqual(readFileSync(at('plain.raw')).subarray(0, 4 * 40));
      expect((await ewald(['info', cut])).code).toBe(1);
    },
  );

  it('leaves nothing half-written: unknown endings, existing files, input that fails', async () => {
    for (const [args, says] of [
      [['-o', at('x.tif')], /should end in \.h5 or \.npy or \.raw or \.mrc/],
      [['-o', at('out.npy')], /exists and .*--force/],
      [['-o', at('plain.raw'), '--force'], /is the input itself; choose another name/],
      [['-o', at('nowhere', 'x.npy')], /nowhere/],
    ] as const) {
      const { code, err } = await ewald(['convert', at('plain.raw'), ...plain, ...args]);
      expect(code).not.toBe(0);
      expect(err).toMatch(says);
    }
    const before = readdirSync(folder).sort();
    const cut = at('cut.npy');
    writeFileSync(cut, readFileSync(at('out.npy')).subarray(0, 150));
    expect((await ewald(['convert', cut, '-o', at('never.npy')])).err).toMatch(
      /states 6 frames of 40 bytes .* not one whole frame/,
    );
    expect(existsSync(at('never.npy'))).toBe(false);
    rmSync(cut);
    expect(readdirSync(folder).sort()).toEqual(before);
    expect((await ewald(['convert', at('plain.raw'), ...plain, '-o', at('out.npy'), '--force'])).code).toBe(0);
  });

  it('is interrupted by Ctrl-C without leaving a file', async () => {
    // A sparse file of 8 GiB uses no disk space, and processing it takes longer than the interruption.
    const big = at('big.raw');
    writeFileSync(big, '');
    truncateSync(big, 2 ** 33);
    const run = await ewaldAlone(['convert', big, '--dtype', 'u8', '--sig-shape', '1024,1024', '-o', at('big.npy')], {
      interruptWhen: () => readdirSync(folder).some((name) => name.startsWith('.big.npy')),
    });
    expect(run.code).toBe(130);
    expect(readdirSync(folder).filter((name) => name.includes('big.npy'))).toEqual([]);
    rmSync(big);
  });
});
