/** Sums under masks: custom masks, disks, rings, points, rings of equal width. Defaults are those of LiberTEM. */

import type { AnyUdf } from '../../udf/functions/udf.js';
import { circular, type MaskArray, point, ring } from '../../udf/pass/masks.js';
import type { Scan } from '../../udf/scans/scan.js';
import { expects, isObject, isPlainNumbers } from '../../util/arguments.js';
import { callback } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import { masksUdf } from '../builtin/masks.js';
import { radialBinsUdf } from '../builtin/rings.js';
import { darkFieldRadii } from '../calibrate/calibration.js';
import { type RingTotals, ringShares, ringTotals } from '../images/rings.js';
import {
  type Analysis,
  analysis,
  columnOf,
  complexChannels,
  type Made,
  navChannel,
  type OptionsOfAnalysis,
  roundedDoubt,
} from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { haveNeighbours, leftOutNote, leftOutOf, leftOutOfFrames, meanOfOthers, scaledMasks } from './left-out.js';
import { anyCentreOf, beyondNotes, centreOf, partNotes, radii, radiiText, refuseBeyond, ringOf } from './parameters.js';
import { underMask } from './under-mask.js';

/** Options of `createMaskAnalysis`. */
export type MaskAnalysisOptions = OptionsOfAnalysis<'masks'>;

/** One channel per mask: `mask_0`, `mask_1`, …; complex masks have five channels each. */
export const maskAnalysis: (scan: Scan, options: MaskAnalysisOptions) => Analysis = /* @__PURE__ */ analysis(
  'masks',
  (scan, { factories, useSparse = 'auto', shifts = null, ...options }, what) => {
    const isList = Array.isArray(factories) && factories.length > 0;
    expects(isList, `${what}: factories`, factories, 'a list of functions, each of which makes a mask');
    for (const [i, factory] of Array.from<unknown>(factories).entries())
      expects(typeof factory === 'function', `${what}: factories[${i}]`, factory, 'a function that makes a mask');
    const made = (factories as MaskAnalysisOptions['factories']).map((factory, i) =>
      checkedMask(scan, callback(`${what}: factories[${i}]`, factory)(), `${what}: factories[${i}]`),
    );
    const complex = made.some((mask) => 're' in mask);
    const array = (mask: MaskArray | readonly number[]): MaskArray =>
      Array.isArray(mask) ? Float64Array.from(mask) : (mask as MaskArray);
    const given = made.flatMap((mask) => {
      if ('re' in mask) return [mask.re, mask.im];
      return complex ? [array(mask), new Uint8Array(mask.length)] : [array(mask)];
    });
    const leftOut = leftOutOf(scan, what, options);
    // Masks that move leave other pixels out in each frame.
    const still = shifts === null;
    const scaled = scaledMasks(given, still ? leftOut : { ...leftOut, marks: undefined }, complex);
    const { masks, empty } = scaled;
    return {
      notes: still ? leftOutNote(scaled, 'the masks', meanOfOthers) : leftOutOfFrames(leftOut, haveNeighbours),
      udf: masksUdf.withParams({ masks, complex, sparse: useSparse, shifts, without: still ? [] : leftOut.pixels }),
      complexFrames: true,
      channels({ intensity }) {
        const columns = intensity.extraShape[0] as number;
        const data = intensity.data as Float64Array;
        return Array.from({ length: columns }, (_, k) => {
          const [key, title] = [`mask_${k}`, `mask ${k}`];
          const desc = `sum of each frame under ${title}`;
          if (!intensity.dtype.startsWith('c')) {
            const sums = columnOf(data, columns, k);
            return [navChannel(scan, key, title, desc, empty[k] ? sums.fill(Number.NaN) : sums, 'counts')];
          }
          const pairs = Float64Array.from({ length: data.length / columns }, (_, i) =>
            empty[k] ? Number.NaN : (data[2 * ((i >> 1) * columns + k) + (i % 2)] as number),
          );
          return complexChannels(key, title, scan.shape.nav, pairs);
        }).flat();
      },
    };
  },
);

/** Throws `Argument` for what is no mask, `Shape` for a mask of other frames. */
function checkedMask<Mask>(scan: Scan, mask: Mask, what: string): Mask {
  const given: unknown = isObject(mask) && 're' in mask && 'im' in mask ? [mask.re, mask.im] : [mask];
  const { sig } = scan.shape;
  const expected = `${product(sig)} numbers, one for each pixel of a frame (${sig.join(' × ')}), row by row`;
  for (const part of given as readonly unknown[]) {
    expects(isPlainNumbers(part), `the mask of ${what}`, part, expected);
    const { length } = part as ArrayLike<number>;
    if (length !== product(sig))
      throw new EwaldError('Shape', `the mask of ${what} has ${length} numbers; expected ${expected}`);
  }
  return mask;
}

/** The sum under a mask that has pixels. */
function selected(
  what: string,
  scan: Scan,
  mask: Uint8Array,
  words: { title: string; desc: string },
  options: object,
): Made<'intensity'> {
  const { title } = words;
  if (!mask.some(Boolean))
    throw new EwaldError(
      'Argument',
      `${what}: no pixel of a frame lies within the ${title}: centres of pixels are at whole numbers; expected a larger one`,
    );
  return underMask(scan, mask, { ...words, of: `the ${title}` }, leftOutOf(scan, what, options));
}

