/** Sorts the peaks of a device into the order of the scan. */
import { peak, peaksSummit } from '../../../compute/layout/peaks.js';
import { structBytes, wordOf } from '../../../compute/layout/struct.js';
import type { FinderName } from '../../contract.js';
import { recordOf } from './passes.js';
import { realOf } from './run.js';
import { panelOf } from './tables.js';

/** What determines the order. */
interface ScanOrder {
  readonly places: Uint32Array;
  readonly width: number;
  readonly finder: FinderName;
  readonly params: Uint8Array;
}

interface PeakRecord {
  /** Index of its record. */
  readonly i: number;
  /** A pixel on its panel: its first one, or its summit. */
  readonly pixel: number;
  readonly panel: number;
  /** The pixel at which the scan finds it. */
  readonly from: number;
}

/** Sorts records into the order of the scan, panels first; returns the peaks, packed. */
export function inOrder(records: Uint8Array, order: ScanOrder): Uint8Array {
  const { places, finder } = order;
  const size = recordOf(finder);
  const copy = records.slice().buffer;
  const words = new Uint32Array(copy);
  const at = wordOf(peak, 'panel');
  const foot = finder === 'zaef' ? wordOf(peaksSummit, 'foot') : at;
  const sorted = Array.from({ length: records.length / size }, (_, i): PeakRecord => {
    const first = (i * size) / 4;
    const pixel = words[first + at] ?? 0;
    return { i, pixel, panel: panelOf(places[pixel] ?? 0), from: words[first + foot] ?? 0 };
  }).sort((a, b) => a.panel - b.panel || a.from - b.from);
  const kept = finder === 'zaef' ? farApart(sorted, new DataView(copy), order) : sorted;
  for (const { i, panel } of kept) words[(i * size) / 4 + at] = panel;
  const bytes = new Uint8Array(copy);
  const list = new Uint8Array(kept.length * structBytes(peak));
  for (const [k, { i }] of kept.entries())
    list.set(bytes.subarray(i * size, i * size + structBytes(peak)), k * structBytes(peak));
  return list;
}

/** Removes those that are nearer than twice the inner radius to an earlier one. */
function farApart(sorted: readonly PeakRecord[], view: DataView, { width, params }: ScanOrder): PeakRecord[] {
  const apart = 2 * realOf(params, 'innerRadius');
  // Peaks by grid square of that side length: those that are too near are in the same or an adjacent square.
  const squares = new Map<string, [number, number][]>();
  return sorted.filter(({ i, pixel, panel }) => {
    const offset = (name: string): number =>
      view.getFloat64(i * structBytes(peaksSummit) + 4 * wordOf(peaksSummit, name), true);
    const [x, y] = [(pixel % width) + offset('xLow'), Math.floor(pixel / width) + offset('yLow')];
    const [column, row] = [Math.floor(x / apart), Math.floor(y / apart)];
    const square = (dx: number, dy: number): string => `${panel} ${column + dx} ${row + dy}`;
    for (const dx of [-1, 0, 1])
      for (const dy of [-1, 0, 1])
        for (const [ox, oy] of squares.get(square(dx, dy)) ?? [])
          if ((ox - x) ** 2 + (oy - y) ** 2 < apart * apart) return false;
    squares.set(square(0, 0), [...(squares.get(square(0, 0)) ?? []), [x, y]]);
    return true;
  });
}
