/** Sums of a detector that moves over a scan in memory, by the passes of the core. */
import { createContext } from 'ewald';
import { memoryDataset } from 'ewald/data';
import { afterAll, expect, test } from 'vitest';
import { residentScan } from '../../src/udf/scans/resident.js';
import { SummedPlanes } from '../../src/udf/scans/summed-planes.js';

const context = createContext({ backend: 'native' }).catch(() => undefined);
afterAll(async () => (await context)?.dispose());
let seed = 3;
const random = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const [rows, columns, height, width] = [7, 9, 11, 13] as const;
const numbers = {
  u8: [Uint8Array, 256],
  i16: [Int16Array, -32768],
  u16: [Uint16Array, 65536],
  u32: [Uint32Array, 2 ** 32],
} as const;

test('sums of every mask are those of its frames, however it has moved', async ({ skip }) => {
  const core = await context;
  if (!core) return skip('the native core is absent');
  for (const [dtype, [Type, most]] of Object.entries(numbers)) {
    const data = (Type as typeof Uint16Array).from({ length: rows * columns * height * width }, () =>
      Math.floor(random() * most),
    );
    const dataset = memoryDataset(data, { navShape: [rows, columns], sigShape: [height, width] });
    const sums = await SummedPlanes.on(await residentScan(dataset), async () => core as never);
    if (!sums) throw new Error(`no sums of ${dtype}`);
    let mask = new Uint8Array(height * width);
    for (let move = 0; move < 12; move++) {
      // Nothing, all, a few pixels more or less, and other pixels.
      const share = [0, 1, 0.05, 0.5][move % 4] as number;
      mask = mask.map((isIn) => (random() < share ? 1 - isIn : move % 4 === 3 ? 0 : isIn));
      const image = await sums.set(mask);
      for (let i = 0; i < rows * columns; i++) {
        let sum = 0;
        for (let p = 0; p < mask.length; p++) if (mask[p]) sum += data[i * mask.length + p] as number;
        expect(image[i], `${dtype}, move ${move}, position ${i}`).toBe(sum);
      }
    }
  }
});

test('scans whose number of positions fits no frame, and reals, are summed otherwise', async () => {
  const refuse = () => Promise.reject(new Error('no context is opened'));
  const prime = memoryDataset(new Uint16Array(65537), { navShape: [1, 65537], sigShape: [1, 1] });
  expect(await SummedPlanes.on(await residentScan(prime), refuse)).toBeUndefined();
  const reals = memoryDataset(new Float32Array(4), { navShape: [2, 2], sigShape: [1, 1] });
  expect(await SummedPlanes.on(await residentScan(reals), refuse)).toBeUndefined();
});
