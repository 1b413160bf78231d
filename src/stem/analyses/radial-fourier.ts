/** Fourier components along rings: the rotational symmetry of the pattern on each of them. */

import type { AnyUdf } from '../../udf/functions/udf.js';
import { type MaskSize, polarMap, radialBins } from '../../udf/pass/masks.js';
import type { Scan } from '../../udf/scans/scan.js';
import { product } from '../../util/product.js';
import { masksUdf } from '../builtin/masks.js';
import { flatHarmonics, radialFourierUdf } from '../builtin/rings.js';
import { harmonicsIn, harmonicsOf } from '../images/ring-harmonics.js';
import { type RingGrid, ringShares, ringTotals } from '../images/rings.js';
import { analysisRows } from '../parameters.js';
import { analysis, type Channel, type Made, type OptionsOfAnalysis } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { leftOutNote, leftOutOf, scaledMasks } from './left-out.js';
import { beyondNotes, centreOf, checkRing, radiiText, ringOf } from './parameters.js';
import type { PatternAxes } from './pattern-axes.js';

/** Options of `createRadialFourierAnalysis`. */
export type RadialFourierOptions = OptionsOfAnalysis<'radial-fourier'>;

/**
 * Channels `dominant_b` (order of the strongest component from 1 on, 0 where all are weak), `absolute_b_o`, `phase_b_o`
 * and `complex_b_o` for bin b and order o, and `raw`, [bins, orders, …scan] complex. Components are within 1e-8 of their
 * ring's sum, and with `useSparse` those of masks in single precision, like LiberTEM's complex64. A pixel without a count
 * takes the mean of the others of its ring. A ring with a pixel
 * that is infinite has none (NaN). Of a ring that reaches beyond the frame, the orders from 1 on are those of what
 * it has about its mean, so that a flat frame has none; NaN where half of it and more is beyond.
 */
export const radialFourierAnalysis = /* @__PURE__ */ analysis('radial-fourier', (scan, options, what): Made<string> => {
  const { nBins: bins = 1, maxOrder = analysisRows.maxOrder.range.fallback, useSparse: sparse } = options;
  const orders = maxOrder + 1;
  const { notes, ...centre } = centreOf(scan, what, options);
  const { ri = 0, ro = Math.min(centre.width, centre.height) / 2 } = options;
  checkRing(what, [ri, ro]);
  const leftOut = leftOutOf(scan, what, options);
  const grid = { cx: centre.cx, cy: centre.cy, ri, ro, bins };
  const rings = { grid, scale: calibratedBy(what, scan, options).scale };
  const { marks } = leftOut;
  const totals = ringTotals(grid, centre, marks);
  const shares = ringShares(grid, centre, totals.sums);
  const note = (lost: { readonly without: number; readonly pixels: number }) => [
    ...notes,
    ...leftOutNote(lost, 'the rings', 'they take the mean of the others of their ring'),
    ...beyondNotes(
      shares,
      'ring',
      `orders from 1 on are those of the rest about its mean, and none (NaN) where less than ${100 * leastShare} % is there`,
    ),
  ];
  const udf = radialFourierUdf.withParams({ ...grid, maxOrder, without: leftOut.pixels });
  let flat: Float64Array | undefined;
  const shown = (found: Float64Array): Channel[] => {
    const data = withoutInfinite(found, orders);
    if (shares.every((share) => share === 1)) return channelsOf(scan, data, rings, orders);
    flat ??= flatHarmonics(udf, centre);
    return channelsOf(scan, aboutMeans(data, flat, shares, orders), rings, orders);
  };
  if (sparse !== undefined) {
    const scaled = scaledMasks(masksOf({ ...centre, ...grid }, orders), leftOut, true);
    const { masks, empty } = scaled;
    return {
      notes: note(scaled),
      udf: masksUdf.withParams({ masks, complex: true, sparse }),
      channels({ intensity }) {
        const data = intensity.data as Float64Array;
        const counted = empty.some(Boolean)
          ? data.map((value, i) => (empty[(i >> 1) % (bins * orders)] ? Number.NaN : value))
          : data;
        return shown(counted);
      },
    };
  }
  return {
    notes: note(marks ? totals : { without: 0, pixels: 0 }),
    udf: udf as AnyUdf,
    channels({ intensity }) {
      const data = intensity.data as Float64Array;
      const lost = harmonicsIn(grid, centre, maxOrder, undefined);
      const whole = marks ? withMeans(data, totals.rest, harmonicsOf(lost, marks), orders) : data;
      return shown(whole);
    },
  };
});

