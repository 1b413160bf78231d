/** The operations on a scan in memory. */
import { masks, residentScan, VirtualDetector } from '../../entries/udf.js';
import type { Operations, VirtualShape } from './protocol.js';
import type { Session } from './session.js';
import { showable } from './shown.js';

/** The operations; `current` returns the open file. */
export function scanOperations(current: () => Session): Pick<Operations, 'loadScan' | 'virtual' | 'pattern'> {
  return {
    async loadScan() {
      const of = current();
      of.virtual = undefined;
      const scan = await residentScan(of.dataset);
      of.virtual = { scan, detector: new VirtualDetector(scan) };
    },

    async virtual(shape) {
      const { scan, detector } = virtualOf(current());
      const start = performance.now();
      const image = Float32Array.from(detector.set(maskOf(shape, scan)));
      return { image, ms: performance.now() - start };
    },

    async pattern(position) {
      const { scan } = virtualOf(current());
      if (position !== undefined) return { data: showable(scan.frame(position)) };
      return { data: Float32Array.from(scan.sum, (value) => value / scan.positions) };
    },
  };
}

function virtualOf({ virtual }: Session): NonNullable<Session['virtual']> {
  if (!virtual) throw new Error('The scan is not in memory.');
  return virtual;
}

/**
 * The mask of a virtual detector. The origin of masks is the centre of the first pixel, that of the page its corner.
 */
function maskOf({ kind, cx, cy, outer, inner }: VirtualShape, size: MaskSize): Uint8Array {
  const { width, height } = size;
  const at = { width, height, cx: cx - 0.5, cy: cy - 0.5 };
  if (kind === 'disk') return masks.circular({ ...at, r: outer });
  if (kind === 'ring') return masks.ring({ ...at, ri: inner, ro: outer });
  if (kind === 'square')
    return masks.rectangular({ width, height, x: at.cx - outer, y: at.cy - outer, w: 2 * outer, h: 2 * outer });
  const inside = (value: number, end: number): number => Math.min(end - 1, Math.max(0, Math.floor(value)));
  return masks.point({ width, height, cx: inside(cx, width), cy: inside(cy, height) });
}

interface MaskSize {
  readonly width: number;
  readonly height: number;
}
