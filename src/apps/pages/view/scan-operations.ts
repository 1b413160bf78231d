/** The operations on a scan in memory. */
import {
  fourierMagnitude,
  masks,
  type ResidentScan,
  residentBytes,
  residentScan,
  VirtualCom,
  VirtualDetector,
  vectorsToRgba,
} from '../../../entries/udf.js';
import { type Operations, type ScanRegion, type VirtualShape, wheelSize } from './protocol.js';
import type { Session } from './session.js';
import { showable } from './shown.js';

const bins = [1, 2, 4, 8, 16, 32];

/** The operations; `current` returns the open file, `loading` receives the fraction of a scan that has been read. */
export function scanOperations(
  current: () => Session,
  loading: (share: number) => void,
): Pick<Operations, 'loadScan' | 'virtual' | 'pattern'> {
  return {
    async loadScan({ mostBytes }) {
      const of = current();
      const { dataset } = of;
      of.virtual = undefined;
      const fileBytes = residentBytes(dataset);
      const least = Math.min(dataset.shape.signal[0] ?? 1, dataset.shape.signal[1] ?? 1);
      const fitting = bins.filter((n) => n <= least && residentBytes(dataset, n) <= mostBytes);
      const read = (bin: number): Promise<ResidentScan> => {
        let reported = 0;
        return residentScan(dataset, {
          bin,
          maxBytes: mostBytes,
          signal: of.closing.signal,
          onProgress(share) {
            if (share - reported < 0.02) return;
            reported = share;
            loading(share);
          },
        });
      };
      for (const bin of fitting) {
        const scan = await read(bin).catch((error: unknown) => {
          // The tab has less memory than that: more pixels are summed.
          if (error instanceof RangeError && bin !== fitting.at(-1)) return undefined;
          throw error;
        });
        if (!scan) continue;
        of.virtual = { scan, detector: new VirtualDetector(scan), centres: new VirtualCom(scan) };
        return { bin, width: scan.width, height: scan.height, fileBytes, bytes: scan.planes.byteLength };
      }
      const size = (fileBytes / 2 ** 30).toFixed(1);
      throw new Error(
        `The scan takes ${size} GiB and does not fit into the memory of this page, even with squares of ` +
          `${bins.at(-1)} × ${bins.at(-1)} pixels summed into one. Its frames are shown one by one; ` +
          'ewald run analyses the scan from the file.',
      );
    },

    async virtual({ shape, quantity, fourier }) {
      const { scan, detector, centres } = virtualOf(current());
      const start = performance.now();
      const mask = shapeMask(binnedShape(shape, scan.bin), scan);
      const com = quantity === 'sum' ? undefined : centres.set(mask, { regression: 0 });
      // The image is copied, because the detector keeps its own for the next move.
      const image = com ? com[quantity === 'field' ? 'magnitude' : (quantity as 'curl')] : detector.set(mask).slice();
      const coloured = quantity === 'field' && !fourier;
      return {
        image: fourier ? fourierMagnitude(image, scan.navigation) : image,
        rgba: com && coloured ? pictureBytes(vectorsToRgba(com.field)) : undefined,
        wheel: coloured ? wheel() : undefined,
        ms: performance.now() - start,
      };
    },

    async pattern(region) {
      const { scan } = virtualOf(current());
      if (region === undefined) return { data: Float32Array.from(scan.sum, (value) => value / scan.positions) };
      const { x, y, w, h } = region;
      const [rows = 1, columns = 1] = scan.navigation;
      if (w * h === 1) return { data: showable(scan.frame(y * columns + x)) };
      const inside = regionMask(region, rows, columns);
      return { data: Float32Array.from(scan.sumOver(inside), (value) => value / (w * h)) };
    },
  };
}

function regionMask({ x, y, w, h }: ScanRegion, rows: number, columns: number): Uint8Array {
  const inside = new Uint8Array(rows * columns);
  for (let row = y; row < y + h; row++) inside.fill(1, row * columns + x, row * columns + x + w);
  return inside;
}

/** The colours of all vectors inside a circle; transparent outside. */
function wheel(): Uint8Array {
  const vectors = new Float64Array(2 * wheelSize ** 2).fill(Number.NaN);
  const middle = (wheelSize - 1) / 2;
  for (let i = 0; i < wheelSize ** 2; i++) {
    const [y, x] = [Math.floor(i / wheelSize) - middle, (i % wheelSize) - middle];
    if (Math.hypot(y, x) <= middle) vectors.set([y, x], 2 * i);
  }
  return pictureBytes(vectorsToRgba(vectors));
}

const pictureBytes = ({ buffer, byteOffset, byteLength }: Uint8ClampedArray): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

function virtualOf({ virtual }: Session): NonNullable<Session['virtual']> {
  if (!virtual) throw new Error('The scan is not in memory.');
  return virtual;
}

/** A shape in pixels of the frames in memory. */
const binnedShape = ({ kind, cx, cy, outer, inner }: VirtualShape, bin: number): VirtualShape => ({
  kind,
  cx: cx / bin,
  cy: cy / bin,
  outer: outer / bin,
  inner: inner / bin,
});

/** The mask of a virtual detector. Masks count from the centre of the first pixel, the page counts from its corner. */
function shapeMask({ kind, cx, cy, outer, inner }: VirtualShape, size: MaskSize): Uint8Array {
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
