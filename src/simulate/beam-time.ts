/**
 * What happens during a beam time, in simulated frames: ice that comes and goes, a jet that stops, and a pump that is on
 * in every other frame. Each is told by the number of the frame, so that its truth is in the options.
 */
import type { Indices } from '../crystal/symmetry/asymmetric-unit.js';
import { EwaldError } from '../util/errors.js';
import { friedelUnique } from './friedel.js';

/** The options of it; see `frameSimulationRows`. */
export interface BeamTime {
  readonly iceFrames?: readonly number[] | undefined;
  readonly jetOff?: readonly number[] | undefined;
  readonly pump?: number | undefined;
}

/** A frame of it. */
export interface BeamTimeFrame {
  readonly hasIce: boolean;
  /** Share of the background that is there; without a jet there are no crystals either. */
  readonly jet: number;
  readonly isPumped: boolean;
}

/** Background without a jet, of 1. */
const withoutJet = 0.12;
/** The brightest rings of hexagonal ice, d in Å. */
const iceRings = [3.9, 3.67, 3.44, 2.67, 2.25, 2.07];
/** Brightness of the rings over the background, and their width, q = 2π/d in 1/Å. */
const [iceExcess, iceWidth] = [0.25, 0.012];
/** Side of the square in the first corner that the pump lights up, pixels, and its counts. */
const [lampPx, lampCounts] = [16, 60];

/** Checks pairs of frames, from and to. Throws `Argument`. */
export function checkRanges(name: string, all: readonly number[]): void {
  const isOrdered = all.every((at, i) => i === 0 || at >= (all[i - 1] as number));
  if (all.length % 2 === 0 && isOrdered) return;
  throw new EwaldError(
    'Argument',
    `simulateFrames: ${name} is ${all.join(',')}; expected pairs of frames in order, from and up to: 100,200,400,450`,
  );
}

const isIn = (ranges: readonly number[], frame: number): boolean =>
  ranges.some((from, i) => i % 2 === 0 && frame >= from && frame < (ranges[i + 1] as number));

export const beamTimeAt = ({ iceFrames = [], jetOff = [], pump }: BeamTime, frame: number): BeamTimeFrame => ({
  hasIce: isIn(iceFrames, frame),
  jet: isIn(jetOff, frame) ? withoutJet : 1,
  isPumped: pump !== undefined && frame % 2 === 1,
});

/** The excess of rings of ice in each pixel, of its background; `q` = 2π/d in 1/Å of a pixel. */
export function iceMap(width: number, height: number, q: (x: number, y: number) => number): Float32Array {
  const places = iceRings.map((d) => (2 * Math.PI) / d);
  return Float32Array.from({ length: width * height }, (_, i) => {
    const at = q((i % width) + 0.5, Math.floor(i / width) + 0.5);
    return iceExcess * places.reduce((sum, place) => sum + Math.exp(-((at - place) ** 2) / (2 * iceWidth ** 2)), 0);
  });
}

/** Lights the square of the pump up. */
export function lightLamp(expected: Float64Array, width: number): void {
  for (let y = 0; y < lampPx; y++) for (let x = 0; x < lampPx; x++) expected[y * width + x] = lampCounts;
}

/** By how much the pump changes a reflection and its Friedel mate: half of them become stronger, the others weaker. */
export function pumped(indices: Indices, relative: number): number {
  const [h, k, l] = friedelUnique(indices);
  const odd = (Math.imul(h, 73) + Math.imul(k, 179) + Math.imul(l, 283)) & 8;
  return 1 + (odd ? relative : -relative);
}
