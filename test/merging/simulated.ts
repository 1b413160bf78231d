/** Streams of simulated stills with known truth, small enough for a test, as text in the format of indexamajig. */

import { Random } from '../../src/compute/random/random.js';
import {
  anglesOf,
  type Cell,
  cellFromParameters,
  combine,
  lengthsOf,
  reciprocal,
  type Vector,
} from '../../src/crystal/cell.js';
import { type Centring, isAbsent } from '../../src/crystal/centring.js';
import { marks } from '../../src/crystal/stream/stream.js';
import { type Indices, representative, transformed } from '../../src/crystal/symmetry/asymmetric-unit.js';
import { generateGroup, operationOf } from '../../src/crystal/symmetry/matrices.js';
import { pointGroup } from '../../src/crystal/symmetry/point-group.js';

export interface Simulation {
  readonly crystals: number;
  readonly symmetry: string;
  /** Operations that generate a group without a name instead, such as `k,h,-l`. */
  readonly generators?: readonly string[];
  readonly parameters: readonly [number, number, number, number, number, number];
  readonly seed?: number;
  /** Standard deviations of ln G, of B in Å², of ln r. */
  readonly spread?: readonly [number, number, number];
  /** Standard deviation of an independent factor for each observation. */
  readonly jitter?: number;
  /** B of all crystals in Å², by which intensities decrease with resolution. */
  readonly overallB?: number;
  /** Degree of polarisation: 1 horizontal, −1 vertical; if it is absent, intensities do not depend on the azimuth. */
  readonly polarised?: number;
  /** Centring; its absent reflections are not measured. The stream states it in its cell. Default: P. */
  readonly centring?: Centring;
  /** Share of its intensity that a reflection has; it must have the symmetry of the group. Default: 1. */
  readonly factor?: (indices: Indices) => number;
  /** Each crystal is indexed by one of these at random. */
  readonly ways?: readonly string[];
  /**
   * Standard deviation of the lengths (relative) and angles (radians) of stated cells, which are then those of the way:
   * a and b are exchanged for `k,h,-l`. Without it all crystals state the cell.
   */
  readonly cellError?: number;
  /** The known cell of the run, by which the axes of every crystal are named. Default: none are. */
  readonly named?: readonly number[];
  /** Square panels, this many along an edge and this many pixels wide. Default: all is at one place of p0. */
  readonly panels?: readonly [across: number, size: number];
  /** What a panel makes of the counts of a reflection, from its number and theirs; default: the same. */
  readonly recorded?: (panel: number, counts: number, fs: number, ss: number) => number;
}

export interface SimulatedCrystal {
  readonly lnScale: number;
  readonly relativeB: number;
  readonly radius: number;
  readonly way: number;
}

export interface SimulatedStream {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly crystals: readonly SimulatedCrystal[];
  /** True intensity of a reflection. */
  readonly truth: (indices: Indices) => number;
}

const wavelength = 1.3;
const dMin = 2.5;

/** The rows of a random rotation (Shoemake's quaternions). */
function rotation(random: Random): (v: Vector) => [number, number, number] {
  const [u, v, w] = [random.uniform(), 2 * Math.PI * random.uniform(), 2 * Math.PI * random.uniform()];
  const [a, b] = [Math.sqrt(1 - u), Math.sqrt(u)];
  const [x, y, z, s] = [a * Math.sin(v), a * Math.cos(v), b * Math.sin(w), b * Math.cos(w)];
  return ([p, q, r]) => [
    (1 - 2 * (y * y + z * z)) * p + 2 * (x * y - z * s) * q + 2 * (x * z + y * s) * r,
    2 * (x * y + z * s) * p + (1 - 2 * (x * x + z * z)) * q + 2 * (y * z - x * s) * r,
    2 * (x * z - y * s) * p + 2 * (y * z + x * s) * q + (1 - 2 * (x * x + y * y)) * r,
  ];
}

/** Where a reflection is on a detector of square panels, which reaches to `dMin`. */
function placeOf([x, y, z]: Vector, panels: readonly [number, number] | undefined) {
  if (!panels) return { panel: 0, fs: 100, ss: 200 };
  const [across, size] = panels;
  const to = across * size;
  const edge = Math.tan(2 * Math.asin(wavelength / 2 / dMin));
  const [fs, ss] = [x, y].map((one) =>
    Math.max(0, Math.min(to - 1e-3, (to / 2) * (1 + one / (z + 1 / wavelength) / edge))),
  ) as [number, number];
  return { panel: Math.floor(ss / size) * across + Math.floor(fs / size), fs: fs % size, ss: ss % size };
}

