/**
 * A beam stop over disks of diffraction: a bar from outside of the frame that cuts at least one of them. All disks of a
 * pattern have one radius and straight bars no arcs, so that the arcs that are seen tell where disks are, also where they
 * overlap or are few; one that is bright on one side and dark on the other is cut, and what is between disks is dark, too.
 */
import { type Circles, circlesOf } from './circles.js';
import { around, binned, type Image, medians } from './image.js';

/** Longest side of the image in which a stop is sought, in pixels; larger ones are binned. */
const maxSide = 512;
/** Shares of the level of its disk below which a pixel is dark, and above which it is lit. */
const [dark, lit] = [0.12, 0.35];
/** Share of its radius within which a disk is looked at. */
const within = 0.85;
/** Smallest level of a disk, as a share of the highest one, and in units of the noise of a pixel. */
const [faint, aboveNoise] = [0.01, 4];
/** What a lit pixel takes from a bar, in dark ones. */
const cost = 4;
/** Most disks that are few: of many, one may be none. */
const few = 12;
/** Directions of bars. */
const directions = 120;

/**
 * What a bar has to have: dark pixels, their share of all dark pixels of bright disks, lit pixels as a share of them, and
 * disks that it cuts. One cut disk is enough where hardly anything is dark elsewhere.
 */
const needs = {
  several: { disks: 2, pixels: 12, ofAll: 0.6, ofDisk: 0 },
  one: { disks: 1, pixels: 30, ofAll: 0.91, ofDisk: 0.15 },
  oneOfFew: { disks: 1, pixels: 12, ofAll: 0.8, ofDisk: 0.1 },
  lit: 0.1,
} as const;

/** A bar from `tip` on along a direction, across from `from` to `to`, about the middle of the frame, in pixels. */
export interface Bar {
  readonly ay: number;
  readonly ax: number;
  readonly from: number;
  readonly to: number;
  readonly tip: number;
  readonly gain: number;
}

const quantile = (values: Float64Array, share: number): number =>
  values.sort()[Math.floor(share * values.length)] as number;

/** Rounds in which levels of disks that overlap are told apart. */
const rounds = 4;

/**
 * The disks about some centres, with their inner pixels and their levels over what is beside disks, 0 for those that are lost
 * in noise, and what the levels add up to at each pixel.
 */
function disksOf(raw: Image, smooth: Float64Array, good: Uint8Array, { centres, r }: Circles, low: number) {
  const { data, height, width } = raw;
  const sum = new Float64Array(data.length);
  const disks = centres
    .map(([cy, cx]) => {
      const [whole, pixels]: [number[], number[]] = [[], []];
      for (let y = Math.max(0, Math.ceil(cy - r)); y <= Math.min(height - 1, cy + r); y++)
        for (let x = Math.max(0, Math.ceil(cx - r)); x <= Math.min(width - 1, cx + r); x++) {
          const far = Math.hypot(y - cy, x - cx);
          if (!good[y * width + x] || far > r) continue;
          whole.push(y * width + x);
          if (far <= within * r) pixels.push(y * width + x);
        }
      return { whole, pixels, level: 0 };
    })
    .filter(({ pixels }) => pixels.length >= 5);
  for (let round = 0; round < rounds; round++)
    for (const disk of disks) {
      const alone = Float64Array.from(
        disk.pixels,
        (k) => (smooth[k] as number) - low - (sum[k] as number) + disk.level,
      );
      const noise = quantile(
        Float64Array.from(disk.pixels, (k) => Math.abs((data[k] as number) - (smooth[k] as number))),
        0.8,
      );
      const found = quantile(alone, 0.8);
      const level = found > aboveNoise * noise ? found : 0;
      for (const k of disk.whole) sum[k] = (sum[k] as number) + level - disk.level;
      disk.level = level;
    }
  return { disks, sum };
}

/** The bar with most dark pixels, less those that are lit. */
export function barOf(
  shadows: readonly number[],
  lights: readonly number[],
  { height, width }: Pick<Image, 'height' | 'width'>,
): Bar {
  const half = Math.ceil(Math.hypot(height, width) / 2) + 1;
  const side = 2 * half + 1;
  let best: Bar = { ay: 0, ax: 1, from: 0, to: 0, tip: 0, gain: 0 };
  const cells = new Float64Array(side * side);
  for (let step = 0; step < directions; step++) {
    const angle = (2 * Math.PI * step) / directions;
    const [ay, ax] = [Math.sin(angle), Math.cos(angle)];
    cells.fill(0);
    const add = (pixels: readonly number[], weight: number): void => {
      for (const i of pixels) {
        const [y, x] = [Math.floor(i / width) - height / 2, (i % width) - width / 2];
        const at = (half + Math.round(y * ay + x * ax)) * side + half + Math.round(x * ay - y * ax);
        cells[at] = (cells[at] as number) + weight;
      }
    };
    add(shadows, 1);
    add(lights, -cost);
    // From outside inwards, the strips of a row become longer.
    const sums = new Float64Array(side);
    for (let row = side - 1; row >= 0; row--) {
      let [run, first] = [0, 0];
      for (let t = 0; t < side; t++) {
        sums[t] = (sums[t] as number) + (cells[row * side + t] as number);
        if (run <= 0) [run, first] = [0, t];
        run += sums[t] as number;
        if (run > best.gain + 1e-9) best = { ay, ax, from: first - half, to: t - half, tip: row - half, gain: run };
      }
    }
  }
  return best;
}

