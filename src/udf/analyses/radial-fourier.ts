/** Fourier components along rings: the rotational symmetry of the pattern on each of them. */
import { masksUdf } from '../builtin/masks.js';
import { product } from '../dtypes.js';
import { polarMap, radialBins } from '../masks.js';
import type { AnalysisParameters } from '../parameter-types.js';
import type { Scan } from '../scan.js';
import type { Analysis, Channel } from './analysis.js';
import { centreOf, checkRing, optionsOf } from './parameters.js';

/** Options of `createRadialFourierAnalysis`. */
export type RadialFourierOptions = Pick<
  AnalysisParameters,
  'cx' | 'cy' | 'ri' | 'ro' | 'nBins' | 'maxOrder' | 'useSparse'
>;

/**
 * Channels `dominant_b` (order of the strongest component from 1 on, 0 where all are weak), `absolute_b_o`, `phase_b_o`
 * and `complex_b_o` for bin b and order o, and `raw`, [bins, orders, …scan] complex. The masks have single precision,
 * like LiberTEM's complex64.
 */
export function radialFourierAnalysis(scan: Scan, options: RadialFourierOptions = {}): Analysis {
  const what = 'createRadialFourierAnalysis';
  const { nBins: bins = 1, maxOrder = 24 } = optionsOf(what, 'radial-fourier', options);
  const orders = maxOrder + 1;
  const centre = centreOf(scan, what, options);
  const { ri = 0, ro = Math.min(centre.width, centre.height) / 2 } = options;
  checkRing(what, [ri, ro]);
  const rings = radialBins({ ...centre, ri, ro, bins });
  const { phi } = polarMap(centre);
  const masks = rings.flatMap((weights) =>
    Array.from({ length: orders }, (_, order) => [
      Float32Array.from(weights, (weight, i) => weight * Math.cos(order * (phi[i] as number))),
      Float32Array.from(weights, (weight, i) => weight * Math.sin(order * (phi[i] as number))),
    ]).flat(),
  );
  return {
    name: 'radial-fourier',
    scan,
    udf: masksUdf.withParams({
      masks,
      complex: true,
      ...(options.useSparse !== undefined && { sparse: options.useSparse }),
    }),
    channels: ({ intensity }) => channelsOf(scan, intensity.data as Float64Array, bins, orders),
  };
}

function channelsOf(scan: Scan, data: Float64Array, bins: number, orders: number): Channel[] {
  const { nav } = scan.shape;
  const n = product(nav);
  const channels: Channel[] = [];
  const raw = new Float64Array(2 * bins * orders * n);
  for (let k = 0; k < bins * orders; k++)
    for (let i = 0; i < n; i++) {
      raw[2 * (k * n + i)] = data[2 * (i * bins * orders + k)] as number;
      raw[2 * (k * n + i) + 1] = data[2 * (i * bins * orders + k) + 1] as number;
    }
  for (let b = 0; b < bins; b++) {
    const complex = Array.from({ length: orders }, (_, o) =>
      raw.subarray(2 * (b * orders + o) * n, 2 * (b * orders + o + 1) * n),
    );
    const size = complex.map((one) =>
      Float64Array.from({ length: n }, (_, i) => Math.hypot(one[2 * i] as number, one[2 * i + 1] as number)),
    );
    let most = 0;
    for (const one of size) for (const value of one) if (value > most) most = value;
    const dominant = Float64Array.from({ length: n }, (_, i) => {
      let best = 0;
      let at = 0;
      let all = 0;
      for (const [o, one] of size.entries()) {
        all = Math.max(all, one[i] as number);
        if (o > 0 && (one[i] as number) > best) {
          best = one[i] as number;
          at = o;
        }
      }
      return all < 0.2 * most ? 0 : at;
    });
    channels.push({
      key: `dominant_${b}`,
      title: `dominant order, ring ${b}`,
      desc: 'order of the strongest component',
      shape: nav,
      data: dominant,
    });
    for (let o = 0; o < orders; o++) {
      const magnitude = size[o] as Float64Array;
      const first = size[0] as Float64Array;
      const relative = o === 0 ? magnitude : magnitude.map((value, i) => value / Math.max(1, first[i] as number));
      const name = `ring ${b}, order ${o}`;
      channels.push({
        key: `absolute_${b}_${o}`,
        title: `magnitude, ${name}`,
        desc: o === 0 ? 'magnitude' : 'magnitude over that of order 0',
        shape: nav,
        data: relative,
      });
      const one = complex[o] as Float64Array;
      const phase = Float64Array.from({ length: n }, (_, i) =>
        Math.atan2(one[2 * i + 1] as number, one[2 * i] as number),
      );
      channels.push({
        key: `phase_${b}_${o}`,
        title: `phase, ${name}`,
        desc: 'phase in radians',
        shape: nav,
        data: phase,
      });
      channels.push({
        key: `complex_${b}_${o}`,
        title: name,
        desc: 'complex component',
        shape: nav,
        data: one,
        complex: true,
      });
    }
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
