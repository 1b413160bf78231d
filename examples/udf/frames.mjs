// Frames for the examples: a disk that moves over the detector, 16 x 16 positions of 32 x 32 pixels, as a raw file.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const raw = { format: 'raw', dtype: 'u16', sigShape: [32, 32], navShape: [16, 16] };

/** Writes the file and returns its path. */
export function writeFrames() {
  const frames = new Uint16Array(16 * 16 * 32 * 32);
  for (let n = 0; n < 256; n++) {
    const [cy, cx] = [15.5 + Math.sin(n / 16), 15.5 + Math.cos((n % 16) / 4)];
    for (let i = 0; i < 1024; i++)
      frames[n * 1024 + i] = (Math.floor(i / 32) - cy) ** 2 + ((i % 32) - cx) ** 2 <= 25 ? 100 : 1;
  }
  const file = join(mkdtempSync(join(tmpdir(), 'ewald-example-')), 'scan.raw');
  writeFileSync(file, frames);
  return file;
}
