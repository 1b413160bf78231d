/**
 * Format variants without a sample from another program: files made here from the format descriptions. These tests only
 * prove self-consistency: they show how we interpret a format, not that its authors agree.
 */
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import type { Dataset, FormatOptions } from '../../src/entries/data.node.js';
import { decodeByteOffset } from '../../src/frames/formats/cbf-bytes.js';

const text = (string: string): Uint8Array => Uint8Array.from(string, (c) => c.charCodeAt(0));
const join = (...parts: (Uint8Array | number[])[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]));
const padded = (string: string, length: number, fill = '\0'): Uint8Array => text(string.padEnd(length, fill));
const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const swapped = (array: ArrayBufferView, width: number): Uint8Array => {
  const out = bytesOf(array).slice();
  for (let at = 0; at < out.length; at += width) out.subarray(at, at + width).reverse();
  return out;
};

async function frames(
  file: Uint8Array,
  options: FormatOptions & { format?: string } = {},
  name = 'file',
): Promise<[Dataset, number[]]> {
  const dataset = await open(memorySource(file, name), options);
  return [dataset, [...(await dataset.read(0, dataset.frames))].map(Number)];
}

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('raw', () => {
  const numbers = Uint16Array.from(count(24));

  it('skips a header, and the bytes before and after each frame', async () => {
    const piece = (i: number): Uint8Array => bytesOf(numbers.subarray(i * 6, (i + 1) * 6));
    const file = join([1, 2, 3], ...[0, 1, 2, 3].flatMap((i) => [[9, 9], piece(i), [8]]));
    const [dataset, values] = await frames(file, {
      format: 'raw',
      dtype: 'u16',
      sigShape: [2, 3],
      offset: 3,
      frameHeader: 2,
      frameFooter: 1,
      navShape: [2, 2],
    });
    expect(dataset.shape).toEqual({ nav: [2, 2], sig: [2, 3] });
    expect(values).toEqual(count(24));
  });

  it('reads big-endian numbers, of every width', async () => {
    for (const [dtype, array, width] of [
      ['u16', numbers, 2],
      ['f32', Float32Array.from(numbers), 4],
      ['f64', Float64Array.from(numbers), 8],
      ['i64', BigInt64Array.from(numbers, BigInt), 8],
      ['c64', Float32Array.from(numbers), 4],
    ] as const) {
      const sigShape = dtype === 'c64' ? [3] : [6];
      const [, values] = await frames(swapped(array, width), { format: 'raw', dtype, sigShape, endian: 'big' });
      expect(values, dtype).toEqual(count(24));
    }
  });

  it('transposes a file whose scan varies fastest', async () => {
    // Pixel k of frame f is at offset k · 4 + f.
    const file = bytesOf(Uint16Array.from(count(24), (i) => (i % 4) * 6 + Math.floor(i / 4)));
    const options = { format: 'raw', dtype: 'u16', sigShape: [2, 3], navShape: [2, 2], order: 'navigation' } as const;
    const [dataset, values] = await frames(file, options);
    expect(values).toEqual(count(24));
    expect([...(await dataset.read(1, 2))]).toEqual(count(24).slice(6, 18));
    expect(dataset.notes[0]?.text).toMatch(/are not contiguous/);
  });

  it('reports a truncated last frame', async () => {
    const [dataset] = await frames(new Uint8Array(25), { format: 'raw', dtype: 'u8', sigShape: [10] });
    expect(dataset.frames).toBe(2);
    expect(dataset.notes).toMatchObject([
      { kind: 'warning', text: expect.stringContaining('5 bytes are left over after') },
    ]);
  });
});

