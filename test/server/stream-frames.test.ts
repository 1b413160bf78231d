/** The files of frames that a stream names, found beside it. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isStream, StreamFrames } from '../../src/server/stream-frames.js';

test('a file beside a stream is taken for one of its files of that name alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-stream-frames-'));
  try {
    const stream = join(folder, 'a.stream');
    writeFileSync(stream, 'Image filename: /d1/x.h5\nImage filename: /d1/x.h5\nImage filename: /d2/x.h5\n');
    writeFileSync(join(folder, 'x.h5'), '');
    const found: string[] = [];
    const frames = new StreamFrames(stream, false, ({ as }) => found.push(as));
    await expect(frames.more()).rejects.toThrow(
      /\/d2\/x\.h5, which are not there, and .*x\.h5 is taken for \/d1\/x\.h5/,
    );
    expect(found).toEqual(['/d1/x.h5']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file is no stream for which its first line would have to be read, however long that is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-stream-frames-'));
  try {
    const [zeros, stream] = [join(folder, 'zeros.raw'), join(folder, 'a.stream')];
    // Longer than any text can be; the file is sparse.
    writeFileSync(zeros, '');
    truncateSync(zeros, 2 ** 34);
    writeFileSync(stream, 'CrystFEL stream format 2.3\n');
    expect([await isStream(zeros), await isStream(stream)]).toEqual([false, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
