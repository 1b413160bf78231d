/**
 * Scales of places on the detector: panels, or squares of large ones, whose observations are all too weak or too strong
 * against the merge, or whose strongest ones are too weak, as a module of another gain and one that is clipped. The merge
 * gives their observations a small weight, and the statistics of all observations hide them.
 */

import { noPlace, type PanelRegion } from '../collection/places.js';
import { type Identified, maxReflections, weightOf } from './accumulate.js';
import type { Merge } from './merges.js';
import { baseVariance, Excitation, lnFactor, parameterCount, rotationX, rotationY } from './model.js';

/** Intensity of a place against that of the other places at the same resolution; `error` is its standard error, as crystals scatter. */
export interface RelativeScale {
  readonly scale: number;
  readonly error: number;
  /** Observations that were compared with the merge of all others, and crystals that they are of. */
  readonly observations: number;
  readonly crystals: number;
}

/** What the observations of a place tell of it: all of them, and those that are expected to be strong. */
export interface PlaceScale extends PanelRegion {
  readonly all: RelativeScale;
  readonly strong: RelativeScale;
}

/** Observations at most that are compared; a sample of the crystals of a larger merge tells as much. */
const mostCompared = 2 ** 18;
/** Shells of resolution, of equal volume. */
const shells = 10;
/** Part of the observations, those expected to be highest, that is strong. */
const strongPart = 0.1;
/** Least part of the information on a reflection that others must have, and greatest multiple of what is expected that counts. */
const [leastOthers, mostOfExpected] = [0.3, 10];
/** Fewest crystals and observations that judge a place, and the factor and the errors by which it is far off. */
const least = { crystals: 8, observations: 40 };
// In 200 right merges of 20 to 120 crystals, 4 of 3300 places were off by 6 to 6.6 errors: few strong reflections decide.
const [farOff, errors] = [4 / 3, 8];
/** Greatest number of places that are no measure of the others. */
const mostApart = 16;
/**
 * Fewest measurements of a reflection that are compared without partialities: means of fewer are high where a reflection
 * happened to be whole, which is what makes them strong. One of 400 right merges of such models was accused without this.
 */
const fewestWhole = 6;
/** Squared error of an intensity without partialities, as part of it. */
const ofPlainMean = 0.5;

/** Observations that others have measured as well, as columns. */
interface Compared {
  count: number;
  readonly place: Uint16Array;
  readonly crystal: Uint32Array;
  /** 1/d². */
  readonly q2: Float32Array;
  readonly weight: Float32Array;
  readonly observed: Float32Array;
  readonly expected: Float32Array;
}

/** Compares the observations of the selected crystals with the merge of all other crystals. */
function compared(data: Identified, merge: Merge, part: Uint8Array): Compared {
  const { observations, ids, noise } = data;
  const { offsets, intensity, sigma, places, crystals } = observations;
  const { fit, parameters, information } = merge;
  const proportional2 = fit?.proportional2 ?? ofPlainMean;
  const excitation = new Excitation(maxReflections(observations));
  const fewest = noise.partiality === 'none' ? fewestWhole : 2;
  const step = Math.max(1, Math.ceil(observations.count / mostCompared));
  let room = 0;
  for (let c = 0; c < crystals; c += step)
    if (part[c] === 1) room += (offsets[c + 1] as number) - (offsets[c] as number);
  const out: Compared = {
    count: 0,
    place: new Uint16Array(room),
    crystal: new Uint32Array(room),
    q2: new Float32Array(room),
    weight: new Float32Array(room),
    observed: new Float32Array(room),
    expected: new Float32Array(room),
  };
  for (let c = 0; c < crystals; c += step) {
    if (part[c] !== 1) continue;
    const at = parameterCount * c;
    excitation.of(observations, c, parameters[at + rotationX] as number, parameters[at + rotationY] as number);
    const first = offsets[c] as number;
    for (let i = first; i < (offsets[c + 1] as number); i++) {
      const [place, id] = [places[i] as number, ids[i] as number];
      if (place === noPlace || (merge.counts[id] as number) < fewest) continue;
      const [x, s, all] = [intensity[i] as number, sigma[i] as number, information[id] as number];
      const mean = merge.intensity[id] as number;
      const g = fit ? Math.exp(lnFactor(noise.partiality, parameters, at, excitation, i - first)) : 1;
      const weight = fit ? weightOf(x, s, g * mean, proportional2, noise.gain) * (fit.weights[c] as number) : 1;
      const others = all - weight * g * g;
      if (!(others > leastOthers * all)) continue;
      const expected = (g * (mean * all - weight * g * x)) / others;
      if (!(expected > 0)) continue;
      const n = out.count++;
      out.place[n] = place;
      out.crystal[n] = c;
      out.q2[n] = excitation.q2[i - first] as number;
      out.weight[n] =
        expected / (baseVariance(x, s, noise.gain) + noise.gain * expected + proportional2 * expected * expected);
      out.observed[n] = Math.min(x, mostOfExpected * expected);
      out.expected[n] = expected;
    }
  }
  if (!fit) toOwnScale(out);
  return out;
}

