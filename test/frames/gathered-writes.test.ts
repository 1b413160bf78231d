/** Pieces of a file that are written together. */
import type { FileHandle } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { writePieces } from '../../src/frames/files/gathered.js';

test('pieces are whole and in order on a disk that takes a few bytes at a time', async () => {
  const written: number[] = [];
  /** Takes at most three bytes, which may end within a piece. */
  const writev = async (pieces: readonly Uint8Array[], position: number) => {
    const taken = pieces.flatMap((piece) => [...piece]).slice(0, 3);
    for (const [i, byte] of taken.entries()) written[position + i] = byte;
    return { bytesWritten: taken.length };
  };
  const pieces = [[], [1, 2, 3, 4, 5], [6], [], [7, 8], []].map((bytes) => Uint8Array.from(bytes));
  expect(await writePieces({ writev } as unknown as FileHandle, pieces, 2)).toBe(8);
  expect(written.slice(2)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});
