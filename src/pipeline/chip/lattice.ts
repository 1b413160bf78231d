/** Rows and columns from the positions of images: the nearest node of the steps that most of them keep. */
import type { Lattice, LatticeAxis } from './nodes.js';
import { turnedLattice } from './turned-lattice.js';

/** Positions deviate from their nodes by at most this share of a step, rms. */
const maxDeviation = 0.15;
/** A step is at least this many times the scatter of positions that are meant to be equal. */
const minJump = 3;
/** Nodes may outnumber the images by this factor: a chip of which only a part is scanned. */
const maxSparse = 64;
/** Fewest images that tell the angle of a chip. */
const fewestTurned = 9;

/** The nodes of positions. Positions that lie on none get cells about as large as the space that an image has. */
export function latticeOf(x: Float64Array, y: Float64Array): Lattice {
  let [ofX, ofY] = [axisOf(x), axisOf(y)];
  // A single row or column, whose scatter is no steps.
  const isLine = (axis: LatticeAxis | undefined, values: Float64Array): boolean => {
    const { low, high } = rangeOf(values);
    return axis !== undefined && axis.count > 1 && high - low < axis.step / 2;
  };
  if (isLine(ofX, y)) ofY = { from: rangeOf(y).low, step: (ofX as LatticeAxis).step, count: 1 };
  else if (isLine(ofY, x)) ofX = { from: rangeOf(x).low, step: (ofY as LatticeAxis).step, count: 1 };
  if (ofX && ofY && ofX.count * ofY.count <= maxSparse * Math.max(64, x.length))
    return { x: ofX, y: ofY, isExact: true };
  const [rangeX, rangeY] = [rangeOf(x), rangeOf(y)];
  const spans = [rangeX.high - rangeX.low, rangeY.high - rangeY.low].map((span) => span || 1) as [number, number];
  const side = Math.sqrt((spans[0] * spans[1]) / Math.max(1, x.length)) || 1;
  const turned = x.length >= fewestTurned ? turnedLattice(x, y, side, Math.hypot(...spans)) : undefined;
  if (turned && turned.x.count * turned.y.count <= maxSparse * Math.max(64, x.length)) return turned;
  const cells = (low: number, span: number) => ({
    from: low,
    step: Math.max(side, span / 4000),
    count: Math.max(1, Math.ceil(span / Math.max(side, span / 4000)) + 1),
  });
  return { x: cells(rangeX.low, spans[0]), y: cells(rangeY.low, spans[1]), isExact: false };
}

function rangeOf(values: Float64Array): { readonly low: number; readonly high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return values.length > 0 ? { low, high } : { low: 0, high: 0 };
}

/** Equal steps on which values lie; undefined if they do not. */
function axisOf(values: Float64Array): LatticeAxis | undefined {
  const sorted = values.slice().sort();
  const [from = 0] = sorted;
  const span = (sorted.at(-1) ?? 0) - from;
  const gaps = new Float64Array(Math.max(0, sorted.length - 1));
  for (let i = 0; i < gaps.length; i++) gaps[i] = (sorted[i + 1] as number) - (sorted[i] as number);
  const wide = gaps.filter((gap) => gap > 1e-9 * span).sort();
  if (wide.length === 0) return { from, step: 1, count: 1 };
  // Gaps above a jump are steps, or several of them where columns are missing; those below it are scatter. The widest
  // gaps may themselves be a jump above single steps, so that the next one is tried.
  for (let i = wide.length - 1; i >= 0; i--) {
    const isJump = i === 0 || (wide[i] as number) > minJump * (wide[i - 1] as number);
    const axis = isJump ? fitted(placesOf(sorted, gaps, wide[i] as number), values) : undefined;
    if (axis) return axis;
  }
  return undefined;
}

/** Means of values that no gap of at least this size divides. */
function placesOf(sorted: Float64Array, gaps: Float64Array, least: number): number[] {
  const places: number[] = [];
  let [sum, count] = [0, 0];
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i] as number;
    count++;
    if (i < gaps.length && (gaps[i] as number) < least) continue;
    places.push(sum / count);
    [sum, count] = [0, 0];
  }
  return places;
}

/** The line through the places of the nodes, if the values lie on it. */
function fitted(places: readonly number[], values: Float64Array): LatticeAxis | undefined {
  const steps = Float64Array.from(places.slice(1), (place, i) => place - (places[i] as number)).sort();
  const step = steps[steps.length >> 1] as number;
  let [n, si, sii, sp, sip, index] = [0, 0, 0, 0, 0, 0];
  for (const [k, place] of places.entries()) {
    // From place to place, so that a step that is slightly wrong does not add up.
    index += k === 0 ? 0 : Math.max(1, Math.round((place - (places[k - 1] as number)) / step));
    n++;
    si += index;
    sii += index * index;
    sp += place;
    sip += index * place;
  }
  const slope = (n * sip - si * sp) / (n * sii - si * si);
  const from = (sp - slope * si) / n;
  if (!(slope > 0)) return undefined;
  let squares = 0;
  for (const value of values) {
    const off = (value - from) / slope;
    squares += (off - Math.round(off)) ** 2;
  }
  return Math.sqrt(squares / values.length) > maxDeviation ? undefined : { from, step: slope, count: index + 1 };
}