describe('npy', () => {
  const header = (descr: string, order: string, shape: string, version = 1): Uint8Array => {
    const dict = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`.padEnd(117);
    const length = version === 1 ? [118, 0] : [118, 0, 0, 0];
    return join([0x93], text('NUMPY'), [version, 0], length, text(`${dict}\n`));
  };

  it('reads Fortran order, version 2, big-endian and bool', async () => {
    // [2, 3, 4] with the first axis varying fastest.
    const file = Int16Array.from(count(24), (i) => (i % 2) * 12 + (Math.floor(i / 2) % 3) * 4 + Math.floor(i / 6));
    const [dataset, values] = await frames(join(header('<i2', 'True', '(2, 3, 4)', 2), bytesOf(file)));
    expect(dataset.shape).toEqual({ nav: [2], sig: [3, 4] });
    expect(values).toEqual(count(24));
    // A scan that the file states otherwise would be read in another order.
    const scan = join(header('|u1', 'True', '(2, 3, 2, 2)'), count(24));
    await expect(frames(scan, { navShape: [3, 2] })).rejects.toThrow(/Fortran order: navShape cannot change/);
    expect((await frames(scan, { navShape: [2, 3] }))[0].shape.nav).toEqual([2, 3]);
    const big = join(header('>f8', 'False', '(4, 6)'), swapped(Float64Array.from(count(24)), 8));
    expect((await frames(big))[1]).toEqual(count(24));
    const [bool] = await frames(join(header('|b1', 'False', '(2,)'), [0, 1]));
    expect(bool).toMatchObject({ dtype: 'u8', shape: { nav: [], sig: [2] } });
  });

  it('reads the whole frames of a file that was cut, or still grows, and says so', async () => {
    const file = join(header('|u1', 'False', '(2, 3, 4)'), count(24)).subarray(0, -1);
    const cut = join(header('|u1', 'False', '(2, 2, 3, 4)'), count(48)).subarray(0, -13);
    expect((await frames(file))[1]).toEqual(count(12));
    const [dataset, values] = await frames(cut);
    expect([dataset.shape.nav, values]).toEqual([[2], count(24)]);
    expect(dataset.notes).toMatchObject([
      { kind: 'warning', isCut: true, text: expect.stringContaining('states 4 frames') },
    ]);
    expect((await frames(cut, { growing: true }))[1]).toEqual(count(24));
    await expect(frames(file.subarray(0, -12))).rejects.toThrow(/states 2 frames .*: not one whole frame/);
    await expect(frames(join(header('|u1', 'True', '(2, 3, 4)'), count(23)))).rejects.toMatchObject({ tag: 'Format' });
  });

  it('lets sigShape determine the axes of the frame', async () => {
    const file = join(header('|u1', 'False', '(2, 3, 4)'), count(24));
    expect((await frames(file, { sigShape: [4] }))[0].shape).toEqual({ nav: [2, 3], sig: [4] });
    await expect(frames(file, { sigShape: [3] })).rejects.toMatchObject({ tag: 'Shape' });
  });
});

describe('MIB raw frames', () => {
  const head = (width: number, height: number, layout: string, bits: number): Uint8Array =>
    padded(
      `MQ1,000001,00384,01,${String(width).padStart(4, '0')},${String(height).padStart(4, '0')},R64,   ${layout},01,` +
        `2021-04-15 15:00:20.096668,0.001000,0,0,0,MQ1A,2021-04-15T14:00:20.096668331Z,1000000ns,${bits},`,
      384,
    );
  const pixels = count(512);
  /** The pixels of a word in reverse order, each in `width` bytes, most significant first. */
  const words = (values: readonly number[], width: number): Uint8Array => {
    const out: number[] = [];
    const each = 8 / width;
    for (let at = 0; at < values.length; at += each)
      for (const value of values.slice(at, at + each).reverse())
        for (let byte = width - 1; byte >= 0; byte--) out.push((value >> (8 * byte)) & 255);
    return Uint8Array.from(out);
  };

  it('6 bits: one byte per pixel', async () => {
    const values = pixels.map((i) => i % 64);
    const [dataset, found] = await frames(join(head(256, 2, '1x1', 6), words(values, 1)));
    expect(dataset).toMatchObject({ dtype: 'u8', shape: { nav: [], sig: [2, 256] } });
    expect(found).toEqual(values);
  });

  it('12 bits: two bytes per pixel', async () => {
    const values = pixels.map((i) => (i * 37) % 4096);
    const [dataset, found] = await frames(join(head(256, 2, '1x1', 12), words(values, 2)));
    expect(dataset).toMatchObject({ dtype: 'u16', meta: { bitDepth: 12, saturation: 4094 } });
    expect(found).toEqual(values);
  });

  it('24 bits: the upper twelve, then the lower twelve', async () => {
    const values = pixels.map((i) => (i * 32_771) % 2 ** 24);
    const file = join(
      head(512, 2, '1x1', 24),
      words(
        values.map((value) => value >> 12),
        2,
      ),
      words(
        values.map((value) => value & 4095),
        2,
      ),
    );
    const [dataset, found] = await frames(file);
    expect(dataset).toMatchObject({ dtype: 'u32', shape: { sig: [2, 256] } });
    expect(found).toEqual(values);
  });

  it('refuses undocumented bit depths and layouts', async () => {
    for (const bad of [head(256, 2, '1x1', 7), head(256, 2, 'Nx1', 1), head(300, 2, '1x1', 1)])
      await expect(frames(join(bad, new Uint8Array(4096)))).rejects.toMatchObject({ tag: 'Format' });
  });
});

describe('MRC', () => {
  const header = (mode: number, little: boolean): Uint8Array => {
    const out = new Uint8Array(1024);
    const view = new DataView(out.buffer);
    for (const [i, value] of [3, 2, 4, mode].entries()) view.setInt32(4 * i, value, little);
    out.set(text('MAP '), 208);
    out.set(little ? [0x44, 0x44] : [0x11, 0x11], 212);
    return out;
  };

  it('reads big-endian files and half floats', async () => {
    const [big, values] = await frames(join(header(2, false), swapped(Float32Array.from(count(24)), 4)));
    expect(big.shape).toEqual({ nav: [4], sig: [2, 3] });
    expect(values).toEqual(count(24));
    const [half, bits] = await frames(join(header(12, true), bytesOf(Uint16Array.from(count(24)))));
    expect(half.dtype).toBe('f16');
    expect(bits).toEqual(count(24));
    await expect(frames(join(header(3, true), new Uint8Array(96)))).rejects.toThrow(/mode 3 cannot be read/);
  });
});

describe('EDF', () => {
  const block = (order: string, data: Uint8Array): Uint8Array =>
    join(
      padded(`{\nByteOrder = ${order} ;\nDataType = UnsignedShort ;\nDim_1 = 3 ;\nDim_2 = 2 ;\n`, 510, ' '),
      text('}\n'),
      data,
    );

  it('reads several frames and big-endian ones', async () => {
    const data = [0, 1].map((i) => Uint16Array.from(count(6), (k) => i * 6 + k));
    const file = join(...data.map((numbers) => block('HighByteFirst', swapped(numbers, 2))));
    const [dataset, values] = await frames(file);
    expect(dataset.shape).toEqual({ nav: [2], sig: [2, 3] });
    expect(values).toEqual(count(12));
  });
});

describe('SEQ and TVIPS', () => {
  it('SEQ: 16 bits and the old header', async () => {
    const out = new Uint8Array(1024 + 2 * 20);
    const view = new DataView(out.buffer);
    view.setUint32(0, 0xfeed, true);
    view.setInt32(28, 3, true);
    for (const [i, value] of [3, 2, 16, 12, 12, 100, 2, 0, 20].entries()) view.setUint32(548 + 4 * i, value, true);
    for (const i of [0, 1]) out.set(bytesOf(Uint16Array.from(count(6), (k) => i * 6 + k)), 1024 + i * 20);
    const [dataset, values] = await frames(out);
    expect(dataset).toMatchObject({ format: 'seq', dtype: 'u16', meta: { bitDepth: 12 } });
    expect(values).toEqual(count(12));
  });

  it('SEQ: a sequence that was cut says so where its header states no number of images', async () => {
    const out = new Uint8Array(1024 + 20 + 9);
    const view = new DataView(out.buffer);
    view.setUint32(0, 0xfeed, true);
    view.setInt32(28, 3, true);
    for (const [i, value] of [3, 2, 16, 12, 12, 100, 0, 0, 20].entries()) view.setUint32(548 + 4 * i, value, true);
    const [dataset] = await frames(out);
    expect([dataset.frames, dataset.notes]).toEqual([
      1,
      [{ kind: 'warning', isCut: true, text: expect.stringMatching(/^9 bytes are left over/) }],
    ]);
  });

  it('TVIPS: version 1 and 8 bits', async () => {
    const header = new Int32Array(64);
    header.set([256, 1, 3, 2, 8, 0, 0, 1, 1, 0, 300, 0]);
    const file = join(
      bytesOf(header),
      ...[0, 6].map((i) =>
        join(
          new Uint8Array(12),
          count(6).map((k) => k + i),
        ),
      ),
    );
    const [dataset, values] = await frames(file, {}, 'a_000.tvips');
    expect(dataset).toMatchObject({ dtype: 'u8', meta: { voltageV: 300_000 } });
    expect(values).toEqual(count(12));
  });
});

describe('CBF byte offsets', () => {
  it('go from one width to the next at their limits', () => {
    const values = [0, 127, 0, -127, 1, 129, -32_640, 127, 32_894, -100_000, 2 ** 31 - 1, -(2 ** 31), 5];
    const out: number[] = [];
    let before = 0;
    for (const value of values) {
      const step = value - before;
      const view = new DataView(new ArrayBuffer(8));
      if (Math.abs(step) <= 127) out.push(step & 255);
      else if (Math.abs(step) <= 32_767) {
        view.setInt16(0, step, true);
        out.push(0x80, ...new Uint8Array(view.buffer, 0, 2));
      } else if (Math.abs(step) <= 2 ** 31 - 1) {
        view.setInt32(0, step, true);
        out.push(0x80, 0, 0x80, ...new Uint8Array(view.buffer, 0, 4));
      } else {
        view.setBigInt64(0, BigInt(step), true);
        out.push(0x80, 0, 0x80, 0, 0, 0, 0x80, ...new Uint8Array(view.buffer));
      }
      before = value;
    }
    const decoded = new Int32Array(values.length);
    decodeByteOffset(Uint8Array.from(out), decoded);
    expect([...decoded]).toEqual(values);
    for (let cut = 0; cut < out.length; cut++)
      expect(() => decodeByteOffset(Uint8Array.from(out.slice(0, cut)), decoded)).toThrow(/end after/);
    // 70000 counts in a file whose header says 16 bits were 4464.
    const wide = Uint8Array.of(0x80, 0, 0x80, 0x70, 0x11, 1, 0);
    expect(() => decodeByteOffset(wide, new Int16Array(1))).toThrow(/^pixel 0 is 70000, more than the 16 bits of its/);
  });
});

describe('OXD', () => {
  const image = (bytes: number[], words: number[]): Uint8Array =>
    join(
      text(
        `OD SAPPHIRE  3.0\r\nCOMPRESSION=TY1\r\nNX= ${bytes.length} NY= 1 OI= ${words.length} OL= 0\r\n` +
          'NHEADER= 256 NG= 0 NS= 0 NK= 0 NS= 0 NH= 0\r\n'.padEnd(256),
      ).subarray(0, 256),
      bytes,
      bytesOf(Int16Array.from(words)),
    );

  it('refuses a pixel beyond 16 bits instead of wrapping it', async () => {
    expect((await frames(image([254, 128, 126], [30_000]), {}, 'x.img'))[1]).toEqual([30_000, 30_001, 30_000]);
    await expect(frames(image([254, 254, 127], [30_000, 30_000]), {}, 'x.img')).rejects.toThrow(
      /pixel 1 is 60000, more than the 16 bits/,
    );
  });
});

describe('TIFF', () => {
  const file = (tags: [number, number[]][], data: Uint8Array): Uint8Array => {
    const out = new Uint8Array(8 + 2 + tags.length * 12 + 4);
    const view = new DataView(out.buffer);
    out.set(text('II*\0'));
    view.setUint32(4, 8, true);
    view.setUint16(8, tags.length, true);
    for (const [i, [tag, [value = 0]]] of tags.entries()) {
      const at = 10 + i * 12;
      view.setUint16(at, tag, true);
      view.setUint16(at + 2, 4, true);
      view.setUint32(at + 4, 1, true);
      view.setUint32(at + 8, tag === 273 ? out.length : value, true);
    }
    return join(out, data);
  };
  const picture = (predictor: number, compression = 1): [number, number[]][] => [
    [256, [4]],
    [257, [3]],
    [258, [16]],
    [259, [compression]],
    [273, [0]],
    [278, [3]],
    [279, [24]],
    [317, [predictor]],
  ];

  const withLength = (tags: [number, number[]][], length: number): [number, number[]][] =>
    tags.map(([tag, values]) => (tag === 279 ? [tag, [length]] : [tag, values]));

  it('undoes the differences of 16-bit numbers, but not where the compression has none', async () => {
    const rows = bytesOf(Uint16Array.from([...count(3)].flatMap((row) => [row * 1000, 7, 65_535, 2])));
    const packed = deflateSync(rows);
    const [, values] = await frames(file(withLength(picture(2, 8), packed.length), packed));
    expect(values).toEqual(count(3).flatMap((row) => [row * 1000, row * 1000 + 7, row * 1000 + 6, row * 1000 + 8]));
    // libtiff ignores the tag of plain numbers.
    const [plain, stored] = await frames(file(picture(2), rows));
    expect(stored).toEqual(count(3).flatMap((row) => [row * 1000, 7, 65_535, 2]));
    expect(plain.notes).toEqual([
      { kind: 'warning', text: expect.stringMatching(/Predictor 2\), which its compression/) },
    ]);
  });

  it('refuses a strip with fewer bytes than its rows need, and names it', async () => {
    const short = file(withLength(picture(1), 22), new Uint8Array(24));
    await expect(frames(short)).rejects.toThrow(/strip 0 has 22 bytes, and its 3 rows need 24/);
    // Some writers state none.
    expect((await frames(file(withLength(picture(1), 0), new Uint8Array(24))))[1]).toHaveLength(12);
  });

  it('keeps the whole images of an ImageJ stack that was cut', async () => {
    const said = 'ImageJ=1.53t\nimages=5\nslices=5\n\0';
    const stack = (images: number): Uint8Array => {
      const tags = [...picture(1).slice(0, 4), [270, [0]], ...picture(1).slice(4, 7)] as [number, number[]][];
      const data = bytesOf(Uint16Array.from(count(12 * images), (i) => Math.floor(i / 12)));
      const out = join(text('II*\0'), [8, 0, 0, 0], [tags.length, 0]);
      const all = new Uint8Array(10 + 12 * tags.length + 4 + said.length + data.length);
      all.set(out);
      const view = new DataView(all.buffer);
      const behind = 10 + 12 * tags.length + 4;
      for (const [i, [tag, [value = 0]]] of tags.entries()) {
        const isText = tag === 270;
        view.setUint16(10 + 12 * i, tag, true);
        view.setUint16(12 + 12 * i, isText ? 2 : 4, true);
        view.setUint32(14 + 12 * i, isText ? said.length : 1, true);
        view.setUint32(18 + 12 * i, isText ? behind : tag === 273 ? behind + said.length : value, true);
      }
      all.set(text(said), behind);
      all.set(data, behind + said.length);
      return all;
    };
    const [whole] = await frames(stack(5));
    expect([whole.shape.nav, whole.notes]).toEqual([[5], []]);
    const [cut, values] = await frames(stack(3).subarray(0, -1));
    expect([cut.shape.nav, values.at(-1)]).toEqual([[2], 1]);
    expect(cut.notes).toEqual([
      { kind: 'warning', isCut: true, text: expect.stringMatching(/states 5 frames .* cut after 2 whole frames/) },
    ]);
  });

  it('reads 24 bits in the byte order of the file', async () => {
    const tags = picture(1).map(([tag, values]): [number, number[]] => [
      tag,
      tag === 258 ? [24] : tag === 279 ? [36] : values,
    ]);
    const numbers = count(12).map((i) => (i * 1_234_567) % 2 ** 24);
    const bytes = Uint8Array.from(numbers.flatMap((n) => [n % 256, (n >> 8) % 256, n >> 16]));
    const [little, values] = await frames(file(tags, bytes));
    expect([little.dtype, values]).toEqual(['u32', numbers]);
  });

  it('takes counts of a Pilatus or an Eiger for signed ones, and reads the header in its description', async () => {
    const header =
      '# Detector: PILATUS 300K, S/N 3-0101\r\n# Pixel_size 172e-6 m x 172e-6 m\r\n# Wavelength 1.0332 A\r\n' +
      '# Detector_distance 0.30000 m\r\n# Beam_xy (1.50, 1.00) pixels\r\n';
    const written = (tag: number, said: string, format: [number, number[]][] = []): Uint8Array => {
      const tags: [number, number[]][] = [
        ...[
          [256, [3]],
          [257, [2]],
          [258, [32]],
          [259, [1]],
          [270, [0]],
          [273, [0]],
        ],
        ...[
          [277, [1]],
          [278, [2]],
          [279, [24]],
        ],
        ...format,
      ] as [number, number[]][];
      const out = file(tags, join(bytesOf(Int32Array.of(-2, -1, 0, 5, 6, 7)), text(`${said}\0`)));
      // Text, behind the image.
      const view = new DataView(out.buffer);
      const at = 10 + 4 * 12;
      view.setUint16(at, tag, true);
      view.setUint16(at + 2, 2, true);
      view.setUint32(at + 4, said.length + 1, true);
      view.setUint32(at + 8, out.length - said.length - 1, true);
      return out;
    };
    const [pilatus, values] = await frames(written(270, header), {}, 'x.tif');
    expect([pilatus.dtype, values]).toEqual(['i32', [-2, -1, 0, 5, 6, 7]]);
    expect(pilatus.meta).toMatchObject({
      ...{
        wavelengthA: 1.0332,
        distanceM: 0.3,
        beamCentrePx: { x: 1.5, y: 1 },
        detector: 'PILATUS 300K',
        underload: 0,
      },
    });
    expect((await frames(written(272, 'Dectris EIGER 1M'), {}, 'x.tif'))[0].dtype).toBe('i32');
    // The type that is stated, and that of other detectors.
    expect((await frames(written(270, header, [[339, [1]]]), {}, 'x.tif'))[0].dtype).toBe('u32');
    expect((await frames(written(270, 'a camera'), {}, 'x.tif'))[0].dtype).toBe('u32');
  });

  it('refuses a cyclic chain of pages', async () => {
    const ring = file(picture(1), new Uint8Array(24));
    new DataView(ring.buffer).setUint32(10 + 8 * 12, 8, true);
    await expect(frames(ring)).rejects.toThrow(/the chain of pages is cyclic/);
  });
});

describe('DM4 with four dimensions', () => {
  // The smallest tree: ImageList → one image → ImageData { Data, DataType, Dimensions } and the byte-order mark.
  const u64 = (n: number): number[] => [...count(8)].map((i) => Math.floor(n / 2 ** (8 * (7 - i))) % 256);
  const name = (string: string): number[] => [0, string.length, ...text(string)];
  const group = (label: string, ...tags: number[][]): number[] => [
    20,
    ...name(label),
    ...u64(0),
    1,
    0,
    ...u64(tags.length),
    ...tags.flat(),
  ];
  const data = (label: string, info: number[], bytes: ArrayLike<number>): number[] => [
    ...[21, ...name(label), ...u64(0), ...text('%%%%'), ...u64(info.length), ...info.flatMap(u64)],
    ...Array.from(bytes),
  ];
  const u32 = (label: string, value: number): number[] => data(label, [5], bytesOf(Uint32Array.of(value)));
  const build = (marked: boolean, numbers: Uint16Array): Uint8Array => {
    const image = group(
      '',
      group(
        'ImageData',
        data('Data', [20, 4, numbers.length], bytesOf(numbers)),
        u32('DataType', 10),
        group('Dimensions', ...[2, 3, 4, 5].map((n) => u32('', n))),
      ),
      ...(marked ? [group('ImageTags', group('Meta Data', data('Data Order Swapped', [8], [1])))] : []),
    );
    const root = [1, 0, ...u64(1), ...group('ImageList', image)];
    return Uint8Array.from([0, 0, 0, 4, ...u64(root.length), 0, 0, 0, 1, ...root]);
  };

  it('reads each frame in one piece if the file says so, otherwise with the scan varying fastest', async () => {
    const [marked, values] = await frames(build(true, Uint16Array.from(count(120))), {}, 'a.dm4');
    expect(marked).toMatchObject({ shape: { nav: [5, 4], sig: [3, 2] }, notes: [] });
    expect(values).toEqual(count(120));
    // Pixel (k, l) of frame (i, j) is at offset ((k · 4 + l) · 3 + i) · 2 + j.
    const turned = Uint16Array.from(count(120), (at) => (at % 6) * 20 + Math.floor(at / 6));
    const [plain, found] = await frames(build(false, turned), {}, 'a.dm4');
    expect(plain.shape).toEqual({ nav: [3, 2], sig: [5, 4] });
    expect(found).toEqual(count(120));
    expect(plain.notes[0]).toMatchObject({ kind: 'guess', option: 'order' });
    const [asked] = await frames(build(false, turned), { order: 'signal' }, 'a.dm4');
    expect(asked.shape).toEqual({ nav: [5, 4], sig: [3, 2] });
  });
});

describe('beams of SMV and CBF', () => {
  const smv = (header: string): Uint8Array =>
    join(
      padded(`{\nHEADER_BYTES=  512;\nSIZE1=8;\nSIZE2=8;\nTYPE=unsigned_short;\n${header}\n}\n`, 512, ' '),
      new Array(128).fill(0),
    );
  const described = async (header: string) => (await frames(smv(header), {}, 'x.img'))[0];

  it('takes the interpretation of the centre that lies on the detector, and names both', async () => {
    const mm = await described('PIXEL_SIZE=0.1;\nBEAM_CENTER_X=0.3;\nBEAM_CENTER_Y=0.5;');
    expect(mm.meta.beamCentrePx).toEqual({ x: 5, y: expect.closeTo(3, 9) });
    const pixels = await described('PIXEL_SIZE=0.055;\nBEAM_CENTER_X=3.5;\nBEAM_CENTER_Y=4.5;');
    expect(pixels.meta.beamCentrePx).toEqual({ x: 4.5, y: 3.5 });
    expect(pixels.notes.map(({ text }) => text).join()).toMatch(/pixels \(x 4\.5, y 3\.5.*as mm.*\(x 81\.8, y 63\.6\)/);
    const neither = await described('PIXEL_SIZE=0.055;\nBEAM_CENTER_X=35;\nBEAM_CENTER_Y=45;');
    expect(neither.notes).toContainEqual({ kind: 'warning', text: expect.stringContaining('outside the detector') });
  });

  it('recognises electrons by their wavelength', async () => {
    expect((await described('WAVELENGTH=0.02508;')).meta.voltageV).toBeCloseTo(199_990, -2);
    expect((await described('WAVELENGTH=0.98;')).meta.voltageV).toBeUndefined();
  });

  it('does not take a curved detector for a flat one, and reads a header that stands before its text', async () => {
    const header = (detector: string, semicolons = [';\n', '']): Uint8Array =>
      join(
        text(
          `###CBF: VERSION 1.5\n\n_array_data.header_contents\n${semicolons[0]}# Detector: ${detector}, S/N 1\n` +
            '# Pixel_size 172e-6 m x 172e-6 m\n' +
            '# Wavelength 1 A\n# Detector_distance 0.25 m\n# Beam_xy (1, 1) pixels\n' +
            `${semicolons[1]};\n\n_array_data.data\n;\n` +
            '--CIF-BINARY-FORMAT-SECTION--\nContent-Type: application/octet-stream;\n' +
            '     conversions="x-CBF_BYTE_OFFSET"\n' +
            'X-Binary-Size: 4\nX-Binary-Element-Type: "signed 32-bit integer"\nX-Binary-Size-Fastest-Dimension: 2\n' +
            'X-Binary-Size-Second-Dimension: 2\n\n\x0c\x1a\x04\xd5',
        ),
        [0, 0, 0, 0],
      );
    const [flat] = await frames(header('PILATUS 6M'), {}, 'x.cbf');
    expect(flat.meta).toMatchObject({ distanceM: 0.25, beamCentrePx: { x: 1, y: 1 } });
    // XDS writes comments between the name of the header and an empty text.
    const [before] = await frames(header('PILATUS 6M', ['', ';\n']), {}, 'x.cbf');
    expect(before.meta).toEqual(flat.meta);
    const [curved] = await frames(header('PILATUS 12M'), {}, 'x.cbf');
    expect([curved.meta.distanceM, curved.meta.beamCentrePx]).toEqual([undefined, undefined]);
    expect(curved.notes).toContainEqual({ kind: 'missing', text: expect.stringContaining('curved') });
  });
});

