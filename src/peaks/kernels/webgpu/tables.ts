/** Tables of pixel properties for a plan on WebGPU, built once on the host. */

import { maskedBin, peaksPanel } from '../../../compute/layout/peaks.js';
import { read, structBytes } from '../../../compute/layout/struct.js';
import { EwaldError } from '../../../util/errors.js';
import type { PeaksDescriptor } from '../../contract.js';

/** Bit layout of a place as in wgsl/peaks/detector.wgsl: ring, border, panel. */
const border = 1 << 16;
const panelShift = 17;

/** Pixels sorted by ring, and the place of each. */
interface PixelTables {
  /** Ring in the low half, then a bit for the border of the panel, then the panel, [pixels]. */
  readonly places: Uint32Array<ArrayBuffer>;
  /** The pixels of ring r are order[first[r]] … order[first[r + 1] - 1]. */
  readonly first: Uint32Array<ArrayBuffer>;
  readonly order: Uint32Array<ArrayBuffer>;
}

/** The panel of a pixel that has a ring. */
export const panelOf = (place: number): number => place >>> panelShift;

/** Builds the tables. Throws `Argument` for panels that share pixels. */
export function tablesOf({ panels, bins, rings, pixels }: PeaksDescriptor, width: number): PixelTables {
  const places = new Uint32Array(pixels).fill(maskedBin);
  const seen = new Uint8Array(pixels);
  const first = new Uint32Array(rings + 1);
  for (let p = 0; p * structBytes(peaksPanel) < panels.byteLength; p++) {
    const corner = (name: string): number => read(peaksPanel, panels, name, p * structBytes(peaksPanel));
    const [fs, ss, endFs, endSs] = [corner('fs'), corner('ss'), corner('endFs'), corner('endSs')];
    for (let y = ss; y < endSs; y++)
      for (let x = fs; x < endFs; x++) {
        const i = y * width + x;
        if (seen[i]) throw new EwaldError('Argument', `panel ${p} overlaps another panel at pixel fs ${x}, ss ${y}`);
        seen[i] = 1;
        const ring = bins[i] ?? maskedBin;
        const edge = x === fs || x + 1 === endFs || y === ss || y + 1 === endSs;
        places[i] = (ring | (edge ? border : 0) | (p << panelShift)) >>> 0;
        if (ring !== maskedBin) first[ring + 1] = (first[ring + 1] ?? 0) + 1;
      }
  }
  for (let r = 0; r < rings; r++) first[r + 1] = (first[r + 1] ?? 0) + (first[r] ?? 0);
  const order = new Uint32Array(Math.max(1, first[rings] ?? 0));
  const next = first.slice();
  for (let i = 0; i < pixels; i++) {
    const ring = (places[i] ?? maskedBin) & 0xffff;
    if (ring === maskedBin) continue;
    const at = next[ring] ?? 0;
    order[at] = i;
    next[ring] = at + 1;
  }
  return { places, first, order };
}
