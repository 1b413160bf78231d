/** The pixels of a virtual detector of the viewer. */
import { circular, point, rectangular, ring } from '../../udf/pass/masks.js';
import type { VirtualShape } from './virtual-run.js';

/** The pixels of a detector. Masks count from the centre of the first pixel, shapes from its corner. */
export function maskOfShape(
  { kind, cx, cy, outer, inner }: VirtualShape,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array {
  const at = { width, height, cx: cx - 0.5, cy: cy - 0.5 };
  if (kind === 'disk') return circular({ ...at, r: outer });
  if (kind === 'ring') return ring({ ...at, ri: inner, ro: outer });
  if (kind === 'square')
    return rectangular({ width, height, x: at.cx - outer, y: at.cy - outer, w: 2 * outer, h: 2 * outer });
  const inside = (value: number, end: number): number => Math.min(end - 1, Math.max(0, Math.floor(value)));
  return point({ width, height, cx: inside(cx, width), cy: inside(cy, height) });
}