/** Masks of all rings and orders, pairs of real and imaginary part, as matrices need them. */
function masksOf(rings: MaskSize & RingGrid, orders: number): Float32Array[] {
  const { phi } = polarMap(rings);
  return radialBins(rings).flatMap((weights) =>
    Array.from({ length: orders }, (_, order) => [
      Float32Array.from(weights, (weight, i) => weight * Math.cos(order * (phi[i] as number))),
      Float32Array.from(weights, (weight, i) => weight * Math.sin(order * (phi[i] as number))),
    ]).flat(),
  );
}

/**
 * Components [positions, rings, orders] with the mean of each ring, which is that of order 0, at pixels without a count,
 * whose own components are `lost`; NaN for rings without any other.
 */
function withMeans(data: Float64Array, rest: Float64Array, lost: Float64Array, orders: number): Float64Array {
  const out = data.slice();
  const bins = rest.length;
  for (let at = 0; at < out.length; at += 2 * orders) {
    const b = (at / (2 * orders)) % bins;
    const left = rest[b] as number;
    const mean = left > 0 ? (data[at] as number) / left : Number.NaN;
    // The weight that a ring has lost is that of order 0.
    if ((lost[2 * b * orders] as number) === 0) continue;
    for (let k = 0; k < 2 * orders; k++)
      out[at + k] = (data[at + k] as number) + mean * (lost[2 * b * orders + k] as number);
  }
  return out;
}

/** Components [positions, rings, orders], NaN for all orders of a ring of which one is infinite: it has no phases. */
function withoutInfinite(data: Float64Array, orders: number): Float64Array {
  if (data.every(Number.isFinite)) return data;
  const out = data.slice();
  for (let at = 0; at < out.length; at += 2 * orders)
    if (!out.subarray(at, at + 2 * orders).every(Number.isFinite)) out.fill(Number.NaN, at, at + 2 * orders);
  return out;
}

/** Rings of which less is in the frame have no orders. */
const leastShare = 0.5;

/**
 * Components [positions, rings, orders], of rings that are not whole about the mean of each: less those of `flat`, a frame
 * of ones, times the mean. NaN where too little is there.
 */
function aboutMeans(data: Float64Array, flat: Float64Array, shares: Float64Array, orders: number): Float64Array {
  const out = data.slice();
  const bins = shares.length;
  for (let at = 0; at < out.length; at += 2 * orders) {
    const b = (at / (2 * orders)) % bins;
    const [share, first] = [shares[b] as number, 2 * b * orders];
    if (share === 1) continue;
    const mean = share < leastShare ? Number.NaN : (data[at] as number) / (flat[first] as number);
    for (let k = 2; k < 2 * orders; k++) out[at + k] = (data[at + k] as number) - mean * (flat[first + k] as number);
  }
  return out;
}

/** Rings, and the size of a pixel. */
interface ScaledRings {
  readonly grid: RingGrid;
  readonly scale: PatternAxes['scale'];
}

