/**
 * The oracle of zaef, in float64: every foot climbs to its summit, every summit is measured, and every peak is compared
 * with all others. It shares no code with cpp/, which measures each summit once.
 *
 * Source: Zaefferer, J. Appl. Cryst. 33 (2000) 10; the rules for summits and neighbours are those that CrystFEL's
 * manual gives for `--peaks=zaef`.
 */
import type { OraclePeak, Scene } from './peakfinder8.js';

export interface ZaefSettings {
  readonly threshold: number;
  readonly minSnr: number;
  readonly minSquaredGradient: number;
  readonly peakRadius: readonly [number, number, number];
  readonly validRange: readonly [number, number];
}

type Point = readonly [number, number];

const single = Math.fround;
const distance = (a: Point, b: Point): number => Math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2);

/** All pixels of a square around a point, row by row. */
function* squareAround([x, y]: Point, radius: number): Generator<Point> {
  const reach = Math.ceil(radius);
  for (let row = y - reach; row <= y + reach; row++) for (let at = x - reach; at <= x + reach; at++) yield [at, row];
}

/** The peaks of a frame, in the order of panels, rows and columns of their feet. */
export function zaef({ width, frame, ring, panels }: Scene, settings: ZaefSettings): OraclePeak[] {
  const [threshold, minSnr, gradient] = [settings.threshold, settings.minSnr, settings.minSquaredGradient].map(single);
  const [inner, middle, outer] = settings.peakRadius.map(single) as [number, number, number];
  const [least, most] = settings.validRange;
  return panels.flatMap((panel, number) => {
    const found: (OraclePeak & { readonly centre: Point })[] = [];
    // The value of a pixel, if the pixel is used.
    const at = ([x, y]: Point): number | undefined => {
      if (x < panel.fs || x >= panel.endFs || y < panel.ss || y >= panel.endSs) return undefined;
      const v = frame[y * width + x] ?? Number.NaN;
      return (ring[y * width + x] ?? -1) >= 0 && v >= least && v <= most ? v : undefined;
    };
    const isFoot = (p: Point): boolean => {
      const v = at(p);
      if (v === undefined || v <= (threshold ?? 0)) return false;
      let squares = 0;
      for (const [dx, dy] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ] as const) {
        const other = at([p[0] + dx, p[1] + dy]);
        if (other === undefined) return false;
        squares += (v - other) ** 2;
      }
      return squares / 2 >= (gradient ?? 0);
    };
    const summitOf = (foot: Point): Point | undefined => {
      for (let summit = foot; ; ) {
        let next = summit;
        for (const p of squareAround(summit, inner))
          if (distance(p, summit) <= inner && (at(p) ?? Number.NEGATIVE_INFINITY) > (at(next) ?? 0)) next = p;
        if (next === summit) return summit;
        if (distance(next, foot) > inner) return undefined;
        summit = next;
      }
    };
    const measured = (summit: Point): (OraclePeak & { readonly centre: Point }) | undefined => {
      const near = [...squareAround(summit, outer)];
      const disc = near.filter((p) => distance(p, summit) <= inner);
      if (disc.some((p) => at(p) === undefined)) return undefined;
      const rim = near.filter((p) => distance(p, summit) > middle && distance(p, summit) <= outer).map(at);
      const values = rim.filter((v) => v !== undefined);
      if (values.length === 0) return undefined;
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const sigma = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
      const above = disc.map((p) => (at(p) ?? 0) - mean);
      const intensity = above.reduce((sum, v) => sum + v, 0);
      if (!(intensity > 0)) return undefined;
      const centre = [0, 1].map(
        (axis) => disc.reduce((sum, p, k) => sum + (p[axis] ?? 0) * (above[k] ?? 0), 0) / intensity,
      ) as unknown as Point;
      const snr = intensity / (sigma * Math.sqrt(disc.length));
      const [x, y] = centre;
      const on = x >= panel.fs && x <= panel.endFs - 1 && y >= panel.ss && y <= panel.endSs - 1;
      if (!(snr >= (minSnr ?? 0)) || distance(centre, summit) > inner || !on) return undefined;
      const maximum = (at(summit) ?? 0) - mean;
      const place = { centre, fs: x + 0.5, ss: y + 0.5, panel: number };
      return { ...place, intensity, maximum, snr, pixels: disc.length, background: mean };
    };
    for (let y = panel.ss; y < panel.endSs; y++)
      for (let x = panel.fs; x < panel.endFs; x++) {
        const summit = isFoot([x, y]) ? summitOf([x, y]) : undefined;
        const peak = summit && measured(summit);
        if (peak && found.every(({ centre }) => distance(centre, peak.centre) >= 2 * inner)) found.push(peak);
      }
    return found;
  });
}