/** Simulates a stream: Gaussian partialities, counting noise over a background of 40 counts for each reflection. */
export function simulateStream(simulation: Simulation): SimulatedStream {
  const {
    crystals,
    symmetry,
    generators,
    parameters,
    seed = 1,
    spread = [0.5, 4, 0.15],
    jitter = 0,
    overallB = 0,
    polarised,
    centring = 'P',
    factor = () => 1,
    ways = ['h,k,l'],
    cellError,
    named,
    panels,
    recorded = (_, counts) => counts,
  } = simulation;
  const ofName = pointGroup(symmetry);
  const group = generators ? { ...ofName, operations: generateGroup(generators.map(operationOf)) } : ofName;
  const truths = new Map<string, number>();
  const truth = (indices: Indices): number => {
    const own = representative(indices, group);
    const key = own.join();
    let value = truths.get(key);
    if (value === undefined) {
      // Wilson's distribution of acentric intensities, from a separate stream of random numbers.
      value = -400 * factor(own) * Math.log(new Random(seed, 1e6 + truths.size).uniform());
      truths.set(key, value);
    }
    return value;
  };
  const cell: Cell = cellFromParameters(...parameters);
  const stars = reciprocal(cell);
  const most = parameters.slice(0, 3).map((length) => Math.floor(length / dMin)) as [number, number, number];
  // Generated in a fixed order, so that the truth does not depend on what is observed.
  const all: [number, number, number][] = [];
  for (let h = -most[0]; h <= most[0]; h++)
    for (let k = -most[1]; k <= most[1]; k++)
      for (let l = -most[2]; l <= most[2]; l++)
        if ((h !== 0 || k !== 0 || l !== 0) && !isAbsent(centring, h, k, l)) {
          truth([h, k, l]);
          all.push([h, k, l]);
        }
  const made: SimulatedCrystal[] = [];
  const lines = ['CrystFEL stream format 2.3', 'Generated by a simulation', ''];
  const known = [
    ...(centring === 'P' ? [] : [`centering = ${centring}`]),
    ...(named ?? []).map((x, i) => `${['a', 'b', 'c', 'al', 'be', 'ga'][i]} = ${x} ${i < 3 ? 'A' : 'deg'}`),
  ];
  if (panels)
    lines.push(
      '----- Begin geometry file -----',
      ...Array.from({ length: panels[0] ** 2 }, (_, i) =>
        ['min_fs', 'min_ss', 'max_fs', 'max_ss'].map(
          (edge) => `p${i}/${edge} = ${edge.startsWith('min') ? 0 : panels[1] - 1}`,
        ),
      ).flat(),
      '----- End geometry file -----',
    );
  if (known.length > 0) lines.push('----- Begin unit cell -----', ...known, '----- End unit cell -----');
  for (let c = 0; c < crystals; c++) {
    const random = new Random(seed, c);
    const turn = rotation(random);
    const crystal: SimulatedCrystal = {
      lnScale: spread[0] * random.normal(),
      relativeB: spread[1] * random.normal(),
      radius: 1e-3 * Math.exp(spread[2] * random.normal()),
      way: random.below(ways.length),
    };
    made.push(crystal);
    const operation = operationOf(ways[crystal.way] ?? 'h,k,l');
    const ownStars = cellError === undefined ? stars : combine(operation, stars);
    const rows = ownStars.map((row) => turn(row)) as unknown as Cell;
    const own = cellError === undefined ? cell : reciprocal(ownStars);
    const stated = [...lengthsOf(own), ...anglesOf(own)].map((x, i) => {
      const error = cellError === undefined ? 0 : cellError * random.normal();
      return i < 3 ? x * (1 + error) : x + (error * 180) / Math.PI;
    });
    const found: string[] = [];
    for (const indices of all) {
      const g = [0, 1, 2].map((x) =>
        [0, 1, 2].reduce((sum, i) => sum + (indices[i] ?? 0) * (rows[i]?.[x] ?? 0), 0),
      ) as [number, number, number];
      const q2 = g[0] ** 2 + g[1] ** 2 + g[2] ** 2;
      if (q2 > 1 / dMin ** 2) continue;
      const error = Math.hypot(g[0], g[1], g[2] + 1 / wavelength) - 1 / wavelength;
      const p = Math.exp((-error * error) / (2 * crystal.radius ** 2));
      if (p < 0.05) continue;
      // With indexing way w, reflection h corresponds to the transformed reflection in the truth.
      const [x2, y2] = [g[0] ** 2 * wavelength ** 2, g[1] ** 2 * wavelength ** 2];
      const kept = polarised === undefined ? 1 : 1 - (x2 + y2) / 2 - (polarised * (x2 - y2)) / 2;
      const mean =
        truth(transformed(indices, operation)) *
        p *
        kept *
        Math.exp(
          crystal.lnScale - ((crystal.relativeB + overallB) * q2) / 2 + (jitter > 0 ? jitter * random.normal() : 0),
        );
      const place = placeOf(g, panels);
      const observed = recorded(place.panel, mean + Math.sqrt(mean + 40) * random.normal(), place.fs, place.ss);
      const sigma = Math.sqrt(Math.max(observed, 0) + 40);
      found.push(
        `${indices.map((x) => String(x).padStart(4)).join(' ')} ${observed.toFixed(2).padStart(10)} ${sigma.toFixed(2).padStart(10)}       9.00       1.00 ${place.fs.toFixed(1).padStart(6)} ${place.ss.toFixed(1).padStart(6)} p${place.panel}`,
      );
    }
    lines.push(
      '----- Begin chunk -----',
      'Image filename: simulated.h5',
      `Event: //${c}`,
      `Image serial number: ${c + 1}`,
      `photon_energy_eV = ${(12398.41984332003 / wavelength).toFixed(6)}`,
      '--- Begin crystal',
      `Cell parameters ${stated
        .slice(0, 3)
        .map((x) => (x / 10).toFixed(5))
        .join(' ')} nm, ${stated
        .slice(3)
        .map((x) => x.toFixed(5))
        .join(' ')} deg`,
      ...(named ? [`${marks.namedAxes}named`] : []),
      ...rows.map((row, i) => `${'abc'[i]}star = ${row.map((x) => (10 * x).toFixed(7)).join(' ')} nm^-1`),
      'Reflections measured after indexing',
      '   h    k    l          I   sigma(I)       peak background  fs/px  ss/px panel',
      ...found,
      'End of reflections',
      '--- End crystal',
      '----- End chunk -----',
    );
  }
  const text = `${lines.join('\n')}\n`;
  return { text, bytes: new TextEncoder().encode(text), crystals: made, truth };
}