function channelsOf(scan: Scan, data: Float64Array, { grid, scale }: ScaledRings, orders: number): Channel[] {
  const { bins } = grid;
  const { nav } = scan.shape;
  const n = product(nav);
  const raw = componentsFirst(data, bins * orders, n);
  const step = (grid.ro - grid.ri) / bins;
  const channels: Channel[] = [];
  for (let b = 0; b < bins; b++) {
    const complex = Array.from({ length: orders }, (_, o) =>
      raw.subarray(2 * (b * orders + o) * n, 2 * (b * orders + o + 1) * n),
    );
    const size = complex.map((one) =>
      Float64Array.from({ length: n }, (_, i) => Math.hypot(one[2 * i] as number, one[2 * i + 1] as number)),
    );
    const where = radiiText(ringOf(grid, b), scale);
    channels.push({
      key: `dominant_${b}`,
      title: `dominant order, ring ${b}`,
      desc: `order of the strongest component of ring ${b}, ${where}`,
      shape: nav,
      data: dominantOf(size, n),
      where,
    });
    for (const [order, one] of complex.entries())
      channels.push(...channelsOfOrder({ ring: b, order, where }, one, size, nav));
  }
  channels.push({
    key: 'raw',
    title: 'all components',
    desc: '[rings, orders, …scan], complex',
    shape: [bins, orders, ...nav],
    data: raw,
    complex: true,
    unit: 'counts',
    axes: [
      { name: 'ring', unit: scale.unit, first: (grid.ri + step / 2) * scale.value, step: step * scale.value },
      { name: 'order', unit: '', first: 0, step: 1 },
      ...nav.map((_, i) => ({
        name: `scan_${(['x', 'y', 'z'] as const)[nav.length - 1 - i] ?? i}`,
        ...{ unit: 'positions', first: 0, step: 1 },
      })),
    ],
  });
  return channels;
}

/** Complex numbers [positions, components] as [components, positions]. */
function componentsFirst(data: Float64Array, components: number, n: number): Float64Array {
  const raw = new Float64Array(2 * components * n);
  for (let k = 0; k < components; k++)
    for (let i = 0; i < n; i++) {
      raw[2 * (k * n + i)] = data[2 * (i * components + k)] as number;
      raw[2 * (k * n + i) + 1] = data[2 * (i * components + k) + 1] as number;
    }
  return raw;
}

/** The strongest order from 1 on at each position; 0 where all are below a fifth of the ring's strongest component. */
function dominantOf(size: readonly Float64Array[], n: number): Float64Array {
  let most = 0;
  for (const one of size) for (const value of one) if (value > most) most = value;
  return Float64Array.from({ length: n }, (_, i) => {
    let best = 0;
    let at = 0;
    let all = 0;
    if (size.some((one) => Number.isNaN(one[i]))) return Number.NaN;
    for (const [o, one] of size.entries()) {
      all = Math.max(all, one[i] as number);
      if (o > 0 && (one[i] as number) > best) {
        best = one[i] as number;
        at = o;
      }
    }
    return all < 0.2 * most ? 0 : at;
  });
}

/** Magnitude, phase and the complex numbers of one order; `size` has the magnitudes of all orders of the ring. */
function channelsOfOrder(
  { ring, order, where }: { readonly ring: number; readonly order: number; readonly where: string },
  complex: Float64Array,
  size: readonly Float64Array[],
  shape: readonly number[],
): Channel[] {
  const [magnitude, first] = [size[order] as Float64Array, size[0] as Float64Array];
  const name = `ring ${ring}, order ${order}`;
  return [
    {
      key: `absolute_${ring}_${order}`,
      title: `magnitude, ${name}`,
      desc: `${order === 0 ? 'magnitude' : 'magnitude over that of order 0'} of ring ${ring}, ${where}`,
      unit: order === 0 ? 'counts' : '1',
      where,
      shape,
      data: order === 0 ? magnitude : magnitude.map((value, i) => value / Math.max(1, first[i] as number)),
    },
    {
      key: `phase_${ring}_${order}`,
      title: `phase, ${name}`,
      desc: `phase of ring ${ring}, ${where}, in radians`,
      unit: 'rad',
      where,
      shape,
      data: magnitude.map((_, i) => Math.atan2(complex[2 * i + 1] as number, complex[2 * i] as number)),
    },
    {
      key: `complex_${ring}_${order}`,
      title: name,
      desc: `complex component of ring ${ring}, ${where}`,
      unit: 'counts',
      where,
      shape,
      data: complex,
      complex: true,
    },
  ];
}
