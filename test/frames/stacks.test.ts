/** Stacks on disk: frames with gaps between them, in either byte order, read directly into the destination. */
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { open } from '../../dist/data.node.js';
import { isEwaldError } from '../../dist/index.node.js';
import type { Turning } from '../../src/bytes/byte-order.js';
import { fileOpener } from '../../src/bytes/sources/file.js';

const addon = `${process.cwd()}/dist/native/${process.platform}-${process.arch}/ewald_native.node`;
const native = existsSync(addon)
  ? (createRequire(import.meta.url)(addon) as Turning & { computeHere(yes: boolean): void })
  : undefined;
const folder = mkdtempSync(join(tmpdir(), 'ewald-stacks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const arrays = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f64: Float64Array } as const;
type Kind = keyof typeof arrays;

/** A stack as stored in a file, and its values. */
function stack(dtype: Kind, sigShape: [number, number], frames: number, head: number, foot: number, big: boolean) {
  const ArrayType = arrays[dtype];
  const width = ArrayType.BYTES_PER_ELEMENT;
  const perFrame = sigShape[0] * sigShape[1];
  const values = new ArrayType(perFrame * frames);
  for (let i = 0; i < values.length; i++) values[i] = Math.imul(i, 2654435761) >>> 7;
  const frameBytes = perFrame * width;
  const file = Buffer.alloc(frames * (head + frameBytes + foot), 0xee);
  for (let f = 0; f < frames; f++) {
    const at = f * (head + frameBytes + foot) + head;
    const bytes = Buffer.from(values.slice(f * perFrame, (f + 1) * perFrame).buffer);
    if (big) for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
    bytes.copy(file, at);
  }
  const path = join(folder, `${dtype}-${frames}-${head}-${foot}-${big}.raw`);
  writeFileSync(path, file);
  const options = { format: 'raw', dtype, sigShape, frameHeader: head, frameFooter: foot } as const;
  return { path, values, perFrame, options: { ...options, endian: big ? 'big' : 'little' } as const };
}

describe.each([...(native ? ([['with the addon', native]] as const) : []), ['without it', undefined] as const])(
  '%s',
  (_, turning) => {
    const fileSource = fileOpener(() => turning);
    // Frames smaller and larger than a block of the reader, more frames than one call takes, gaps of all sizes.
    test.each([
      ['u16', [256, 256], 5, 384, 0, true],
      ['u16', [256, 256], 300, 0, 0, true],
      ['u32', [300, 301], 7, 0, 16, true],
      ['f64', [3, 5], 4000, 24, 0, true],
      ['u16', [41, 50], 700, 0, 0, true],
      ['u8', [64, 64], 3000, 100, 3, false],
      ['u16', [64, 64], 1200, 384, 0, false],
      ['u16', [40, 50], 50, 20_000, 0, false],
      ['u32', [8, 8], 100, 7, 7, false],
      ['u16', [256, 256], 30, 0, 0, false],
    ] as const)(
      '%s of %j, %i frames, %i bytes before and %i behind, big-endian: %j',
      { tags: 'all' },
      async (...given) => {
        const [dtype, shape, frames, head, foot, big] = given;
        const { path, values, perFrame, options } = stack(dtype, [...shape], frames, head, foot, big);
        const dataset = await open(await fileSource(path), options);
        const ArrayType = arrays[dtype];
        for (const [first, count] of [
          [0, frames],
          [1, frames - 1],
          [frames - 1, 1],
          [frames >> 1, Math.min(3, frames - (frames >> 1))],
        ] as const) {
          const into = new ArrayType(count * perFrame + 8).fill(77);
          await dataset.read(first, count, into.subarray(4, 4 + count * perFrame));
          const wanted = values.subarray(first * perFrame, (first + count) * perFrame);
          expect(Buffer.compare(new Uint8Array(into.slice(4, -4).buffer), new Uint8Array(wanted.slice().buffer))).toBe(
            0,
          );
          expect([...into.subarray(0, 4), ...into.subarray(-4)]).toEqual(new Array(8).fill(77));
        }
        await dataset.dispose();
        rmSync(path);
      },
    );

    test.each([true, false])('a file that is truncated while it is open, big-endian: %j', async (big) => {
      const { path, options } = stack('u16', [64, 64], 100, 384, 0, big);
      const dataset = await open(await fileSource(path), options);
      truncateSync(path, 50 * (8192 + 384) + 1000);
      const error: unknown = await dataset.read(0, 100).catch((caught: unknown) => caught);
      expect(isEwaldError(error, 'File')).toBe(true);
      expect(String(error)).toMatch(/truncated while it was being read/);
      expect((await dataset.read(0, 49)).length).toBe(49 * 4096);
      await dataset.dispose();
    });
  },
);

// A thread that computes reads what the system has in memory by itself; a file system in memory refuses that on Linux,
// so that the pool reads.
describe.skipIf(!native?.readTurned).each([
  ['by the pool', false, folder],
  ['by this thread', true, folder],
  ['by the pool, from memory', true, '/dev/shm'],
] as const)('%s', (_, here, place) => {
  beforeAll(() => native?.computeHere(here));
  afterAll(() => native?.computeHere(false));

  test.skipIf(!existsSync(place))(
    'large reads from any byte to any place in a page, and not a byte beyond',
    { tags: 'all' },
    async () => {
      const path = join(place, `plain-${process.pid}.bin`);
      const bytes = Uint8Array.from({ length: 2 ** 20 }, (_, i) => Math.imul(i, 2654435761) >>> 13);
      writeFileSync(path, bytes);
      onTestFinished(() => rmSync(path));
      const source = await fileOpener(() => native)(path);
      // Reads directly into the destination, and reads through one or several blocks of 2¹⁸ bytes.
      for (const from of [0, 1, 100, 2048, 4095])
        for (const length of [2 ** 17, 2 ** 18 + 5, 900_000])
          for (const to of [8, 11, 1032, 2056, 3333]) {
            const room = new Uint8Array(2 ** 20).fill(77);
            await source.read(from, room.subarray(to, to + length));
            const wanted = Buffer.alloc(room.length, 77);
            wanted.set(bytes.subarray(from, from + length), to);
            expect(Buffer.compare(room, wanted), `${from} ${length} ${to}`).toBe(0);
          }
      // The size was found when it was opened.
      truncateSync(path, 2 ** 19);
      const beyond = await source.read(0, new Uint8Array(2 ** 20)).catch((caught: unknown) => caught);
      expect(isEwaldError(beyond, 'File')).toBe(true);
      expect(String(beyond)).toMatch(/truncated while it was being read/);
      await source.close();
    },
  );
});

test.skipIf(!native?.readTurned)('the addon refuses arguments that do not describe frames', () => {
  const read = native?.readTurned as NonNullable<Turning['readTurned']>;
  for (const [stride, bytes, width, room] of [
    [8, 0, 2, 8],
    [4, 8, 2, 8],
    [8, 7, 2, 7],
    [8, 8, 3, 8],
    [8, 8, 2, 9],
  ] as const)
    expect(() => read(0, 0, stride, bytes, width, new Uint8Array(room))).toThrow(/the frames do not hold integers/);
});