/** Multiplies what is expected of a crystal by its scale, which a plain mean has not fitted. */
function toOwnScale({ count, crystal, weight, observed, expected }: Compared): void {
  for (let first = 0, end = 0; first < count; first = end) {
    let [sum, of] = [0, 0];
    for (; end < count && crystal[end] === crystal[first]; end++) {
      sum += (weight[end] as number) * (observed[end] as number);
      of += (weight[end] as number) * (expected[end] as number);
    }
    const scale = Math.max(sum / of, 0) || 1;
    for (let i = first; i < end; i++) expected[i] = (expected[i] as number) * scale;
  }
}

/** Sums of the places by class of observations: of what is observed and of what is expected, each times its weight. */
interface ClassSums {
  readonly places: number;
  readonly classes: number;
  /** The class of an observation, -1 for none. */
  readonly classOf: Int8Array;
  readonly observed: Float64Array;
  readonly expected: Float64Array;
  readonly numbers: Float64Array;
}

const plus = (column: Float64Array, at: number, value: number): void => {
  column[at] = (column[at] as number) + value;
};

function classSums(found: Compared, places: number, classes: number, classOf: Int8Array): ClassSums {
  const cells = places * classes;
  const [observed, expected] = [new Float64Array(cells), new Float64Array(cells)];
  const numbers = new Float64Array(places);
  for (let i = 0; i < found.count; i++) {
    const one = classOf[i] as number;
    if (one < 0) continue;
    const [place, weight] = [found.place[i] as number, found.weight[i] as number];
    plus(observed, place * classes + one, weight * (found.observed[i] as number));
    plus(expected, place * classes + one, weight * (found.expected[i] as number));
    plus(numbers, place, 1);
  }
  return { places, classes, classOf, observed, expected, numbers };
}

/** What the other places but those apart have of what is expected, by place and class; NaN where none has any. */
function usualOf({ places, classes, observed, expected }: ClassSums, apart: ReadonlySet<number>): Float64Array {
  const [all, of] = [new Float64Array(classes), new Float64Array(classes)];
  const isApart = (at: number): boolean => apart.has(Math.floor(at / classes));
  for (let at = 0; at < places * classes; at++) {
    if (isApart(at)) continue;
    plus(all, at % classes, observed[at] as number);
    plus(of, at % classes, expected[at] as number);
  }
  return observed.map((own, at) => {
    const one = at % classes;
    const [sum, sumOf] = [all[one] as number, of[one] as number];
    const ratio = isApart(at) ? sum / sumOf : (sum - own) / (sumOf - (expected[at] as number));
    return ratio > 0 && Number.isFinite(ratio) ? ratio : Number.NaN;
  });
}

