/** Frames compressed by bitshuffle + Zstandard and by Zstandard alone, written by other libraries: in HDF5 and streams. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { open } from '../../dist/data.node.js';
import { unknownSeries } from '../../src/frames/streams/dectris-message.js';
import { dectrisV2 } from '../../src/frames/streams/dectris-v2.js';
import { dataFolder } from '../support/data.js';
import { codecsHere } from './hdf5-support.js';

const folder = resolve(dataFolder ?? '', 'reports', 'zstd');

test.skipIf(!dataFolder).each(['bszstd', 'bszstd-i4', 'bszstd-u1', 'zstd', 'bslz4'])('%s', async (name) => {
  const expected = JSON.parse(readFileSync(resolve(folder, 'expected.json'), 'utf8'))[name];
  const dataset = await open(resolve(folder, `${name}.h5`));
  const [frames, ...signal] = expected.shape;
  expect(dataset.shape).toEqual({ nav: [frames], sig: signal });
  for (let i = 0; i < frames; i++) {
    const frame = Array.from((await dataset.read(i, 1)) as Uint16Array);
    expect(frame.reduce((sum, one) => sum + one, 0)).toBe(expected.sums[i]);
    expect(frame.reduce((sum, one, k) => sum + one * (k + 1), 0)).toBe(expected.weighted[i]);
  }
  await dataset.dispose();
});

/** A map of CBOR with an image of 9 × 7 u16, by bitshuffle and the Zstandard of numcodecs in blocks of 64 bytes. */
function imageMessage(algorithm: string): Uint8Array {
  const chunk = Buffer.from(
    'AAAAAAAAAH4AAABAAAAAKCi1L/0gQP0AAMiqZcYHALU0y0R+I9Yo6OvLsBpMOcCs2vgAAQApwRgAAAAiKLUv/SAwzQAAmPiYaTRL' +
      'Kxqxn/T1BacMVsdWzQABAG8QBhkAEAAJAAQAAQAAAAEA',
    'base64',
  );
  const text = (word: string): number[] => [0x60 + word.length, ...Buffer.from(word)];
  return Uint8Array.from([
    ...[0xa3, ...text('type'), ...text('image'), ...text('image_id'), 0x00, ...text('data'), 0xa1, ...text('one')],
    // An array of rows, of numbers of u16, in compressed bytes.
    ...[0xd8, 40, 0x82, 0x82, 9, 7, 0xd8, 69, 0xd9, 56500 >> 8, 56500 & 255],
    ...[0x83, ...text(algorithm), 2, 0x58, chunk.length, ...chunk],
  ]);
}

test('an image of stream V2 by bitshuffle + Zstandard, as Jungfraujoch sends it', async () => {
  const codecs = await codecsHere('wasm');
  const frameOf = async (algorithm: string) => {
    const message = dectrisV2(imageMessage(algorithm));
    return message.kind === 'image' ? message.open(unknownSeries, codecs, 'x', []) : undefined;
  };
  expect(await frameOf('bszstd')).toMatchObject({
    ...{ dtype: 'u16', shape: [9, 7], numbers: Uint16Array.from({ length: 63 }, (_, i) => i ** 2 % 61) },
  });
  for (const word of ['zip', 'constructor'])
    await expect(frameOf(word)).rejects.toMatchObject({ tag: 'Unsupported', message: expect.stringContaining(word) });
  await codecs.dispose();
});
