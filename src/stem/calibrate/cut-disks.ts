/**
 * A beam stop over disks of diffraction: a bar from outside of the frame that cuts at least one of them. All disks of a
 * pattern have one shape and lie on a lattice, so that a disk which is bright on one side and dark on the other is cut;
 * a whole one that is dark may be a weak reflection, and what is between disks is dark as well.
 */
import { guessLattice, type Lattice } from '../disks/lattice.js';
import { findDiskPeaks } from '../disks/peaks.js';
import { around, binned, type Image, medians } from './image.js';

/** Longest side of the image in which a stop is sought, in pixels; larger ones are binned. */
const maxSide = 512;
/** Shares of the level of its disk below which a pixel is dark, and above which it is lit. */
const [dark, lit] = [0.12, 0.35];
/** Share of its radius within which a disk is looked at, beside which the lattice may be off. */
const within = 0.85;
/** Smallest level of a disk, as a share of the highest one, and in units of the noise of a pixel. */
const [faint, aboveNoise] = [0.01, 4];
/** What a lit pixel takes from a bar, in dark ones. */
const cost = 4;
/** Directions of bars. */
const directions = 120;

/**
 * What a bar has to have: dark pixels, their share of all dark pixels of bright disks, lit pixels as a share of them, and
 * disks that it cuts. One cut disk is enough where more of its area is dark and hardly anything is elsewhere. Of 560
 * simulated patterns without a stop (tilted, bands across disks, noise) none had it.
 */
const needs = {
  several: { disks: 2, pixels: 20, ofAll: 0.7, ofDisk: 0 },
  one: { disks: 1, pixels: 30, ofAll: 0.95, ofDisk: 0.15 },
  lit: 0.1,
} as const;

/** A disk of the lattice: its pixels, and its level over what is beside disks; 0 for one that is lost in noise. */
interface Disk {
  readonly pixels: readonly number[];
  readonly level: number;
}

/** A bar from `tip` on along a direction, across from `from` to `to`, about the middle of the frame, in pixels. */
interface Bar {
  readonly ay: number;
  readonly ax: number;
  readonly from: number;
  readonly to: number;
  readonly tip: number;
  readonly gain: number;
}

/** The radius of the largest circle of pixels above a level, by distances of 3 and 4 thirds to their neighbours. */
function inscribedRadius({ data, height, width }: Image, level: number): number {
  const far = Uint16Array.from(data, (value) => (value > level ? 65000 : 0));
  const at = (y: number, x: number): number =>
    y < 0 || x < 0 || y >= height || x >= width ? 0 : (far[y * width + x] as number);
  const pass = (y: number, x: number, by: 1 | -1): void => {
    const straight = Math.min(at(y - by, x), at(y, x - by)) + 3;
    const diagonal = Math.min(at(y - by, x - 1), at(y - by, x + 1)) + 4;
    far[y * width + x] = Math.min(at(y, x), straight, diagonal);
  };
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pass(y, x, 1);
  for (let y = height - 1; y >= 0; y--) for (let x = width - 1; x >= 0; x--) pass(y, x, -1);
  return far.reduce((most, value) => Math.max(most, value), 0) / 3 - 0.5;
}

function latticeOf({ data, height, width }: Image, radius: number): Lattice | undefined {
  const pattern = { kind: 'background-subtraction', radius } as const;
  try {
    const peaks = findDiskPeaks(data, [height, width], pattern, 60, Math.max(1, Math.round(radius)), 0.2);
    return guessLattice('calibrate', peaks, [height, width]);
  } catch {
    // Too few disks for a lattice, or too large ones for the frame.
    return undefined;
  }
}

const quantile = (values: Float64Array, share: number): number =>
  values.sort()[Math.floor(share * values.length)] as number;

/** The disks at the points of a lattice, by indices i and j. */
function disksOf(raw: Image, smooth: Float64Array, good: Uint8Array, { zero, a, b }: Lattice, r: number, low: number) {
  const { data, height, width } = raw;
  const disks = new Map<string, Disk>();
  const R = within * r;
  const most = Math.ceil(Math.hypot(height, width) / Math.min(Math.hypot(...a), Math.hypot(...b)));
  for (let i = -most; i <= most; i++)
    for (let j = -most; j <= most; j++) {
      const [cy, cx] = [zero[0] + i * a[0] + j * b[0], zero[1] + i * a[1] + j * b[1]];
      if (cy < -R || cx < -R || cy > height + R || cx > width + R) continue;
      const pixels: number[] = [];
      for (let y = Math.max(0, Math.ceil(cy - R)); y <= Math.min(height - 1, cy + R); y++)
        for (let x = Math.max(0, Math.ceil(cx - R)); x <= Math.min(width - 1, cx + R); x++)
          if (good[y * width + x] && Math.hypot(y - cy, x - cx) <= R) pixels.push(y * width + x);
      if (pixels.length < 5) continue;
      const level =
        quantile(
          Float64Array.from(pixels, (k) => smooth[k] as number),
          0.8,
        ) - low;
      const noise = quantile(
        Float64Array.from(pixels, (k) => Math.abs((data[k] as number) - (smooth[k] as number))),
        0.8,
      );
      disks.set(`${i} ${j}`, { pixels, level: level > aboveNoise * noise ? level : 0 });
    }
  return disks;
}

