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
  return scene.panels.flatMap((panel, number) => {
    const pixels = new PanelPixels(scene, panel, settings);
    const strong = pixels.strong(extended);
    return blobsOf(strong, pixels.width).flatMap((blob) => {
      const peak = pixels.peakOf(blob, strong);
      return peak ? [{ ...peak, panel: number }] : [];
    });
  });
}

/** Connected pixels (by their edges), each blob from its first pixel on. */
function blobsOf(strong: ReadonlySet<number>, width: number): number[][] {
  const seen = new Set<number>();
  const blobs: number[][] = [];
  for (const seed of [...strong].sort((a, b) => a - b)) {
    if (seen.has(seed)) continue;
    const blob = [seed];
    seen.add(seed);
    for (const i of blob) {
      const x = i % width;
      for (const j of [x > 0 ? i - 1 : -1, x + 1 < width ? i + 1 : -1, i - width, i + width])
        if (strong.has(j) && !seen.has(j)) {
          seen.add(j);
          blob.push(j);
        }
    }
    blobs.push(blob);
  }
  return blobs;
}

/** The pixels of a panel alone, numbered in its rows. */
class PanelPixels {
  readonly width: number;
  readonly #height: number;
  readonly #panel: Scene['panels'][number];
  readonly #settings: DispersionSettings;
  /** NaN where a pixel is not used. */
  readonly #value: Float64Array;
  readonly #used: readonly number[];

  constructor({ width, frame, ring }: Scene, panel: Scene['panels'][number], settings: DispersionSettings) {
    const [w, h] = [panel.endFs - panel.fs, panel.endSs - panel.ss];
    const [least, most] = settings.validRange;
    this.width = w;
    this.#height = h;
    this.#panel = panel;
    this.#settings = settings;
    this.#value = Float64Array.from({ length: w * h }, (_, i) => {
      const at = (panel.ss + Math.floor(i / w)) * width + panel.fs + (i % w);
      const v = frame[at] ?? Number.NaN;
      return (ring[at] ?? -1) >= 0 && v >= least && v <= most ? v : Number.NaN;
    });
    this.#used = [...this.#value.keys()].filter((i) => !Number.isNaN(this.#value[i]));
  }

  /** The pixels that stand out. */
  strong(extended: boolean): Set<number> {
    const { kernelSize, minCount, sigmaBackground } = this.#settings;
    const gain = single(this.#settings.gain);
    const varied = new Set<number>();
    const strong = new Set<number>();
    for (const i of this.#used) {
      const window = this.#window(i, kernelSize);
      if (window.n < Math.max(2, minCount) || !(window.mean > 0)) continue;
      const index = window.variance / window.mean / gain;
      if (!(index > 1 + single(sigmaBackground) * Math.sqrt(2 / (window.n - 1)))) continue;
      varied.add(i);
      if (!extended && this.#standsOut(i, window)) strong.add(i);
    }
    return extended ? this.#strongAgain(varied) : strong;
  }

  /** The second pass of the extended form: against windows without the pixels that lie within varied ones. */
  #strongAgain(varied: ReadonlySet<number>): Set<number> {
    const { kernelSize, minCount } = this.#settings;
    const within = new Set<number>();
    for (const i of varied) {
      let all = true;
      this.#visit(i, kernelSize, (j) => {
        if (!varied.has(j)) all = false;
      });
      if (all) within.add(i);
    }
    const strong = new Set<number>();
    for (const i of varied) {
      const around = this.#window(i, kernelSize + 2, within);
      if (around.n >= minCount && around.mean >= 0 && this.#standsOut(i, around)) strong.add(i);
    }
    return strong;
  }

  /** A blob as a peak; undefined if it fails a test of peaks. */
  peakOf(blob: readonly number[], strong: ReadonlySet<number>): Omit<OraclePeak, 'panel'> | undefined {
    const { minPixCount, maxPixCount, kernelSize: k } = this.#settings;
    if (blob.length < minPixCount || blob.length > maxPixCount) return undefined;
    const [w, value] = [this.width, this.#value];
    const [xs, ys] = [blob.map((i) => i % w), blob.map((i) => Math.floor(i / w))];
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const around = this.#used.filter((i) => {
      const [x, y] = [i % w, Math.floor(i / w)];
      return x >= left - k && x <= right + k && y >= top - k && y <= bottom + k && !strong.has(i);
    });
    if (around.length === 0) return undefined;
    const background = around.reduce((sum, i) => sum + (value[i] ?? 0), 0) / around.length;
    const sigma = Math.sqrt(around.reduce((sum, i) => sum + ((value[i] ?? 0) - background) ** 2, 0) / around.length);
    const above = blob.map((i) => (value[i] ?? 0) - background);
    const intensity = above.reduce((sum, v) => sum + v, 0);
    if (!(intensity > 0)) return undefined;
    // Measured from the corner, so that the mean of a single-row blob lies on that row, whatever is rounded.
    const mean = (at: readonly number[], corner: number): number =>
      at.reduce((sum, v, n) => sum + (v - corner) * (above[n] ?? 0), 0) / intensity;
    const [x, y] = [mean(xs, left), mean(ys, top)];
    if (!(x >= 0 && x <= right - left && y >= 0 && y <= bottom - top)) return undefined;
    return {
      fs: this.#panel.fs + left + x + 0.5,
      ss: this.#panel.ss + top + y + 0.5,
      intensity,
      maximum: Math.max(...above),
      snr: intensity / (sigma * Math.sqrt(blob.length)),
      pixels: blob.length,
      background,
    };
  }

  /** Calls `see` with the used pixels of the square around one. */
  #visit(i: number, reach: number, see: (j: number) => void): void {
    const [w, h] = [this.width, this.#height];
    const [x, y] = [i % w, Math.floor(i / w)];
    for (let yy = Math.max(0, y - reach); yy <= Math.min(h - 1, y + reach); yy++)
      for (let xx = Math.max(0, x - reach); xx <= Math.min(w - 1, x + reach); xx++) {
        if (!Number.isNaN(this.#value[yy * w + xx])) see(yy * w + xx);
      }
  }

  #window(i: number, reach: number, leaveOut?: ReadonlySet<number>): Window {
    let [n, sum, squares] = [0, 0, 0];
    const each = (use: (v: number) => void): void =>
      this.#visit(i, reach, (j) => {
        if (!leaveOut?.has(j)) use(this.#value[j] ?? 0);
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
  }

  #standsOut(i: number, { mean }: Window): boolean {
    const { threshold, sigmaStrong, gain } = this.#settings;
    const value = this.#value[i] ?? 0;
    return value > single(threshold) && value > mean + single(sigmaStrong) * Math.sqrt(single(gain) * mean);
  }
}
