/**
 * The oracle of peaks: peakfinder8 written out plainly in float64, with five passes over the whole frame. It shares no
 * code with cpp/; the limits of rings are rounded to float32, as in the algorithm.
 *
 * Source: Barty et al. (2014), doi 10.1107/S1600576714007626, and what CrystFEL's program does with parameters of the
 * same names.
 */

/** A frame and its detector. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly frame: ArrayLike<number>;
  /** Ring of every pixel; negative if the pixel is not used. */
  readonly ring: ArrayLike<number>;
  /** Half-open rectangles. */
  readonly panels: readonly {
    readonly fs: number;
    readonly ss: number;
    readonly endFs: number;
    readonly endSs: number;
  }[];
}

export interface Settings {
  readonly threshold: number;
  readonly minSnr: number;
  readonly minPixCount: number;
  readonly maxPixCount: number;
  readonly localBgRadius: number;
  readonly validRange: readonly [number, number];
}

export interface OraclePeak {
  readonly fs: number;
  readonly ss: number;
  readonly intensity: number;
  readonly maximum: number;
  readonly snr: number;
  readonly pixels: number;
  readonly panel: number;
  readonly background: number;
}

/** Mean, sigma, lower and upper limit of a ring. */
export type RingLimits = readonly [number, number, number, number];

const single = Math.fround;
const greatest = single(3.4028234663852886e38);

function moments(values: readonly number[]): { n: number; mean: number; sigma: number } {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const variance = values.reduce((sum, v) => sum + v * v, 0) / n - mean * mean;
  return { n, mean, sigma: variance > 0 ? Math.sqrt(variance) : 0 };
}

/** Limits of every ring after five passes of clipping. */
export function ringLimits({ frame, ring }: Scene, usable: (i: number) => boolean, settings: Settings): RingLimits[] {
  const members: number[][] = [];
  for (let i = 0; i < frame.length; i++) {
    const r = ring[i] ?? -1;
    if (r < 0) continue;
    while (members.length <= r) members.push([]);
    if (usable(i)) members[r]?.push(frame[i] ?? 0);
  }
  const threshold = single(settings.threshold);
  const snr = single(settings.minSnr);
  return members.map((all) => {
    let limits: RingLimits = [0, 0, -1e9, 1e9];
    for (let pass = 0; pass < 5; pass++) {
      const [, , lower, upper] = limits;
      const { n, mean, sigma } = moments(all.filter((v) => v > lower && v < upper));
      limits =
        n === 0
          ? [0, 0, -greatest, greatest]
          : [single(mean), single(sigma), single(mean - snr * sigma), Math.max(single(mean + snr * sigma), threshold)];
    }
    return limits;
  });
}

/** The peaks of a frame, in the order of panels, rows and columns. */
export function peakfinder8(scene: Scene, settings: Settings): { peaks: OraclePeak[]; limits: RingLimits[] } {
  const { width, frame, ring, panels } = scene;
  const [least, most] = settings.validRange;
  const valueAt = (i: number): number => frame[i] ?? 0;
  const usable = (i: number): boolean => valueAt(i) >= least && valueAt(i) <= most;
  const limits = ringLimits(scene, usable, settings);
  const onPanel = new Uint8Array(frame.length);
  for (const p of panels)
    for (let ss = p.ss; ss < p.endSs; ss++) onPanel.fill(1, ss * width + p.fs, ss * width + p.endFs);
  const limitOf = (i: number): RingLimits | undefined => (onPanel[i] ? limits[ring[i] ?? -1] : undefined);
  const above = (i: number): boolean => {
    const limit = limitOf(i);
    return limit !== undefined && usable(i) && valueAt(i) > limit[3];
  };
  const owned = new Uint8Array(frame.length);
  const peaks: OraclePeak[] = [];
  for (const [number, panel] of panels.entries()) {
    const inPanel = (x: number, y: number): boolean =>
      x >= panel.fs && x < panel.endFs && y >= panel.ss && y < panel.endSs;
    for (let y = panel.ss + 1; y < panel.endSs - 1; y++) {
      for (let x = panel.fs + 1; x < panel.endFs - 1; x++) {
        if (owned[y * width + x] || !above(y * width + x)) continue;
        // Collects neighbours above their limits, then their neighbours, and so on.
        const blob = [y * width + x];
        owned[y * width + x] = 1;
        for (let k = 0; k < blob.length; k++) {
          const [bx, by] = [(blob[k] ?? 0) % width, Math.floor((blob[k] ?? 0) / width)];
          for (let dy = -1; dy <= 1; dy++)
            for (let dx = -1; dx <= 1; dx++) {
              const j = (by + dy) * width + bx + dx;
              if (!inPanel(bx + dx, by + dy) || owned[j] || !above(j)) continue;
              owned[j] = 1;
              blob.push(j);
            }
        }
        if (blob.length < settings.minPixCount || blob.length > settings.maxPixCount) continue;
        const weights = blob.map((i) => Math.abs(valueAt(i) - (limitOf(i)?.[0] ?? 0)));
        const weight = weights.reduce((sum, w) => sum + w, 0);
        if (weight === 0) continue;
        const centre = [(i: number) => i % width, (i: number) => Math.floor(i / width)].map((part) =>
          halfToEven(blob.reduce((sum, i, k) => sum + part(i) * (weights[k] ?? 0), 0) / weight),
        ) as [number, number];
        const around: number[] = [];
        const reach = 2 * settings.localBgRadius;
        for (let dy = -reach; dy < reach; dy++)
          for (let dx = -reach; dx < reach; dx++) {
            const [ax, ay] = [centre[0] + dx, centre[1] + dy];
            const j = ay * width + ax;
            if (dx * dx + dy * dy > reach * reach || !inPanel(ax, ay) || owned[j]) continue;
            const limit = limitOf(j);
            if (limit && usable(j) && valueAt(j) < limit[3]) around.push(valueAt(j));
          }
        const ringMean = limitOf(blob[0] ?? 0)?.[0] ?? 0;
        const local = around.length > 0 ? moments(around) : { mean: ringMean, sigma: 0.01 };
        const highest = around.length > 0 ? Math.max(...around) : ringMean;
        const values = blob.map(valueAt);
        const raw = values.reduce((sum, v) => sum + v, 0);
        const intensity = values.reduce((sum, v) => sum + (v - local.mean), 0);
        const maximum = Math.max(0, ...values.map((v) => v - local.mean));
        if (raw === 0) continue;
        const fs = values.reduce((sum, v, k) => sum + v * ((blob[k] ?? 0) % width), 0) / raw;
        const ss = values.reduce((sum, v, k) => sum + v * Math.floor((blob[k] ?? 0) / width), 0) / raw;
        const snr = intensity / local.sigma;
        if (!(snr >= single(settings.minSnr)) || maximum < highest - local.mean || !inPanel(fs, ss)) continue;
        peaks.push({
          fs: fs + 0.5,
          ss: ss + 0.5,
          intensity,
          maximum,
          snr,
          pixels: blob.length,
          panel: number,
          background: local.mean,
        });
      }
    }
  }
  return { peaks, limits };
}

function halfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