/** The scale of each place against the others, but for those apart. */
function scalesOf(found: Compared, sums: ClassSums, apart: ReadonlySet<number>): RelativeScale[] {
  const { places, classes, classOf } = sums;
  const usual = usualOf(sums, apart);
  const [known, measured] = [new Float64Array(places), new Float64Array(places)];
  for (const [at, ratio] of usual.entries()) {
    if (Number.isNaN(ratio)) continue;
    plus(known, Math.floor(at / classes), (sums.expected[at] as number) * ratio);
    plus(measured, Math.floor(at / classes), sums.observed[at] as number);
  }
  const scale = measured.map((own, place) => own / (known[place] as number));
  // Observations of a crystal are wrong together where its orientation is: errors are those of crystals.
  const [squares, crystals, own] = [0, 0, 0].map(() => new Float64Array(places)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const touched = new Set<number>();
  const { count, place, crystal, weight, observed, expected } = found;
  for (let i = 0; i <= count; i++) {
    if (i === count || (i > 0 && crystal[i] !== crystal[i - 1])) {
      for (const p of touched) {
        plus(squares, p, (own[p] as number) ** 2);
        plus(crystals, p, 1);
        own[p] = 0;
      }
      touched.clear();
    }
    const one = i < count ? (classOf[i] as number) : -1;
    const p = place[i] as number;
    const ratio = one < 0 ? Number.NaN : (usual[p * classes + one] as number);
    if (Number.isNaN(ratio)) continue;
    touched.add(p);
    const usualHere = (scale[p] as number) * ratio * (expected[i] as number);
    plus(own, p, (weight[i] as number) * ((observed[i] as number) - usualHere));
  }
  return Array.from(scale, (one, p) => ({
    scale: one,
    error: Math.sqrt(squares[p] as number) / (known[p] as number),
    observations: sums.numbers[p] as number,
    crystals: crystals[p] as number,
  }));
}

/** Whether a place is far off the others, by more than chance makes. */
export function isFarOff({ scale, error, observations, crystals }: RelativeScale): boolean {
  if (crystals < least.crystals || observations < least.observations) return false;
  return Math.abs(Math.log(Math.max(scale, 0))) > Math.log(farOff) && Math.abs(scale - 1) > errors * error;
}

/** The scale of each place among some of the observations; places that are far off are no measure of the others. */
function judged(found: Compared, places: number, classOf: Int8Array): RelativeScale[] {
  const sums = classSums(found, places, shells, classOf);
  const apart = new Set<number>();
  for (;;) {
    const scales = scalesOf(found, sums, apart);
    const off = ({ scale }: RelativeScale): number => Math.abs(Math.log(Math.max(scale, 1e-9)));
    const [worst] = [...scales.keys()]
      .filter((p) => !apart.has(p) && isFarOff(scales[p] as RelativeScale))
      .sort((a, b) => off(scales[b] as RelativeScale) - off(scales[a] as RelativeScale));
    if (worst === undefined || apart.size >= Math.min(mostApart, (places - 1) / 2)) return scales;
    apart.add(worst);
  }
}

/** The scales of all panels, and of the squares of large ones, of which the observations of a merge say where they were. */
export function placeScales(data: Identified, merge: Merge, part: Uint8Array): PlaceScale[] {
  const { placeList } = data.observations;
  if (placeList.length < 2) return [];
  const found = compared(data, merge, part);
  const { count, q2, expected } = found;
  // Without partialities, what is strong is so by chance.
  const isStrongKnown = data.noise.partiality !== 'none';
  const sorted = expected.slice(0, count).sort();
  const strong = (isStrongKnown && sorted[Math.floor((1 - strongPart) * count)]) || Number.POSITIVE_INFINITY;
  const highest = q2.subarray(0, count).reduce((most, one) => Math.max(most, one), 0);
  const shellOf = Int8Array.from({ length: count }, (_, i) =>
    Math.min(shells - 1, Math.floor(shells * ((q2[i] as number) / highest) ** 1.5)),
  );
  const ofStrong = shellOf.map((shell, i) => ((expected[i] as number) >= strong ? shell : -1));
  const scales = (column: Compared, places: readonly PanelRegion[]): PlaceScale[] => {
    const all = judged(column, places.length, shellOf);
    const strongest = judged(column, places.length, ofStrong);
    return places.map((place, p) => ({
      ...place,
      all: all[p] as RelativeScale,
      strong: strongest[p] as RelativeScale,
    }));
  };
  const names = [...new Set(placeList.map(({ panel }) => panel))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const panels = names.map((panel) => ({ panel, part: '' }));
  const numbers = Uint16Array.from(placeList, ({ panel }) => names.indexOf(panel));
  const ofPanels = { ...found, place: found.place.map((place) => numbers[place] as number) };
  return [
    ...(panels.length > 1 ? scales(ofPanels, panels) : []),
    ...(panels.length < placeList.length ? scales(found, placeList).filter(({ part }) => part !== '') : []),
  ];
}
