/** The pixels of regions on a detector: stretches of rows, without bad pixels and gaps. */

import type { Panel } from '../../crystal/geometry/geometry.js';
import { panelNumbers, panelNumbersLength, xOf, yOf, zOf } from '../../crystal/geometry/panel-numbers.js';
import type { Detector } from '../../frames/detector/detector.js';
import { argumentError } from '../../options/parameters.js';
import { type Region, regionText } from './region.js';

/** What of a detector regions need. */
export type RegionDetector = Pick<
  Detector,
  'geometry' | 'beam' | 'width' | 'height' | 'bad' | 'dtype' | 'validRange' | 'saturation'
>;

/** Stretches of pixels in the order of the frame, one array for each property. */
export interface Spans {
  /** Which region. */
  readonly region: Uint8Array;
  /** Its row, its first pixel and the number of its pixels. */
  readonly ss: Uint32Array;
  readonly fs: Uint32Array;
  readonly count: Uint32Array;
  /** Values above it are saturated. */
  readonly limit: Float64Array;
  /** Pixels of each region. */
  readonly pixels: readonly number[];
}

interface Span {
  readonly region: number;
  readonly ss: number;
  readonly fs: number;
  readonly count: number;
  readonly limit: number;
}

/** 2π/d and the direction of the pixels of a row of a panel. */
class RowVectors {
  readonly #q: Float64Array;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  /** Of the row, and of all rows so far. */
  #leastQ = 0;
  #mostQ = 0;
  greatestQ = 0;

