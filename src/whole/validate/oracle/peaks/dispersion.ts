/**
 * The oracle of dispersion and its extended form, in float64: every window is summed separately, with the variance as
 * it is defined. It shares no code with cpp/, which sums columns and multiplies the fractions out.
 *
 * Source: Winter et al., Acta Cryst. D74 (2018) 85, for the test of a pixel; the second pass follows what the
 * documentation of DIALS says about its extended form.
 */
import type { OraclePeak, Scene } from './peakfinder8.js';

export interface DispersionSettings {
  readonly threshold: number;
  readonly gain: number;
  readonly kernelSize: number;
  readonly sigmaBackground: number;
  readonly sigmaStrong: number;
  readonly minCount: number;
  readonly minPixCount: number;
  readonly maxPixCount: number;
  readonly validRange: readonly [number, number];
}

interface Window {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
}

const single = Math.fround;

/** The peaks of a frame, in the order of panels, rows and columns of their first pixels. */
export function dispersion(scene: Scene, settings: DispersionSettings, extended: boolean): OraclePeak[] {
  const { width, frame, ring, panels } = scene;
  const [least, most] = settings.validRange;
  const gain = single(settings.gain);
  const k = settings.kernelSize;
  return panels.flatMap((panel, number) => {
    const [w, h] = [panel.endFs - panel.fs, panel.endSs - panel.ss];
    // The panel alone; NaN where a pixel is not used.
    const value = Float64Array.from({ length: w * h }, (_, i) => {
      const at = (panel.ss + Math.floor(i / w)) * width + panel.fs + (i % w);
      const v = frame[at] ?? Number.NaN;
      return (ring[at] ?? -1) >= 0 && v >= least && v <= most ? v : Number.NaN;
    });
    const pixels = [...value.keys()].filter((i) => !Number.isNaN(value[i]));
    const visit = (i: number, reach: number, see: (j: number) => void): void => {
      const [x, y] = [i % w, Math.floor(i / w)];
      for (let yy = Math.max(0, y - reach); yy <= Math.min(h - 1, y + reach); yy++)
        for (let xx = Math.max(0, x - reach); xx <= Math.min(w - 1, x + reach); xx++) {
          if (!Number.isNaN(value[yy * w + xx])) see(yy * w + xx);
        }
    };
    const windowOf = (i: number, reach: number, leaveOut?: ReadonlySet<number>): Window => {
      let [n, sum, squares] = [0, 0, 0];
      const each = (use: (v: number) => void): void =>
        visit(i, reach, (j) => {
          if (!leaveOut?.has(j)) use(value[j] ?? 0);
        });
      each((v) => {
        n++;
        sum += v;
      });
      const mean = sum / n;
      each((v) => {
        squares += (v - mean) ** 2;
      });
      return { n, mean, variance: squares / (n - 1) };
    };
    const standsOut = (i: number, { mean }: Window): boolean =>
      (value[i] ?? 0) > single(settings.threshold) &&
      (value[i] ?? 0) > mean + single(settings.sigmaStrong) * Math.sqrt(gain * mean);
    const varied = new Set<number>();
    const strong = new Set<number>();
    for (const i of pixels) {
      const window = windowOf(i, k);
      if (window.n < Math.max(2, settings.minCount) || !(window.mean > 0)) continue;
      const index = window.variance / window.mean / gain;
      if (!(index > 1 + single(settings.sigmaBackground) * Math.sqrt(2 / (window.n - 1)))) continue;
      varied.add(i);
      if (!extended && standsOut(i, window)) strong.add(i);
    }
    if (extended) {
      const within = new Set<number>();
      for (const i of varied) {
        let all = true;
        visit(i, k, (j) => {
          if (!varied.has(j)) all = false;
        });
        if (all) within.add(i);
      }
      for (const i of varied) {
        const around = windowOf(i, k + 2, within);
        if (around.n >= settings.minCount && around.mean >= 0 && standsOut(i, around)) strong.add(i);
      }
    }
    const seen = new Set<number>();
    const peaks: OraclePeak[] = [];
    for (const seed of [...strong].sort((a, b) => a - b)) {
      if (seen.has(seed)) continue;
      const blob = [seed];
      seen.add(seed);
      for (const i of blob) {
        const x = i % w;
        for (const j of [x > 0 ? i - 1 : -1, x + 1 < w ? i + 1 : -1, i - w, i + w])
          if (strong.has(j) && !seen.has(j)) {
            seen.add(j);
            blob.push(j);
          }
      }
      if (blob.length < settings.minPixCount || blob.length > settings.maxPixCount) continue;
      const [xs, ys] = [blob.map((i) => i % w), blob.map((i) => Math.floor(i / w))];
      const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
      const around = pixels.filter((i) => {
        const [x, y] = [i % w, Math.floor(i / w)];
        return x >= left - k && x <= right + k && y >= top - k && y <= bottom + k && !strong.has(i);
      });
      if (around.length === 0) continue;
      const background = around.reduce((sum, i) => sum + (value[i] ?? 0), 0) / around.length;
      const sigma = Math.sqrt(around.reduce((sum, i) => sum + ((value[i] ?? 0) - background) ** 2, 0) / around.length);
      const above = blob.map((i) => (value[i] ?? 0) - background);
      const intensity = above.reduce((sum, v) => sum + v, 0);
      if (!(intensity > 0)) continue;
      // Measured from the corner, so that the mean of a single-row blob lies on that row, whatever is rounded.
      const mean = (at: readonly number[], corner: number): number =>
        at.reduce((sum, v, n) => sum + (v - corner) * (above[n] ?? 0), 0) / intensity;
      const [x, y] = [mean(xs, left), mean(ys, top)];
      if (!(x >= 0 && x <= right - left && y >= 0 && y <= bottom - top)) continue;
      peaks.push({
        fs: panel.fs + left + x + 0.5,
        ss: panel.ss + top + y + 0.5,
        intensity,
        maximum: Math.max(...above),
        snr: intensity / (sigma * Math.sqrt(blob.length)),
        pixels: blob.length,
        panel: number,
        background,
      });
    }
    return peaks;
  });
}