/** The pixel in which a place lies: centres are at whole numbers. */
const nearestPixel = (at: number): number => Math.floor(at + 0.5);

/** An analysis with notes before its own. */
const noted = (notes: readonly string[], made: Made<'intensity'>): Made<'intensity'> => ({
  ...made,
  notes: [...notes, ...(made.notes ?? [])],
});

/**
 * Virtual bright field: sum over a disk; by default in the middle, with 0.15 of the shorter side as radius, or about the
 * centre of a calibration, as far as its disk reaches anywhere in the scan.
 */
export const diskAnalysis = /* @__PURE__ */ analysis('disk', (scan, options, what) => {
  const { notes, ...centre } = anyCentreOf(scan, what, options);
  const { reach } = calibratedBy(what, scan, options);
  refuseBeyond(what, centre, 'r', options.r ?? null);
  const r = options.r ?? reach ?? 0.15 * Math.min(centre.width, centre.height);
  return noted(
    [...notes, ...partNotes(what, centre, { ri: null, ro: r })],
    selected(what, scan, circular({ ...centre, r }), { title: 'disk', desc: 'sum over a disk' }, options),
  );
});

/**
 * Virtual annular detector: sum over a ring; by default from 0.4 to 0.5 of the shorter side, or from what the disk of a
 * calibration reaches to the nearest edge.
 */
export const ringAnalysis = /* @__PURE__ */ analysis('ring', (scan, options, what) => {
  const { notes, ...centre } = anyCentreOf(scan, what, options);
  const half = Math.min(centre.width, centre.height) / 2;
  const { reach, isCentred } = calibratedBy(what, scan, options);
  const usual = isCentred && reach !== undefined ? darkFieldRadii(reach, centre) : { ri: 0.8 * half, ro: half };
  const both = radii(what, options, usual.ri, usual.ro);
  refuseBeyond(what, centre, 'ri', both.ri);
  return noted(
    [...notes, ...partNotes(what, centre, { ri: both.ri, ro: both.ro })],
    selected(what, scan, ring({ ...centre, ...both }), { title: 'ring', desc: 'sum over a ring' }, options),
  );
});

/** The pixel of every frame whose centre is nearest; by default the middle. */
export const pointAnalysis = /* @__PURE__ */ analysis('point', (scan, { x, y, ...options }, what) => {
  const { notes: _, ...centre } = centreOf(scan, what, { cx: x, cy: y }, ['x', 'y']);
  const made = selected(
    what,
    scan,
    point({ ...centre, cx: nearestPixel(centre.cx), cy: nearestPixel(centre.cy) }),
    { title: 'point', desc: 'one pixel of each frame' },
    options,
  );
  return { ...made, doubts: ({ intensity }) => roundedDoubt(scan, intensity.data) };
});

/** Rings of equal width between ri and ro: sums over soft-edged rings, one channel each, `bin_0` … */
export const radialBinsAnalysis = /* @__PURE__ */ analysis('radial-bins', (scan, options, what): Made<string> => {
  const { notes, ...centre } = centreOf(scan, what, options);
  const { ri, ro } = radii(what, options, 0, Math.min(centre.width, centre.height) / 2);
  const { nBins: bins = Math.max(1, Math.round(ro - ri)), normalize = false } = options;
  const leftOut = leftOutOf(scan, what, options);
  const grid = { cx: centre.cx, cy: centre.cy, ri, ro, bins };
  const { scale } = calibratedBy(what, scan, options);
  const totals = ringTotals(grid, centre, leftOut.marks);
  const isScaled = normalize || leftOut.marks !== undefined;
  const done = `the ${normalize ? 'means' : 'sums'} are of the pixels that are in it`;
  return {
    notes: [
      ...notes,
      ...(leftOut.marks ? leftOutNote(totals, 'the rings', meanOfOthers) : []),
      ...beyondNotes(ringShares(grid, centre, totals.sums), 'ring', done),
    ],
    udf: radialBinsUdf.withParams({ ...grid, without: leftOut.pixels }) as AnyUdf,
    channels: ({ intensity }) =>
      Array.from({ length: bins }, (_, k) => {
        const data = columnOf(intensity.data, bins, k);
        const times = isScaled ? factorOf(totals, k, normalize) : 1;
        if (times !== 1) for (let i = 0; i < data.length; i++) data[i] = times * (data[i] as number);
        const where = radiiText(ringOf(grid, k), scale);
        const desc = `${normalize ? 'mean' : 'sum'} over ring ${k}, ${where}`;
        return { ...navChannel(scan, `bin_${k}`, `bin ${k}`, desc, data, 'counts'), where };
      }),
  };
});

/**
 * What the sum of a ring is multiplied with: pixels without a count take the mean of the others, and normalized ones are
 * divided by their weight. NaN if no pixel of the ring has a count.
 */
function factorOf({ sums, lost, rest }: RingTotals, k: number, normalize: boolean): number {
  const [sum, left] = [sums[k] as number, rest[k] as number];
  const whole = (lost[k] as number) === 0 ? 1 : left > 0 ? 1 + (lost[k] as number) / left : Number.NaN;
  return normalize && sum !== 0 ? whole / sum : whole;
}