  constructor(width: number) {
    [this.#q, this.#x, this.#y] = [new Float64Array(width), new Float64Array(width), new Float64Array(width)];
  }

  /**
   * Sets the pixels `minFs` to `maxFs` of a row of a panel, as `reciprocalOf` has them: millions in all, so that no vector
   * is made of any.
   */
  fill(numbers: Float64Array, panel: number, { minFs, maxFs }: Panel, ss: number, wavelengthA: number): void {
    const perWavelength = 1 / wavelengthA;
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (let fs = minFs; fs <= maxFs; fs++) {
      const atX = xOf(numbers, panel, fs + 0.5, ss + 0.5);
      const atY = yOf(numbers, panel, fs + 0.5, ss + 0.5);
      const atZ = zOf(numbers, panel, fs + 0.5, ss + 0.5);
      const k = 1 / (wavelengthA * Math.sqrt(atX * atX + atY * atY + atZ * atZ));
      const x = atX * k;
      const y = atY * k;
      const z = atZ * k - perWavelength;
      const q = 2 * Math.PI * Math.sqrt(x * x + y * y + z * z);
      this.#q[fs] = q;
      this.#x[fs] = x;
      this.#y[fs] = y;
      if (q < least) least = q;
      if (q > most) most = q;
    }
    this.#leastQ = least;
    this.#mostQ = most;
    if (most > this.greatestQ) this.greatestQ = most;
  }

  /** Marks the pixels of the row whose 2π/d is in a range, the end of which is not. */
  markRing([least, end]: readonly [number, number], { minFs, maxFs }: Panel, marks: Uint8Array): void {
    const qs = this.#q;
    if (this.#leastQ >= end || this.#mostQ < least) return;
    for (let fs = minFs; fs <= maxFs; fs++) {
      const q = qs[fs] as number;
      if (q >= least && q < end) marks[fs] = 1;
    }
  }

  /** Takes the marks off those whose direction, from +x to +y, is not within `width` degrees of `from`. */
  keepSector(from: number, width: number, { minFs, maxFs }: Panel, marks: Uint8Array): void {
    for (let fs = minFs; fs <= maxFs; fs++)
      if (marks[fs] !== 0) {
        const angle = (Math.atan2(this.#y[fs] as number, this.#x[fs] as number) * 180) / Math.PI;
        if (turned(angle - from) >= width) marks[fs] = 0;
      }
  }
}

const turned = (angle: number): number => ((angle % 360) + 360) % 360;

type Box = readonly [left: number, right: number, top: number, bottom: number];

/** Marks the pixels of a row of a panel that are in a region. */
function markRow(
  region: Region,
  panel: Panel,
  [left, right]: Box,
  ss: number,
  row: RowVectors,
  marks: Uint8Array,
): void {
  switch (region.kind) {
    case 'rect':
      marks.fill(1, left, right + 1);
      return;
    case 'circle': {
      const [[x, y], square] = [region.centre, region.radius ** 2];
      for (let fs = left; fs <= right; fs++) if ((fs - x) * (fs - x) + (ss - y) * (ss - y) < square) marks[fs] = 1;
      return;
    }
    case 'ring':
      row.markRing(region.q, panel, marks);
      return;
    default: {
      const [from, to] = region.angles;
      row.markRing(region.q, panel, marks);
      row.keepSector(from, to - from === 360 ? 360 : turned(to - from), panel, marks);
    }
  }
}

const isCurved = ({ kind }: Region): boolean => kind === 'ring' || kind === 'sector';

/** The rows and columns of a panel in which a region may have pixels. */
function boxOf(region: Region, { minFs, maxFs, minSs, maxSs }: Panel): Box {
  if (region.kind === 'rect') {
    const [[left, right], [top, bottom]] = [region.fs, region.ss];
    return [Math.max(minFs, left), Math.min(maxFs, right - 1), Math.max(minSs, top), Math.min(maxSs, bottom - 1)];
  }
  if (region.kind !== 'circle') return [minFs, maxFs, minSs, maxSs];
  const [[x, y], r] = [region.centre, Math.ceil(region.radius)];
  return [
    Math.max(minFs, Math.floor(x) - r),
    Math.min(maxFs, Math.ceil(x) + r),
    Math.max(minSs, Math.floor(y) - r),
    Math.min(maxSs, Math.ceil(y) + r),
  ];
}

const known = new WeakMap<object, Map<string, Spans>>();
/** Lists of regions of a detector that are kept. */
const maxKept = 32;

/**
 * The pixels of regions on a detector, found once. Throws `Argument` for a region outside of the detector, and for one
 * without a pixel that is not masked.
 */
export function spansOf(detector: RegionDetector, regions: readonly Region[], what = 'pipeline'): Spans {
  const key = regions.map(regionText).join(' ');
  const own = known.get(detector) ?? new Map<string, Spans>();
  known.set(detector, own);
  const spans = own.get(key) ?? findSpans(detector, regions, what);
  own.set(key, spans);
  // On a page, a region that is dragged has many places.
  const [oldest] = own.keys();
  if (own.size > maxKept && oldest !== undefined) own.delete(oldest);
  return spans;
}

function findSpans(detector: RegionDetector, regions: readonly Region[], what: string): Spans {
  refuseBeyondFrame(detector, regions, what);
  const { geometry, beam, bad, width, validRange } = detector;
  const found: Span[] = [];
  const masked = regions.map(() => 0);
  const row = new RowVectors(width);
  const marks = new Uint8Array(width + 1);
  const anyCurved = regions.some(isCurved);
  const numbers = panelNumbers(geometry, beam);
  for (const [p, panel] of geometry.panels.entries()) {
    const boxes = regions.map((region) => boxOf(region, panel));
    const limit = Math.min(panel.maximum, validRange[1]);
    for (let ss = panel.minSs; ss <= panel.maxSs; ss++) {
      if (anyCurved) row.fill(numbers, panelNumbersLength * p, panel, ss, beam.wavelengthA);
      for (const [region, box] of boxes.entries()) {
        const [left, right, top, bottom] = box;
        if (ss < top || ss > bottom || right < left) continue;
        markRow(regions[region] as Region, panel, box, ss, row, marks);
        const first = ss * width;
        for (let fs = marks.indexOf(1, left); fs >= 0; fs = marks.indexOf(1, fs)) {
          const from = fs;
          while (marks[fs] !== 0 && bad[first + fs] === 0) marks[fs++] = 0;
          if (fs > from) found.push({ region, ss, fs: from, count: fs - from, limit });
          for (; marks[fs] !== 0 && bad[first + fs] !== 0; fs++) {
            marks[fs] = 0;
            masked[region] = (masked[region] as number) + 1;
          }
        }
      }
    }
  }
  const pixels = regions.map(() => 0);
  for (const { region, count } of found) pixels[region] = (pixels[region] as number) + count;
  const empty = pixels.indexOf(0);
  if (empty >= 0) refuseEmpty(regions[empty] as Region, masked[empty] as number, row.greatestQ, what);
  // In the order of the frame, so that its pixels are read once.
  found.sort((a, b) => a.ss - b.ss || a.fs - b.fs);
  return {
    region: Uint8Array.from(found, ({ region }) => region),
    ss: Uint32Array.from(found, ({ ss }) => ss),
    fs: Uint32Array.from(found, ({ fs }) => fs),
    count: Uint32Array.from(found, ({ count }) => count),
    limit: Float64Array.from(found, ({ limit }) => limit),
    pixels,
  };
}

/** The first and the last pixel along fs and ss that a region reaches; undefined for rings and sectors. */
function reachOf(region: Region): readonly [left: number, right: number, top: number, bottom: number] | undefined {
  if (region.kind === 'rect') return [region.fs[0], region.fs[1] - 1, region.ss[0], region.ss[1] - 1];
  if (region.kind !== 'circle') return undefined;
  const [[x, y], r] = [region.centre, region.radius];
  return [x - r, x + r, y - r, y + r];
}

/** Refuses regions without a pixel of the frame: a mistyped number. */
function refuseBeyondFrame({ width, height }: RegionDetector, regions: readonly Region[], what: string): void {
  for (const region of regions) {
    const [left, right, top, bottom] = reachOf(region) ?? [0, 0, 0, 0];
    if (left < width && right >= 0 && top < height && bottom >= 0) continue;
    throw argumentError(
      what,
      (said) =>
        `${said('rois')}: the region ${regionText(region)} is outside of the detector; ${sizeText(width, height)}`,
    );
  }
}

const sizeText = (width: number, height: number): string =>
  `a frame has ${width} x ${height} pixels: fs up to ${width}, ss up to ${height}`;

/** What to say of regions that reach beyond the detector: only their pixels on it count. */
export const beyondTexts = ({ width, height }: RegionDetector, regions: readonly Region[]): string[] =>
  regions.flatMap((region) => {
    const [left, right, top, bottom] = reachOf(region) ?? [0, 0, 0, 0];
    if (left > -1 && right < width && top > -1 && bottom < height) return [];
    return [
      `the region ${regionText(region)} reaches beyond the detector, and only its pixels there count; ${sizeText(width, height)}`,
    ];
  });

function refuseEmpty(region: Region, masked: number, greatestQ: number, what: string): never {
  const isBeyond = 'q' in region && masked === 0 && region.q[0] >= greatestQ;
  const why = isBeyond
    ? `lies beyond the corner of the detector; the largest 2π/d there is ${greatestQ.toFixed(3)} 1/Å`
    : masked > 0
      ? `has no pixel that counts: all ${masked} of its pixels are masked; choose another place, or look at the mask`
      : isCurved(region)
        ? `has no pixel; the detector reaches to 2π/d = ${greatestQ.toFixed(3)} 1/Å, and a region needs the centre of a ` +
          'pixel in it'
        : 'has no pixel: it lies in a gap between panels, or is smaller than a pixel';
  throw argumentError(what, (said) => `${said('rois')}: the region ${regionText(region)} ${why}`);
}
