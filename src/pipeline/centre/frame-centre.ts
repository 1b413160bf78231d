/** The centre of the beam in single frames of electrons, which wanders from frame to frame. */
import type { Beam, Panel } from '../../crystal/geometry/geometry.js';
import { meanDistance } from '../../crystal/geometry/pixels.js';
import type { Detector } from '../../frames/detector/detector.js';
import { electronsBelowA } from '../../indexing/few/choice.js';
import type { Frame } from '../../peaks/contract.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { type PlacedPanel, placed } from '../../refinement/units.js';
import type { FrameCentre } from './centred-beam.js';
import type { CentreKind, CentreOfFrame } from './kinds.js';
import { type Centre, pairsCentre } from './pairs.js';
import { type Counts, radialCentre } from './radial.js';

/** Whether the centre of frames is looked for. */
export const isCentred = (how: 'auto' | 'off' | CentreKind, { wavelengthA }: Beam): boolean =>
  how !== 'off' && (how !== 'auto' || wavelengthA < electronsBelowA);

/** Places along the longer side of the image of the background, and rings along half of it. */
const [placesAlong, ringsAlong] = [192, 120];
/** Least and greatest radius that take part: pixels, and as a part of half of the longer side. */
const background = { from: 3, to: 0.94, floor: 0.03 } as const;
/** The flank of the direct beam, pixels: how far the beam is looked for, and the radius and the rings of the fit. */
const direct = { near: 40, around: [28, 40], to: 22, ring: 0.35, floor: 0.003 } as const;
/** The direct beam is so many times as bright as what is around it, and has so many counts in a pixel at least. */
const bright = { times: 20, counts: 200, part: 0.2 } as const;
/** Largest error of a background, pixels. */
const mostError = 0.5;
/** Square of the distance in errors from which two centres contradict each other, and pairs the geometry. */
const [contradiction, beyond] = [25, 12];

/** The pixels of a detector in the plane across the beam, in pixels from where the geometry has the beam. */
class Plane {
  readonly pixelM: number;
  readonly counts: Counts;
  readonly longer: number;
  /** Pixels of each place, one place after the other. */
  readonly #index: Int32Array;
  readonly #place: Int32Array;
  /** Pixels near the beam. */
  readonly #near: { readonly index: Int32Array; readonly x: Float64Array; readonly y: Float64Array };
  readonly #detector: Detector;
  readonly #largest: number;

