/** Plain numbers that are opened by another type or byte order than they have are doubted; right ones are not. */
import { open } from 'ewald/data';
import { expect, test } from 'vitest';
import { bytesOfArray, type DataType, elements } from '../../src/bytes/dtype.js';
import { memorySource } from '../../src/bytes/sources/memory.js';
import { openSource } from '../../src/frames/open.js';

let state = 1;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

/** Counts about a mean that falls towards the corner of a frame, as of a pattern. */
const counts = (mean: number): number[] =>
  Array.from({ length: 4 * 32 * 32 }, (_, i) => Math.round(mean * (1.1 - (i % 32) / 32) * (0.5 + random())));

function stored(values: readonly number[], dtype: DataType, endian: 'little' | 'big'): File {
  const array = new elements[dtype].array(values.length) as Uint16Array;
  array.set(values);
  const bytes = bytesOfArray(array);
  const width = array.BYTES_PER_ELEMENT;
  if (endian === 'big') for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  return new File([bytes], 'scan.raw');
}

/** The option that a warning names; undefined without one. */
async function doubted(file: File, dtype: DataType, endian: 'little' | 'big'): Promise<string | undefined> {
  const dataset = await open(file, { format: 'raw', dtype, endian, sigShape: [32, 32] });
  await dataset.dispose();
  const warnings = dataset.notes.filter(({ kind }) => kind === 'warning');
  expect(warnings.every(({ isCut }) => isCut)).toBe(true);
  return warnings[0]?.option;
}

const other = { little: 'big', big: 'little' } as const;

test.each(['little', 'big'] as const)(
  'numbers in %s-endian order read as they are stored are not doubted',
  async (endian) => {
    const most = { u8: 100, u16: 9000, i16: 9000, u32: 5e5, i32: 5e5, f32: 5e5, f64: 5e5 } as const;
    for (const [dtype, limit] of Object.entries(most) as [keyof typeof most, number][])
      for (const mean of [0.6, 20, 100, 900, 9000, 5e5].filter((one) => one <= limit))
        expect(await doubted(stored(counts(mean), dtype, endian), dtype, endian), `${dtype} ${mean}`).toBeUndefined();
  },
);

test.each(['little', 'big'] as const)(
  'numbers of another type or order than %s-endian ones are doubted',
  async (endian) => {
    for (const mean of [2, 20, 100, 900]) {
      const u16 = stored(counts(mean), 'u16', endian);
      for (const dtype of ['f32', 'f64'] as const)
        expect(await doubted(u16, dtype, endian), `${dtype} ${mean}`).toBe('dtype');
      expect(await doubted(u16, 'u32', endian), `u32 ${mean}`).toBe('dtype');
      if (mean < 200) expect(await doubted(u16, 'u16', other[endian]), `order ${mean}`).toBe('endian');
      if (mean < 200) expect(await doubted(stored(counts(mean), 'u32', endian), 'u32', other[endian])).toBe('endian');
      const reals = counts(mean).map((x) => Math.sqrt(x));
      for (const dtype of ['f32', 'f64'] as const)
        expect(await doubted(stored(reals, dtype, endian), dtype, other[endian]), `${dtype} ${mean}`).toBeDefined();
    }
    // The first frame is empty, and the middle one is not.
    const late = counts(20).fill(0, 0, 1024);
    expect(await doubted(stored(late, 'u16', endian), 'f32', endian)).toBe('dtype');
  },
);

test.each(['little', 'big'] as const)(
  'sparse counts of %s-endian order are doubted by those that are not 0, and right ones are not',
  async (endian) => {
    // Counted electrons on 2 % of the pixels of ten frames.
    const sparse = Array.from({ length: 10 * 32 * 32 }, () => (random() < 0.02 ? 1 + Math.floor(1.1 * random()) : 0));
    for (const dtype of ['u16', 'u32', 'i32', 'f32', 'f64'] as const) {
      const file = stored(sparse, dtype, endian);
      expect(await doubted(file, dtype, endian), dtype).toBeUndefined();
      expect(await doubted(file, dtype, other[endian]), `${dtype} in the other order`).toBeDefined();
    }
    const [u16, u32] = [stored(sparse, 'u16', endian), stored(sparse, 'u32', endian)];
    for (const file of [u16, u32]) expect(await doubted(file, 'f32', endian)).toBe('dtype');
    expect(await doubted(u16, 'u32', endian)).toBe('dtype');
    for (const mean of [1, 5, 100, 600])
      expect(await doubted(stored(counts(mean), 'u16', endian), 'f16', endian), `f16 ${mean}`).toBe('dtype');
  },
);

test('plain numbers with empty frames are opened in few turns of reading, as a slow network needs it', async () => {
  const source = memorySource(new Uint8Array(2 ** 21 + 2 ** 10), 'empty.raw');
  let [turns, running] = [0, 0];
  const { read } = source;
  const counted: typeof source.read = async (...given) => {
    if (running++ === 0) turns++;
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return read(...given);
  };
  const dataset = await openSource(Object.assign(Object.create(source), { read: counted }), {
    ...{ dtype: 'u16', sigShape: [64, 64] },
  });
  expect(dataset.frames).toBe(256);
  await dataset.dispose();
  expect(turns).toBeLessThan(8);
});