/** Whether a place is in a bar or at most `margin` pixels beside it. */
export const isIn = ({ ay, ax, from, to, tip }: Bar, y: number, x: number, margin: number): boolean => {
  const [s, t] = [y * ay + x * ax, x * ay - y * ax];
  return s > tip - margin && t > from - margin && t < to + margin;
};

/** The pixels of a list in a bar. */
export const pixelsIn = (
  pixels: readonly number[],
  bar: Bar,
  { height, width }: Pick<Image, 'height' | 'width'>,
): number[] => pixels.filter((i) => isIn(bar, Math.floor(i / width) - height / 2, (i % width) - width / 2, 0.5));

/** The pixels that a beam stop over disks covers; none without one. `low` is the level beside disks. */
export function stopOverDisks(whole: Image, goodOf: Uint8Array, { low }: { low: number }): number[] {
  const step = Math.ceil(Math.max(whole.height, whole.width) / maxSide);
  const marked = { ...whole, data: whole.data.map((value, i) => (goodOf[i] ? value / step / step : Number.NaN)) };
  const raw = step === 1 ? marked : binned(marked, step);
  const good = Uint8Array.from(raw.data, (value) => (Number.isFinite(value) ? 1 : 0));
  const smooth = {
    ...raw,
    data: medians({ ...raw, data: raw.data.map((value) => (Number.isFinite(value) ? value : 0)) }, good),
  };
  const circles = circlesOf(smooth);
  const bar = circles && cuttingBar(raw, smooth, good, circles, low);
  if (!bar) return [];
  const covered: number[] = [];
  const centred = (at: number, size: number): number => (at + 0.5) / step - 0.5 - size / 2;
  for (let i = 0; i < whole.data.length; i++) {
    const [y, x] = [centred(Math.floor(i / whole.width), raw.height), centred(i % whole.width, raw.width)];
    if (isIn(bar, y, x, 1.5)) covered.push(i);
  }
  return covered;
}

function cuttingBar(raw: Image, smooth: Image, good: Uint8Array, circles: Circles, low: number): Bar | undefined {
  const { disks, sum } = disksOf(raw, smooth.data, good, circles, low);
  const top = disks.reduce((most, { level }) => Math.max(most, level), 0);
  const bright = disks.filter(({ level }) => level > 0 && level >= faint * top);
  const [shadows, lights]: [number[], number[]] = [[], []];
  const isLit = new Uint8Array(raw.data.length);
  for (const k of new Set(bright.flatMap(({ pixels }) => pixels))) {
    const share = ((smooth.data[k] as number) - low) / (sum[k] as number);
    if (share < dark) shadows.push(k);
    else if (share > lit) {
      lights.push(k);
      isLit[k] = 1;
    }
  }
  const bar = barOf(shadows, lights, raw);
  const inside = new Set(pixelsIn(shadows, bar, raw));
  const litIn = pixelsIn(lights, bar, raw).length;
  const cut = bright.filter(({ pixels }) => isCut(pixels, inside, isLit, raw)).length;
  const area = Math.PI * (within * circles.r) ** 2;
  if (litIn > needs.lit * inside.size) return undefined;
  const has = ({ disks: least, pixels, ofAll, ofDisk }: (typeof needs)['one' | 'oneOfFew' | 'several']): boolean =>
    cut >= least && inside.size >= Math.max(pixels, ofDisk * area) && inside.size >= ofAll * shadows.length;
  if (!has(needs.several) && !has(disks.length > few ? needs.one : needs.oneOfFew)) return undefined;
  return bar;
}

/** Whether a bar cuts a disk: a tenth of what is dark or lit is dark, and ends within two pixels of what is lit. */
function isCut(pixels: readonly number[], inside: ReadonlySet<number>, isLit: Uint8Array, image: Image): boolean {
  const of = new Set(pixels);
  let [shadows, lights, contacts] = [0, 0, 0];
  for (const i of pixels) {
    lights += isLit[i] as number;
    if (!inside.has(i)) continue;
    shadows++;
    let touches = 0;
    around(image, i, 2, (k) => {
      if (isLit[k] && of.has(k)) touches = 1;
    });
    contacts += touches;
  }
  return shadows > 3 && lights > 3 && contacts > 2 && shadows > 0.1 * (shadows + lights);
}