  constructor(detector: Detector, beam: Beam) {
    const { geometry, width, height, bad } = detector;
    const [first] = geometry.panels;
    this.#detector = detector;
    this.pixelM = 1 / (first?.resolution ?? 1);
    this.#largest = Math.min(...geometry.panels.map(({ maximum = Number.POSITIVE_INFINITY }) => maximum));
    const pixels = width * height;
    const [x, y] = [new Float64Array(pixels).fill(Number.NaN), new Float64Array(pixels)];
    const placing = { beam, away: meanDistance(geometry, beam), pixelM: this.pixelM };
    for (const panel of geometry.panels) placePanel(panel, placing, width, { x, y });
    let [minX, maxX, minY, maxY] = [
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ];
    const index: number[] = [];
    const near: number[] = [];
    for (let i = 0; i < pixels; i++) {
      const [u, v] = [x[i] as number, y[i] as number];
      if (bad[i] || !(u * u + v * v >= 0)) continue;
      index.push(i);
      if (u * u + v * v < direct.near ** 2) near.push(i);
      minX = Math.min(minX, u);
      maxX = Math.max(maxX, u);
      minY = Math.min(minY, v);
      maxY = Math.max(maxY, v);
    }
    this.longer = Math.max(maxX - minX, maxY - minY, 1);
    const size = Math.max(1, this.longer / placesAlong);
    const columns = 1 + Math.floor((maxX - minX) / size);
    const places = columns * (1 + Math.floor((maxY - minY) / size));
    this.#index = Int32Array.from(index);
    this.#place = Int32Array.from(
      index,
      (i) => Math.floor(((y[i] as number) - minY) / size) * columns + Math.floor(((x[i] as number) - minX) / size),
    );
    const sums = { x: new Float64Array(places), y: new Float64Array(places), n: new Float64Array(places) };
    for (const [n, i] of index.entries()) {
      const place = this.#place[n] as number;
      sums.x[place] = (sums.x[place] as number) + (x[i] as number);
      sums.y[place] = (sums.y[place] as number) + (y[i] as number);
      sums.n[place] = (sums.n[place] as number) + 1;
    }
    const mean = (all: Float64Array): Float64Array => all.map((sum, place) => sum / ((sums.n[place] as number) || 1));
    this.counts = {
      columns,
      x: mean(sums.x),
      y: mean(sums.y),
      pixels: new Float64Array(places),
      sums: new Float64Array(places),
    };
    this.#near = {
      index: Int32Array.from(near),
      x: Float64Array.from(near, (i) => x[i] as number),
      y: Float64Array.from(near, (i) => y[i] as number),
    };
  }

  #fill(frame: Frame): void {
    const [least, most] = this.#detector.validRange;
    const { pixels, sums } = this.counts;
    pixels.fill(0);
    sums.fill(0);
    for (let n = 0; n < this.#index.length; n++) {
      const value = frame[this.#index[n] as number] as number;
      if (!(value >= least && value <= most)) continue;
      const place = this.#place[n] as number;
      pixels[place] = (pixels[place] as number) + 1;
      sums[place] = (sums[place] as number) + value;
    }
  }

  background(frame: Frame): Centre | undefined {
    this.#fill(frame);
    const half = this.longer / 2;
    const { from, to, floor } = background;
    const fit = {
      start: [0, 0] as const,
      from,
      to: to * half,
      ring: Math.max(1, half / ringsAlong),
      isBackground: true,
      floor,
    };
    const centre = radialCentre(this.counts, fit);
    return centre && Math.max(...centre.error) < mostError ? centre : undefined;
  }

  /** The unblocked beam, whose core may be saturated. */
  direct(frame: Frame): Centre | undefined {
    const { index, x, y } = this.#near;
    if (index.length < Math.PI * direct.around[0] ** 2) return undefined;
    const [, mostValid] = this.#detector.validRange;
    const most = Math.min(mostValid, this.#largest);
    const [values, ring] = [new Float64Array(index.length), [] as number[]];
    for (let i = 0; i < index.length; i++) {
      values[i] = frame[index[i] as number] as number;
      const r = Math.hypot(x[i] as number, y[i] as number);
      if (r > direct.around[0] && (values[i] as number) <= most) ring.push(values[i] as number);
    }
    const level = ring.sort((p, q) => p - q)[ring.length >> 1] ?? 0;
    const highest = values.reduce((all, value) => Math.max(all, Math.min(value, most)), 0);
    if (highest < Math.max(bright.counts, bright.times * level)) return undefined;
    let [n, u, v] = [0, 0, 0];
    for (let i = 0; i < index.length; i++) {
      if (!((values[i] as number) > bright.part * highest)) continue;
      n++;
      u += x[i] as number;
      v += y[i] as number;
    }
    const start: [number, number] = [u / n, v / n];
    const pixels = values.map((value) => (value >= 0 && value < most ? 1 : 0));
    const sums = values.map((value, i) => (pixels[i] ? value : 0));
    const { to, ring: width, floor } = direct;
    return radialCentre(
      { columns: index.length, x, y, pixels, sums },
      { start, from: 0, to, ring: width, isBackground: false, floor },
    );
  }
}

interface Placing {
  readonly beam: Beam;
  readonly away: number;
  readonly pixelM: number;
}