/** The bar with most dark pixels, less those that are lit. */
function barOf(shadows: readonly number[], lights: readonly number[], { height, width }: Image): Bar {
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
const isIn = ({ ay, ax, from, to, tip }: Bar, y: number, x: number, margin: number): boolean => {
  const [s, t] = [y * ay + x * ax, x * ay - y * ax];
  return s > tip - margin && t > from - margin && t < to + margin;
};

/** The pixels of a list in a bar. */
const pixelsIn = (pixels: readonly number[], bar: Bar, { height, width }: Image): number[] =>
  pixels.filter((i) => isIn(bar, Math.floor(i / width) - height / 2, (i % width) - width / 2, 0.5));

/** The pixels that a beam stop over disks covers, whose radius is about `r`; none without one. */
export function stopOverDisks(
  whole: Image,
  goodOf: Uint8Array,
  { r, high, low }: { r: number; high: number; low: number },
): number[] {
  const step = Math.ceil(Math.max(whole.height, whole.width) / maxSide);
  const marked = { ...whole, data: whole.data.map((value, i) => (goodOf[i] ? value / step / step : Number.NaN)) };
  const raw = step === 1 ? marked : binned(marked, step);
  const good = Uint8Array.from(raw.data, (value) => (Number.isFinite(value) ? 1 : 0));
  const smooth = {
    ...raw,
    data: medians({ ...raw, data: raw.data.map((value) => (Number.isFinite(value) ? value : 0)) }, good),
  };
  const inscribed = inscribedRadius(smooth, low + 0.3 * (high - low));
  // Disks that touch are one bright region.
  const radius = r / step > 1.45 * inscribed ? inscribed : r / step;
  const bar = radius >= 1.5 ? cuttingBar(raw, smooth, good, radius, low) : undefined;
  if (!bar) return [];
  const covered: number[] = [];
  const centred = (at: number, size: number): number => (at + 0.5) / step - 0.5 - size / 2;
  for (let i = 0; i < whole.data.length; i++) {
    const [y, x] = [centred(Math.floor(i / whole.width), raw.height), centred(i % whole.width, raw.width)];
    if (isIn(bar, y, x, 1.5)) covered.push(i);
  }
  return covered;
}

function cuttingBar(raw: Image, smooth: Image, good: Uint8Array, radius: number, low: number): Bar | undefined {
  const lattice = latticeOf(smooth, radius);
  if (!lattice) return undefined;
  const disks = disksOf(raw, smooth.data, good, lattice, radius, low);
  const all = [...disks.values()];
  const top = all.reduce((most, { level }) => Math.max(most, level), 0);
  const bright = all.filter(({ level }) => level > 0 && level >= faint * top);
  const [shadows, lights]: [number[], number[]] = [[], []];
  const isLit = new Uint8Array(raw.data.length);
  for (const { pixels, level } of bright)
    for (const i of pixels) {
      const share = ((smooth.data[i] as number) - low) / level;
      if (share < dark) shadows.push(i);
      else if (share > lit) {
        lights.push(i);
        isLit[i] = 1;
      }
    }
  const bar = barOf(shadows, lights, raw);
  const inside = new Set(pixelsIn(shadows, bar, raw));
  if (pixelsIn(lights, bar, raw).length > needs.lit * inside.size) return undefined;
  const cut = bright.filter(({ pixels }) => isCut(pixels, inside, isLit, raw)).length;
  const area = Math.PI * (within * radius) ** 2;
  const has = ({ disks: least, pixels, ofAll, ofDisk }: (typeof needs)['one' | 'several']): boolean =>
    cut >= least && inside.size >= Math.max(pixels, ofDisk * area) && inside.size >= ofAll * shadows.length;
  if (!has(needs.several) && !has(needs.one)) return undefined;
  // Disks that are covered whole lie between others of the lattice that are bright.
  const wider = barOf([...shadows, ...coveredWhole(disks)], lights, raw);
  const same = pixelsIn(shadows, wider, raw).length >= 0.95 * inside.size;
  return same && pixelsIn(lights, wider, raw).length <= needs.lit * inside.size ? wider : bar;
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

/** Pixels of disks that are dark between two bright ones. */
function coveredWhole(disks: ReadonlyMap<string, Disk>): number[] {
  const level = (i: number, j: number): number => disks.get(`${i} ${j}`)?.level ?? 0;
  const ways = [
    [1, 0],
    [0, 1],
    [1, 1],
    [1, -1],
  ] as const;
  return [...disks].flatMap(([name, { pixels, level: own }]) => {
    const [i, j] = name.split(' ').map(Number) as [number, number];
    const usual = ways.map(([u, v]) => Math.min(level(i + u, j + v), level(i - u, j - v)));
    return own < dark * Math.max(...usual) ? [...pixels] : [];
  });
}
