/** Blobs that do not fit into any workgroup are refused before a frame is uploaded. */
import { expect, test } from 'vitest';
import { peaksParams } from '../../src/compute/layout/peaks.js';
import { pack } from '../../src/compute/layout/struct.js';
import { checkBlobRoom } from '../../src/peaks/kernels/blob-room.js';

test('a maxPixCount that exceeds the memory of a GPU workgroup is refused with the limit', () => {
  expect(() => checkBlobRoom(pack(peaksParams, { maxPixCount: 1024 }))).not.toThrow();
  expect(() => checkBlobRoom(pack(peaksParams, { maxPixCount: 1025 }))).toThrow(
    expect.objectContaining({
      tag: 'Limit',
      message: expect.stringContaining('maxPixCount is 1025; on a GPU it is at most 1024'),
    }),
  );
});