/** Places in the plane, in pixels from the beam. */
interface Places {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Writes where a place of a panel is in the plane. */
function placeAt(
  { corner, fs, ss }: PlacedPanel,
  { beam, away, pixelM }: Placing,
  f: number,
  s: number,
  { x, y }: Places,
  at: number,
): void {
  const scale = away / (beam.distanceM + corner[2] + f * fs[2] + s * ss[2]) / pixelM;
  x[at] = scale * (corner[0] + f * fs[0] + s * ss[0] + beam.shiftM[0]);
  y[at] = scale * (corner[1] + f * fs[1] + s * ss[1] + beam.shiftM[1]);
}

/** Writes where the pixels of a panel are, in rows of `width`. */
function placePanel(panel: Panel, placing: Placing, width: number, places: Places): void {
  const own = placed(panel);
  const { minFs, maxFs, minSs, maxSs } = panel;
  for (let row = minSs; row <= maxSs; row++)
    for (let column = minFs; column <= maxFs; column++) {
      const at = row * width + column;
      placeAt(own, placing, column - minFs + 0.5, row - minSs + 0.5, places, at);
    }
}

/** Finds the centre of frames of a detector. */
export class FrameCentres {
  readonly #detector: Detector;
  #plane: Plane | undefined;
  #of: Beam | undefined;

  constructor(detector: Detector) {
    this.#detector = detector;
  }

  #planeOf(beam: Beam): Plane {
    const same =
      this.#of && beam.distanceM === this.#of.distanceM && beam.shiftM.every((x, i) => x === this.#of?.shiftM[i]);
    if (!this.#plane || !same) [this.#plane, this.#of] = [new Plane(this.#detector, beam), beam];
    return this.#plane;
  }

  /** The centre of a frame with these peaks; undefined if nothing tells it, or two of them contradict each other. */
  find(frame: Frame, peaks: PeakList, beam: Beam, how: 'auto' | CentreOfFrame): FrameCentre | undefined {
    const plane = this.#planeOf(beam);
    const said = (by: CentreOfFrame, centre: Centre | undefined): FrameCentre | undefined =>
      centre && {
        by,
        offM: [centre.at[0] * plane.pixelM, centre.at[1] * plane.pixelM],
        errorM: [centre.error[0] * plane.pixelM, centre.error[1] * plane.pixelM],
      };
    const pairs = (): Centre | undefined => this.#pairs(peaks, beam, plane.pixelM);
    if (how === 'direct') return said(how, plane.direct(frame));
    if (how === 'background') return said(how, plane.background(frame));
    if (how === 'pairs') return said(how, pairs());
    const beamItself = plane.direct(frame);
    if (beamItself) return said('direct', beamItself);
    const [around, half] = [plane.background(frame), pairs()];
    if (around && half && squareOf(around, half) > contradiction) return undefined;
    if (around) return said('background', around);
    return half && squareOf(half) > beyond ? said('pairs', half) : undefined;
  }

  #pairs({ count, fs, ss, panel }: PeakList, beam: Beam, pixelM: number): Centre | undefined {
    const { geometry } = this.#detector;
    const placing = { beam, away: meanDistance(geometry, beam), pixelM };
    const places = { x: new Float64Array(count), y: new Float64Array(count) };
    for (let i = 0; i < count; i++) {
      const one = geometry.panels[panel[i] as number];
      // Peaks count from the corner of the frame.
      if (one) placeAt(placed(one), placing, (fs[i] as number) - one.minFs, (ss[i] as number) - one.minSs, places, i);
    }
    return pairsCentre(places.x, places.y);
  }
}

/** The square of the distance of two centres, or of one from the geometry's, in errors. */
const squareOf = (centre: Centre, other: Centre = { at: [0, 0], error: [0, 0] }): number =>
  [0, 1].reduce((sum, i) => {
    const k = i as 0 | 1;
    return sum + (centre.at[k] - other.at[k]) ** 2 / (centre.error[k] ** 2 + other.error[k] ** 2);
  }, 0);
