/** Fourier components along rings: the rotational symmetry of the pattern on each of them. */

import type { AnyUdf } from '../../udf/functions/udf.js';
import { type MaskSize, polarMap, radialBins } from '../../udf/pass/masks.js';
import type { Scan } from '../../udf/scans/scan.js';
import { product } from '../../util/product.js';
import { masksUdf } from '../builtin/masks.js';
import { radialFourierUdf } from '../builtin/rings.js';
import { harmonicsOf } from '../images/ring-harmonics.js';
import { type RingGrid, ringTotals } from '../images/rings.js';
import { analysisRows } from '../parameters.js';
import { analysis, type Channel, type Made, type OptionsOfAnalysis } from './analysis.js';
import { leftOutNote, leftOutOf, scaledMasks } from './left-out.js';
import { centreOf, checkRing } from './parameters.js';

/** Options of `createRadialFourierAnalysis`. */
export type RadialFourierOptions = OptionsOfAnalysis<'radial-fourier'>;

/**
 * Channels `dominant_b` (order of the strongest component from 1 on, 0 where all are weak), `absolute_b_o`, `phase_b_o`
 * and `complex_b_o` for bin b and order o, and `raw`, [bins, orders, …scan] complex. Components are within 1e-8 of their
 * ring's sum, and with `useSparse` those of masks in single precision, like LiberTEM's complex64. A pixel without a count takes the mean of the others of its ring.
 */
export const radialFourierAnalysis = /* @__PURE__ */ analysis('radial-fourier', (scan, options, what): Made<string> => {
  const { nBins: bins = 1, maxOrder = analysisRows.maxOrder.range.fallback, useSparse: sparse } = options;
  const orders = maxOrder + 1;
  const { notes, ...centre } = centreOf(scan, what, options);
  const { ri = 0, ro = Math.min(centre.width, centre.height) / 2 } = options;
  checkRing(what, [ri, ro]);
  const leftOut = leftOutOf(scan, what, options);
  const grid = { cx: centre.cx, cy: centre.cy, ri, ro, bins };
  const note = (lost: { readonly without: number; readonly pixels: number }) => [
    ...notes,
    ...leftOutNote(lost, 'the rings', 'they take the mean of the others of their ring'),
  ];
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
        return channelsOf(scan, counted, bins, orders);
      },
    };
  }
  const { marks } = leftOut;
  const totals = marks ? ringTotals(grid, centre, marks) : undefined;
  return {
    notes: totals ? note(totals) : notes,
    udf: radialFourierUdf.withParams({ ...grid, maxOrder, without: leftOut.pixels }) as AnyUdf,
    channels({ intensity }) {
      const data = intensity.data as Float64Array;
      const whole =
        marks && totals ? withMeans(data, totals.rest, harmonicsOf(grid, centre, maxOrder, marks), orders) : data;
      return channelsOf(scan, whole, bins, orders);
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

function channelsOf(scan: Scan, data: Float64Array, bins: number, orders: number): Channel[] {
  const { nav } = scan.shape;
  const n = product(nav);
  const raw = componentsFirst(data, bins * orders, n);
  const channels: Channel[] = [];
  for (let b = 0; b < bins; b++) {
    const complex = Array.from({ length: orders }, (_, o) =>
      raw.subarray(2 * (b * orders + o) * n, 2 * (b * orders + o + 1) * n),
    );
    const size = complex.map((one) =>
      Float64Array.from({ length: n }, (_, i) => Math.hypot(one[2 * i] as number, one[2 * i + 1] as number)),
    );
    channels.push({
      key: `dominant_${b}`,
      title: `dominant order, ring ${b}`,
      desc: 'order of the strongest component',
      shape: nav,
      data: dominantOf(size, n),
    });
    for (const [order, one] of complex.entries()) channels.push(...channelsOfOrder({ ring: b, order }, one, size, nav));
  }
  channels.push({
    key: 'raw',
    title: 'all components',
    desc: '[rings, orders, …scan], complex',
    shape: [bins, orders, ...nav],
    data: raw,
    complex: true,
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
    if (Number.isNaN(size[0]?.[i])) return Number.NaN;
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
  { ring, order }: { readonly ring: number; readonly order: number },
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
      desc: order === 0 ? 'magnitude' : 'magnitude over that of order 0',
      shape,
      data: order === 0 ? magnitude : magnitude.map((value, i) => value / Math.max(1, first[i] as number)),
    },
    {
      key: `phase_${ring}_${order}`,
      title: `phase, ${name}`,
      desc: 'phase in radians',
      unit: 'rad',
      shape,
      data: magnitude.map((_, i) => Math.atan2(complex[2 * i + 1] as number, complex[2 * i] as number)),
    },
    { key: `complex_${ring}_${order}`, title: name, desc: 'complex component', shape, data: complex, complex: true },
  ];
}
