/** Frames that files lack, as the numbers in their headers, their descriptions or their neighbours say. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { open } from '../../dist/data.node.js';
import { unwrittenBefore, unwrittenRows, unwrittenText } from '../../src/frames/unwritten.js';
import { array, group, number, treeFile } from './hdf5-tree.js';

/** A MIB whose frames of 2 × 2 have these numbers in their headers. */
function mib(name: string, numbers: readonly number[]): File {
  const parts = numbers.map((n) => {
    const header = `MQ1,${String(n).padStart(6, '0')},00384,01,0002,0002,U08,   1x1,01,2024-01-01,0.001,`;
    return Buffer.concat([Buffer.from(header.padEnd(384, '\0'), 'latin1'), Buffer.alloc(4, n)]);
  });
  return new File([new Uint8Array(Buffer.concat(parts))], name);
}

const hdr = (frames: number): File =>
  new File([`HDR,\r\nFrames in Acquisition (Number):\t${frames}\r\nEnd`], 'scan.hdr');

/** The first file of a TVIPS series of frames of 2 × 2, or one that continues it. */
function tvips(name: string, isFirst: boolean): File {
  const head = Int32Array.of(256, 2, 2, 2, 16, 0, 0, 1, 1, 0, 200, 0, 12, ...new Array(51).fill(0));
  return new File([...(isFirst ? [new Uint8Array(head.buffer)] : []), new Uint8Array(12 + 8)], name);
}

async function warningsOf(...files: File[]): Promise<{ text: string; isCut?: true | undefined }[]> {
  const dataset = await open(files);
  await dataset.dispose();
  return dataset.notes.flatMap(({ kind, text, isCut }) => (kind === 'warning' ? [{ text, isCut }] : []));
}

const cut = (text: RegExp) => [{ text: expect.stringMatching(text), isCut: true }];