describe('text headers as programs write them', () => {
  const image = Uint16Array.from(count(6));
  const edf = (lines: string, after = ''): Uint8Array =>
    join(text(`{\nDim_1 = 3 ;\nDim_2 = 2 ;\nByteOrder = LowByteFirst ;\n${lines}}\n`), bytesOf(image), text(after));

  it.each([
    ['DataType = UnsignedShort ;\nstruct = {1 2 3} ;\nenergy = 33.5 ;\n'],
    ['title = {run 5} of sample ;\nDataType = Unsigned_Short ;\nenergy = 33.5 ;\n'],
    ['DataType = unsigned 16 ;\nlist = {\n1 2\n} ;\nenergy = 33.5 ;\n'],
  ])('EDF with braces in values: %j', async (lines) => {
    const both = join(edf(lines), edf(lines));
    const [dataset, values] = await frames(both, {}, 'x.edf');
    expect([dataset.frames, dataset.dtype, values]).toEqual([2, 'u16', [...count(6), ...count(6)]]);
    expect((dataset.meta.header as Record<string, string>).ENERGY).toBe('33.5');
  });

  it('EDF with semicolons within a value, and images that are padded', async () => {
    const one = edf('DataType = UnsignedShort ;\nSize = 20 ;\ntitle = a; b = c; d ;\n', '\0'.repeat(8));
    const [dataset, values] = await frames(join(one, one), {}, 'x.edf');
    expect([dataset.frames, values.slice(6)]).toEqual([2, count(6)]);
  });

  it.each([
    ['unsigned short int', 'u16'],
    ['Short Int', 'i16'],
    ['UNSIGNED SHORT', 'u16'],
    ['signed_short', 'i16'],
  ])('SMV and d*TREK of %s', async (type, dtype) => {
    const head =
      `{\nHEADER_BYTES=  512;\nSIZE1=3;\nSIZE2=2;\nBYTE_ORDER=little_endian;\nData_type=${type};\nA={x};\n` +
      'SOURCE_WAVELENGTH=1 0.9795;\n}\n';
    const [dataset, values] = await frames(join(padded(head, 512, ' '), bytesOf(image)), {}, 'x.img');
    expect([dataset.dtype, values, dataset.meta.wavelengthA]).toEqual([dtype, count(6), 0.9795]);
  });

  it('SMV with semicolons within values, and several values in a line', async () => {
    const head =
      '{\nHEADER_BYTES=  512;\nSIZE1=3;\nSIZE2=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\n' +
      'COMMENT=a; b; c;\nNOTE={x;y};\nWAVELENGTH=1.5; DISTANCE=100;\n}\n';
    const [dataset, values] = await frames(join(padded(head, 512, ' '), bytesOf(image)), {}, 'x.img');
    expect([values, dataset.meta.wavelengthA, dataset.meta.distanceM]).toEqual([count(6), 1.5, 0.1]);
    expect(dataset.meta.header).toMatchObject({ COMMENT: 'a; b; c', NOTE: '{x;y}' });
  });

  const dtrek = (lines: string, numbers: Uint16Array = image): Uint8Array =>
    join(
      padded(
        '{\nHEADER_BYTES= 1024;\nDIM=2;\nSIZE1=3;\nSIZE2=2;\nBYTE_ORDER=little_endian;\nCompression=None;\n' +
          'Data_type=unsigned short int;\nDETECTOR_NAMES=CCD_;\nSOURCE_WAVELENGTH=1 0.71073;\n' +
          'CCD_SPATIAL_DISTORTION_TYPE=Simple_spatial;\nCCD_SPATIAL_DISTORTION_INFO=1.5 0.75 0.09 0.09;\n' +
          'CCD_GONIO_NAMES=RotZ RotX/Swing RotY TransX TransY TransZ/Dist;\n' +
          `CCD_GONIO_UNITS=deg deg deg mm mm mm;\nROTATION=10 10.5 0.5 20 0 0 0 0 0 0;\n${lines}\n}\n`,
        1024,
        ' ',
      ),
      bytesOf(numbers),
    );

  it('d*TREK states distance, beam and rotation under the name of its detector', async () => {
    const [{ meta, notes }] = await frames(dtrek('CCD_GONIO_VALUES=0 0 0 0 0 65;'), {}, 'x.img');
    expect(meta).toMatchObject({
      ...{ wavelengthA: 0.71073, distanceM: 0.065, beamCentrePx: { x: 1.5, y: 0.75 } },
      ...{
        pixelSizeM: { x: expect.closeTo(9e-5, 12), y: expect.closeTo(9e-5, 12) },
        oscillationDeg: { start: 10, range: 0.5 },
        exposureS: 20,
      },
    });
    expect(notes).toEqual([]);
  });

  it('a detector of d*TREK that is turned has no distance and no centre that could be used', async () => {
    const [{ meta, notes }] = await frames(dtrek('CCD_GONIO_VALUES=0 -20 0 0 0 65;'), {}, 'x.img');
    expect([meta.distanceM, meta.beamCentrePx]).toEqual([undefined, undefined]);
    expect(notes).toEqual([{ kind: 'missing', text: expect.stringContaining('RotX/Swing -20 deg') }]);
  });

  it('counts of d*TREK beyond 15 bits are those that were divided', async () => {
    for (const [endian, width] of [
      ['little', 1],
      ['big', 2],
    ] as const) {
      const numbers = Uint16Array.of(0, 1, 32767, 32768, 32769, 65535);
      const stored = new Uint16Array(swapped(numbers, width).buffer);
      const file = dtrek('RAXIS_COMPRESSION_RATIO=8;', stored);
      const [dataset, values] = await frames(file, { endian }, 'x.img');
      expect([dataset.dtype, values]).toEqual(['u32', [0, 1, 32767, 0, 8, 8 * 32767]]);
    }
  });
});
