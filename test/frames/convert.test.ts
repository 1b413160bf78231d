/** `convert` and `writeFrames`: the functions behind `ewald convert`, called from JavaScript. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryDataset, open, openCodecs, writeFrames } from 'ewald/data';
import { convert } from 'ewald/shell';
import { afterAll, beforeAll, expect, it } from 'vitest';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-convert-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const data = Uint16Array.from({ length: 2 * 3 * 4 * 5 }, (_, i) => i);
const scan = () => memoryDataset(data, { navShape: [2, 3], sigShape: [4, 5] });

it('writes frames into a sink, and returns the options that open the file again', async () => {
  const parts: Uint8Array[] = [];
  const sink = { append: async (bytes: Uint8Array) => void parts.push(bytes.slice()) };
  const written = await writeFrames(scan(), sink, undefined, { format: 'raw' });
  expect(written).toMatchObject({ frames: 6, bytes: 240, shape: { nav: [2, 3], sig: [4, 5] } });
  expect(written.reopen).toEqual({ format: 'raw', dtype: 'u16', sigShape: [4, 5], navShape: [2, 3] });
  expect(new Uint16Array(Buffer.concat(parts).buffer.slice(0, 240) as ArrayBuffer).length).toBe(120);
  await expect(writeFrames(scan(), sink, undefined)).rejects.toMatchObject({ tag: 'Argument' });
});

it('keeps what a microscope states, and the size of a pixel on the sample', async () => {
  const axes = [
    { name: 'z', size: 6 },
    { name: 'y', size: 4, scale: 0.5, unit: 'nm' },
    { name: 'x', size: 5, scale: 2, unit: 'Å' },
  ];
  const meta = { cameraLengthM: 0.2, convergenceRad: 0.011, scanRotationDeg: 30, voltageV: 2e5, serial: 'S1', axes };
  const dataset = memoryDataset(Uint8Array.from(data.subarray(0, 120)), { sigShape: [4, 5] });
  const described = {
    ...dataset,
    meta,
    read: dataset.read.bind(dataset),
    partitions: dataset.partitions.bind(dataset),
  };
  const written = async (format: 'h5' | 'mrc') => {
    const bytes = new Uint8Array(2 ** 16);
    let end = 0;
    const append = async (part: Uint8Array): Promise<void> => {
      bytes.set(part, end);
      end += part.length;
    };
    const patch = async (place: number, part: Uint8Array): Promise<void> => bytes.set(part, place);
    const codecs = await openCodecs();
    const { dtype } = await writeFrames(described, { append, patch }, codecs, { format });
    await codecs.dispose();
    const again = await open(new File([bytes.subarray(0, end)], `a.${format}`));
    await again.dispose();
    return { dtype, again };
  };
  const hdf5 = (await written('h5')).again.meta;
  expect(hdf5).toMatchObject({ cameraLengthM: 0.2, convergenceRad: 0.011, serial: 'S1' });
  expect(hdf5.scanRotationDeg).toBeCloseTo(30, 9);
  const mrc = await written('mrc');
  expect(mrc.again.meta.axes?.slice(1)).toEqual([
    { name: 'y', size: 4, scale: 5, unit: 'Å' },
    { name: 'x', size: 5, scale: 2, unit: 'Å' },
  ]);
  // MRC has no unsigned bytes.
  expect([mrc.dtype, mrc.again.dtype]).toEqual(['u16', 'u16']);
});

it('says that the rotation of a series is not written to HDF5', async () => {
  const dataset = scan();
  const described = {
    ...dataset,
    meta: { oscillationDeg: { start: 5, range: 0.1 } },
    read: dataset.read.bind(dataset),
    partitions: dataset.partitions.bind(dataset),
  };
  const codecs = await openCodecs();
  const sink = { append: async () => undefined, patch: async () => undefined };
  const { warnings } = await writeFrames(described, sink, codecs, { format: 'h5' });
  await codecs.dispose();
  expect(warnings).toEqual([expect.stringMatching(/rotation.*from 5° in steps of 0\.1°.*not written/)]);
});

it('converts files, by the ending of the output', async () => {
  const parts: Uint8Array[] = [];
  const sink = { append: async (bytes: Uint8Array) => void parts.push(bytes.slice()) };
  await writeFrames(scan(), sink, undefined, { format: 'npy' });
  const { writeFileSync } = await import('node:fs');
  writeFileSync(at('scan.npy'), Buffer.concat(parts));
  for (const ending of ['h5', 'mrc', 'raw']) {
    const { reopen } = await convert(at('scan.npy'), at(`scan.${ending}`), { sigShape: [4, 5] });
    const again = await open(at(`scan.${ending}`), reopen ?? {});
    // MRC has one frame axis: without `reopen` the shape of the scan would be lost.
    expect(again.shape, ending).toEqual({ nav: [2, 3], sig: [4, 5] });
    expect([...(await again.read(0, 6))], ending).toEqual([...data]);
    await again.dispose();
  }
  const { shape } = await convert(at('scan.npy'), at('some.npy'), { sigShape: [4, 5], frames: [4] });
  expect(shape.nav).toEqual([2]);
  for (const [some, wanted] of [
    [{ first: 2 }, [0, 1]],
    [{ first: 99 }, [0, 1, 2, 3, 4, 5]],
    [{ frames: '1::2' }, [1, 3, 5]],
    [{ frames: [0, 5, 3] }, [0, 3]],
    [{ frames: '4:99' }, [4, 5]],
  ] as const) {
    await convert(at('scan.npy'), at('some.npy'), { sigShape: [4, 5], force: true, ...some });
    const again = await open(at('some.npy'));
    expect([...(await again.read(0, wanted.length))]).toEqual(
      wanted.flatMap((i) => [...data.slice(20 * i, 20 * i + 20)]),
    );
    expect(again.frames).toBe(wanted.length);
    await again.dispose();
  }
});

it('refuses before it writes', async () => {
  const before = readFileSync(at('scan.npy'));
  for (const [output, options, why] of [
    ['scan.foo', {}, 'should end in'],
    ['scan.npy', { force: true }, 'is the input itself'],
    ['scan.raw', {}, 'exists'],
    ['new.npy', { packing: 'gzip' }, 'packing is for HDF5'],
    ['new.npy', { frames: [4, 2] }, 'frames is [4,2]'],
    ['new.npy', { frames: '6:' }, 'scan.npy has 6 frames, counted from 0; 6: selects no frame'],
    ['new.npy', { frames: '0:1', first: 1 }, 'first and frames both select frames; give one of them'],
    ['new.npy', { first: 0 }, 'first is 0'],
    ['new.npy', { nosuch: 1 }, 'nosuch'],
  ] as const)
    await expect(
      convert(at('scan.npy'), at(output), { sigShape: [4, 5], ...options } as object),
      output,
    ).rejects.toThrow(why);
  expect(readFileSync(at('scan.npy'))).toEqual(before);
});