/** Opens a MIB of five frames as a File and from the disk, and returns why each frame cannot be read. */
async function damageOf(parts: readonly Buffer[]): Promise<string[][]> {
  const bytes = new Uint8Array(Buffer.concat(parts));
  const folder = await mkdtemp(join(tmpdir(), 'ewald-mib-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'scan.mib');
  await writeFile(path, bytes);
  const found: string[][] = [];
  for (const input of [new File([bytes], 'scan.mib'), path]) {
    const dataset = await open(input);
    const each = Array.from({ length: dataset.frames }, (_, i) =>
      dataset.read(i, 1).then(
        () => '',
        (error: Error) => error.message,
      ),
    );
    found.push((await Promise.all(each)).map((text) => text.replace(/^.*: frame/, 'frame')));
    // All at once are read as blocks, whose first damaged frame is named.
    const [first] = (found.at(-1) as string[]).filter(Boolean);
    if (first !== undefined) await expect(dataset.read(0, dataset.frames)).rejects.toThrow(first);
    await dataset.dispose();
  }
  expect(found[1]).toEqual(found[0]);
  return found;
}

test.each(['U08', 'U16'])('frames of a MIB are read behind their own headers alone: %s', async (type) => {
  const frame = (n: number, size = '0128,0096'): Buffer => {
    const head = `MQ1,${String(n).padStart(6, '0')},00384,01,${size},${type},   1x1,01,2024-01-01,0.001,`;
    return Buffer.concat([
      Buffer.from(head.padEnd(384, '\0'), 'latin1'),
      Buffer.alloc(128 * 96 * (type === 'U08' ? 1 : 2), n),
    ]);
  };
  const frames = [1, 2, 3, 4, 5].map((n) => frame(n)) as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const [a, b, c, d, e] = frames;
  expect((await damageOf(frames))[0]).toEqual(['', '', '', '', '']);
  const swapped = [
    expect.stringMatching(/^frame 2 .*number 4; expected 3/),
    expect.stringMatching(/number 3; expected 4/),
  ];
  expect((await damageOf([a, b, d, c, e]))[0]).toEqual(['', '', ...swapped, '']);
  const lost = expect.stringMatching(/^frame 1 .*no frame header before it/);
  expect((await damageOf([a, Buffer.alloc(b.length), c, d, e]))[0]).toEqual(['', lost, '', '', '']);
  const turned = expect.stringMatching(/^frame 3 .*00384,01,0096,0128,.*first frame 00384,01,0128,0096/);
  expect((await damageOf([a, b, c, frame(4, '0096,0128'), e]))[0]).toEqual(['', '', '', turned, '']);
});

test('frames of a MIB that are there twice are counted', async () => {
  expect(await warningsOf(mib('scan.mib', [1, 2, 3, 4, 4, 5, 6, 7, 8]))).toEqual(
    cut(/^1 frame of the file is there twice, the first behind frame 3: .* there are 1 to 8, and the file holds 9/),
  );
});

test('the numbers of the frames of a MIB say what is missing, and where', async () => {
  expect(await warningsOf(mib('scan.mib', [1, 2, 3, 4, 5]))).toEqual([]);
  expect(await warningsOf(mib('scan.mib', [1, 2, 3, 5, 6, 7, 9]))).toEqual(
    cut(/^2 frames of the acquisition are missing, the first 4: .* there are 1 to 9, and the file holds 7/),
  );
  // Several counters of a frame have its number, and some programs number nothing.
  expect(await warningsOf(mib('scan.mib', [1, 1, 2, 2]))).toEqual([]);
  expect(await warningsOf(mib('scan.mib', [1, 1, 1]))).toEqual([]);
});

test('the .hdr of a MIB says how many frames there were', async () => {
  expect(await warningsOf(mib('scan.mib', [1, 2, 3]), hdr(3))).toEqual([]);
  expect(await warningsOf(mib('scan.mib', [1, 2, 3]), hdr(4))).toEqual(
    cut(/^the \.hdr states an acquisition of 4 frames, and the file holds 3$/),
  );
  expect(await warningsOf(mib('scan.mib', [1, 2, 3]), hdr(2))).toEqual([
    { text: expect.stringContaining('of 2 frames, and the file holds 3'), isCut: undefined },
  ]);
});

test('MIBs of one acquisition follow each other, and those of several may be stacked', async () => {
  const [first, second, third] = [mib('x.mib', [1, 2]), mib('y.mib', [3, 4]), mib('z.mib', [5, 6])];
  expect(await warningsOf(first, second, third)).toEqual([]);
  expect(await warningsOf(first, third)).toEqual(cut(/x\.mib has the frames 1 to 2 .* 5 to 6: 2 frames between them/));
  expect(await warningsOf(mib('a.mib', [3, 4]), mib('b.mib', [1, 2]))).toEqual(
    cut(/a\.mib has the frames 3 to 4 and b\.mib, the last file, 1 to 2: the files are not in the order/),
  );
  expect(await warningsOf(mib('a.mib', [1, 2]), mib('b.mib', [1, 2]))).toEqual([]);
});

test('a series of TVIPS ends before a missing file, and says so', async () => {
  const names = ['a_000.tvips', 'a_001.tvips', 'a_002.tvips'] as const;
  const [first, second, third] = names.map((name, i) => tvips(name, i === 0)) as [File, File, File];
  expect(await warningsOf(first, second, third)).toEqual([]);
  expect(await warningsOf(first, third)).toEqual(cut(/^a_001\.tvips is missing, and a_002\.tvips is there/));
});

test('an HDF5 series with fewer frames than its detector has announced says so', async () => {
  const series = async (nimages: number, ntrigger: number): Promise<File> => {
    const detectorSpecific = group({ nimages: number(nimages), ntrigger: number(ntrigger) });
    const instrument = group({ detector: group({ detectorSpecific }, 'NXdetector') }, 'NXinstrument');
    const data = group({ data: array(new Uint16Array(3 * 4 * 5), [3, 4, 5]) }, 'NXdata');
    const bytes = await treeFile({ entry: group({ data, instrument }, 'NXentry') });
    return new File([new Uint8Array(bytes)], 'run_master.h5');
  };
  expect(await warningsOf(await series(3, 1))).toEqual([]);
  expect(await warningsOf(await series(1, 3))).toEqual([]);
  expect(await warningsOf(await series(5, 2))).toEqual(
    cut(/^the detector announced 10 frames \(nimages × ntrigger\), and the file holds 3$/),
  );
});

/**
 * By h5py with libver='earliest' and 'latest', in /entry/data: data u8[6, 2, 2] in chunks of one frame, of which four
 * were written, scan u8[3, 2, 2, 2] in chunks of half a row of a frame, of which two rows were, and never u8[3, 2, 2].
 */
const unwritten = {
  old:
    'H4sIANeODGsC/+2Zz07CQBDGO7utFIREb8qJGGMoMYajR0zA9GCUqAeOEiXhRAgSE98Abz6Gj+IjePToW+Cuuwvdxe3yx+CB+SVkstuZtmk/pv' +
    'u1L3H9vJAr5jxOGHq+t+MlGUuaFX2stt/JCDKOZHwjah5+tu3J+V25fzPv9rrR4NljA3Wcz0DE0EM2kbhx1uSxJcdKpe9Ez+v0hoPnhB7jFY9r' +
    '029MxbgbzKffryzqF/U7q99RoOc9tIdt7w/1e3N5VecKVrorUb1fmzpGFusDzYwY97Pz9YFaXr//yGb3gZKMr9nf+8DjfbvHY6/z1Bkk/renK/' +
    'aBckbvA6aOEVsfCMQ1AzUWdwKomNiSecSItnnKOgHIfgCJFULAIh8TSkDMCqVQ4o8K01tH5A+mZ9hd6/UQuqITXVW30/NV/6xG6XmT9d3+ZuiK' +
    'PzeAuS/zueHPWV+T/sw3/JiNupFPXH3LyKeO/IuKPqYW/QO2FARBEARBEAT5A18q3hyCD6nrb+JYny/vU4OP4nSJDwm/Ks+wtQY/Fc74KbLgfk' +
    'pRuj+y+ZcDS53L7xw66mz1R9FyvqrsqLPtp2Kpcx332FFnqz+J0q8HoK9EEARBEARBEGRFAgPX91+6oL92+mqifLX4ckpBOdm8cab9/3nvwGDn' +
    'SCjDZ3wDnN3lK1AqAAA=',
  new:
    'H4sIANeODGsC/+v0cHHj5ZLiYubgYICB/1DwkhXCN4CKc13ZstLfwyWIiaGCSQhZIQxwMTEwMjCwCTAAKdbUvJKiys0wM10YqALmM89dSowT+E' +
    'FOYElJLEk0Y4RqdaWOCxhMjvOXkeaEnVAnQIWKkxPzHjJBhSBhlZdallrUzQK1QY6QE56dd/8FdgIjAyOjCQMDEzMjIxtUjgmNxiXOzMPACLSc' +
    'AeI2DgZWoKuZuTmEGRhYmBhYGBmZmBiZuY7CVE9nGKxAtGDWNTdHD2D64uCC+XU2NOHqZF/4BA8noAomoL+YcYQHPFwIyWMPNxFwuLEyAgEo4N' +
    '7CjGkbLOGk07OcCRZOPFAxbmiKu1X+dyErq5ujixMDA8zlnFC5WihdD6UboXQzlG6F0u1QupMFtRDBBR6avtVgRQHoKZqZxBjCGjNcHMA8yswI' +
    'sxXmc4YZgzZBM3BMK04FpSNIfMCy4HRomr4LpR9C6aes2MP7weYJl5iAgBkIWIAAADVRRYrpBQAA',
};

test.each(['old', 'new'] as const)('frames of HDF5 that were never written are said to be so: %s', async (name) => {
  const file = new File([new Uint8Array(gunzipSync(Buffer.from(unwritten[name], 'base64')))], `${name}.h5`);
  const opened = async (dataset: string, growing = false) => {
    const found = await open(file, { dataset: `/entry/data/${dataset}`, growing });
    await found.dispose();
    return { nav: found.shape.nav, notes: found.notes.filter(({ kind }) => kind === 'warning') };
  };
  const note = (text: string) => [{ kind: 'warning', text: expect.stringContaining(text), isCut: true }];
  expect(await opened('data')).toEqual({ nav: [6], notes: note('the last 2 of 6 frames were never written: ') });
  expect(await opened('scan')).toEqual({ nav: [3, 2], notes: note('the last 2 of 6 frames were never written: ') });
  expect(await opened('never')).toEqual({ nav: [3], notes: note('none of its 3 frames was written: ') });
  // What has been written of a file that is being written is there, and the rest may come.
  expect((await opened('data', true)).nav).toEqual([4]);
});

test('frames that were not written are counted wherever they are', async () => {
  const array = {
    shape: [4, 2, 2],
    chunk: [1, 2, 2],
    isStored: ([row]: readonly number[]) => Promise.resolve(row === 1),
  };
  const unwritten = await unwrittenRows(array);
  const before = await unwrittenBefore(array, unwritten);
  expect([unwritten, before]).toEqual([2, 1]);
  expect(unwrittenText(unwritten, 4, true, before)).toBe(
    'the last 2 of 4 frames, and 1 before them, were never written',
  );
});
