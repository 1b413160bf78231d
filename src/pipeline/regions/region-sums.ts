/** Sums the counts of regions: those of integers in the core, exactly, and real numbers here, in the order of the frame. */

import { numberTypes } from '../../compute/arrays/numbers.js';
import { numbers, spansParams } from '../../compute/layout/peaks.js';
import { pack } from '../../compute/layout/struct.js';
import { momentsOf, type RegionValue, type RegionValues } from '../../crystal/stream/regions.js';
import type { Frame } from '../../peaks/contract.js';
import { type PlansSpans, planSpans, type SpansDescriptor, spanWords } from '../../peaks/spans/contract.js';
import type { Disposable } from '../../util/resource.js';
import type { Region } from './region.js';
import { type RegionDetector, type Spans, spansOf } from './spans.js';

/** Sums regions of the frames of a detector. */
export interface RegionSums extends Disposable {
  /** The regions of a frame whose pixels without counts are marked, as `markFrame` of the detector does. */
  of(frame: Frame): RegionValues;
  /** The pixels that it reads: stretches of rows. */
  readonly spans: Pick<Spans, 'ss' | 'fs' | 'count'>;
}

/** Plans sums on a context with the room of peaks. Throws `Argument` for regions without pixels. */
export async function openRegionSums(
  context: object,
  detector: RegionDetector,
  regions: readonly Region[],
): Promise<RegionSums> {
  const names = regions.map(({ name }) => name);
  const spans = spansOf(detector, regions);
  if (detector.dtype === 'f32')
    return {
      spans,
      of: (frame) => Object.fromEntries(names.map((name, i) => [name, realValue(frame, detector, spans, i)])),
      dispose: async () => undefined,
    };
  const kernel = await (context as PlansSpans)[planSpans](descriptorOf(detector, spans, names.length));
  const words = new BigInt64Array(spanWords * names.length);
  return {
    spans,
    of(frame) {
      kernel.sum(frame, words);
      return Object.fromEntries(names.map((name, i) => [name, wholeValue(words.subarray(spanWords * i))]));
    },
    dispose: () => kernel.dispose(),
  };
}

function descriptorOf(detector: RegionDetector, spans: Spans, regions: number): SpansDescriptor {
  const { width, height, dtype, validRange, saturation } = detector;
  const { region, ss, fs, count, limit } = spans;
  const packed = new Uint32Array(4 * count.length);
  for (let i = 0; i < count.length; i++)
    packed.set([region[i] as number, ss[i] as number, fs[i] as number, count[i] as number], 4 * i);
  return {
    params: pack(spansParams, { width, height, dtype: numbers[dtype], spans: count.length, regions }),
    spans: new Uint8Array(packed.buffer),
    range: Float64Array.from(validRange),
    limits: limit,
    saturation,
    regions,
    frameBytes: width * height * numberTypes[dtype].BYTES_PER_ELEMENT,
  };
}

const noCentre = { x: Number.NaN, y: Number.NaN } as const;
/** What the core states where there is no count. */
const noMaximum = -(2n ** 63n);

/** A region from the numbers of the core; see `spanWords`. */
function wholeValue(words: BigInt64Array): RegionValue {
  const at = (i: number): bigint => words[i] as bigint;
  const wide = (i: number): bigint => (at(i + 1) << 64n) + BigInt.asUintN(64, at(i));
  const [pixels, most, sum, sumSquares] = [Number(at(0)), at(1), at(2), wide(7)];
  const centre = sum > 0n ? { x: Number(wide(3)) / Number(sum), y: Number(wide(5)) / Number(sum) } : noCentre;
  const max = most === noMaximum ? Number.NaN : Number(most);
  return { sum, sumSquares, max, pixels, ...momentsOf(sum, sumSquares, pixels), ...centre };
}

/** A region of a frame of real numbers, of which those that are not finite are no counts. */
function realValue(frame: Frame, detector: RegionDetector, spans: Spans, which: number): RegionValue {
  const { width, saturation } = detector;
  const [least, greatest] = detector.validRange;
  let [sum, sumSquares, x, y, pixels, most] = [0, 0, 0, 0, 0, Number.NEGATIVE_INFINITY];
  for (let k = 0; k < spans.count.length; k++) {
    if (spans.region[k] !== which) continue;
    const [ss, fs, limit] = [spans.ss[k] as number, spans.fs[k] as number, spans.limit[k] as number];
    const first = ss * width + fs;
    for (let i = first; i < first + (spans.count[k] as number); i++) {
      const value = frame[i] as number;
      if (!(value >= least && value <= greatest && Number.isFinite(value))) continue;
      if (value > most) most = value;
      if (value > limit || (saturation && value > (saturation[i] as number))) continue;
      pixels++;
      sum += value;
      sumSquares += value * value;
      x += value * (fs + i - first);
      y += value * ss;
    }
  }
  const max = most === Number.NEGATIVE_INFINITY ? Number.NaN : most;
  const centre = sum > 0 ? { x: x / sum, y: y / sum } : noCentre;
  return { sum, sumSquares, max, pixels, ...momentsOf(sum, sumSquares, pixels), ...centre };
}
