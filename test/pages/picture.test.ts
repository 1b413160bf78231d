// @module-tag nightly: it opens Chromium
/** The picture of the viewer in the README is what the page shows now. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Width and height in the frame header of a JPEG. */
function sizeOf(jpeg: Buffer): [width: number, height: number] {
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2))
    if (jpeg[at + 1] === 0xc0) return [jpeg.readUInt16BE(at + 7), jpeg.readUInt16BE(at + 5)];
  throw new Error('no frame header');
}

test('the picture of the viewer in the README is current', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-picture-test-'));
  try {
    execFileSync(process.execPath, ['scripts/picture.mjs', 'view', '--to', folder]);
    const [now, then] = [join(folder, 'view.jpg'), 'src/pages/view/view.jpg'].map((file) => readFileSync(file)) as [
      Buffer,
      Buffer,
    ];
    expect(sizeOf(then)).toEqual(sizeOf(now));
    // Fonts differ between machines. Without its peaks, rings or controls, the picture has other sizes.
    expect(Math.abs(then.length / now.length - 1), 'run node scripts/picture.mjs view').toBeLessThan(0.05);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
