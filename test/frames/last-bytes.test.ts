/** The end of every codec's stream: damage there gives a tagged error or the undamaged numbers, never other ones. */
import { existsSync } from 'node:fs';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Codecs, memorySource, open } from '../../dist/data.node.js';
import { isEwaldError } from '../../dist/index.node.js';
import { npyHeadOf } from '../../src/frames/npy.js';
import { addonPath, codecsHere } from './hdf5-support.js';
import { checkEnd, damages, type Ending, endings, type Packed, pixels } from './last-bytes.js';
import { zipOf } from './zip-of.js';

const plain = new Uint8Array(pixels.buffer);
let codecs: Codecs;
beforeAll(async () => {
  codecs = await codecsHere();
});
afterAll(() => codecs.dispose());

/** An archive of one array, which states the size of the stream that it is given. */
function npz(stream: Uint8Array) {
  const member = new Uint8Array(Buffer.concat([npyHeadOf('<u2', [12, 20]), plain]));
  return { name: 'a.npz', bytes: zipOf({ 'data.npy': member }, 8, stream) };
}
const packedMember = new Uint8Array(deflateRawSync(Buffer.concat([npyHeadOf('<u2', [12, 20]), plain])));

const read = async ({ name, bytes, files, options }: Packed): Promise<unknown> => {
  const dataset = await open(memorySource(bytes, name, files), { ...options, codecs });
  try {
    return await dataset.read(0, 1);
  } finally {
    await dataset.dispose();
  }
};
// An archive states where a stream ends, and has its checksum elsewhere, so bytes may follow.
const inZip: Ending = { name: 'npz, deflate', stream: packedMember, file: npz, allows: () => true };

describe.each([...(await endings()), inZip])('$name', (row) => {
  test('gives its numbers, also before what its format allows to follow', async () => {
    expect(await read(row.file(row.stream))).toEqual(pixels);
    for (const { bytes, longer } of damages(row.stream))
      if (longer && row.allows?.(longer)) expect(await read(row.file(bytes))).toEqual(pixels);
  });

  test(
    'is refused, or gives the same numbers, where one of its last 16 bytes differs or is absent',
    { tags: 'nightly' },
    () => checkEnd(row, read),
  );
});

describe.each(['wasm', 'native'] as const)('the core, %s', (backend) => {
  test.skipIf(backend === 'native' && !existsSync(addonPath))(
    'refuses a zlib stream with a damaged end, or gives the same bytes',
    async () => {
      const core = await codecsHere(backend);
      const stream = new Uint8Array(deflateSync(plain));
      for (const { what, bytes, longer } of damages(stream)) {
        const out = new Uint8Array(plain.length);
        const error = await core.decode({ codec: 'zlib' }, bytes, out).catch((thrown) => thrown);
        if (error === undefined) expect(out, what).toEqual(plain);
        // The HDF5 library, whose chunks these are, ignores what follows.
        else expect([isEwaldError(error, 'Format'), longer], what).toEqual([true, undefined]);
      }
      await core.dispose();
    },
  );
});
