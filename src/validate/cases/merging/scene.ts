/** Streams of simulated stills for the rows of merging: text, and the same numbers for the oracle. */
import { Random } from '../../../compute/random/random.js';
import { type Cell, dot } from '../../../crystal/cell.js';
import { rotateRandomly } from '../../../simulate/spots.js';
import { nodeOf } from '../../oracle/indexing/lattices.js';
import type { OracleCrystal, OracleObservation } from '../../oracle/merging/merge.js';

/** What a stream holds. */
export interface Scene {
  readonly crystals: number;
  readonly symmetry: 'mmm' | '4/mmm';
  /** Smallest d, angstrom. */
  readonly dMin: number;
  /** Relative standard deviation of the spectrum. */
  readonly bandwidth: number;
}

/** A stream, and what is in it. */
export interface MergeScene {
  readonly text: string;
  readonly crystals: readonly OracleCrystal[];
}

const wavelength = 1.3;
const axes: Cell = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const lengths = { mmm: [24, 29, 34], '4/mmm': [26, 26, 33] } as const;

/** One string for all reflections that are equal under the point group. */
export function uniqueOf(symmetry: Scene['symmetry'], [h, k, l]: readonly [number, number, number]): string {
  const [a, b, c] = [Math.abs(h), Math.abs(k), Math.abs(l)];
  return symmetry === '4/mmm' && b > a ? `${b},${a},${c}` : `${a},${b},${c}`;
}

/** Simulates a stream: Wilson's intensities, Gaussian partialities, counts on a background. */
export function sceneOf(seed: number, { crystals, symmetry, dMin, bandwidth }: Scene): MergeScene {
  const cell = lengths[symmetry];
  const truths = new Map<string, number>();
  const truth = (unique: string): number => {
    const known = truths.get(unique) ?? -500 * Math.log(new Random(seed, 2 ** 20 + truths.size).uniform());
    truths.set(unique, known);
    return known;
  };
  const lines = ['CrystFEL stream format 2.3'];
  const made: OracleCrystal[] = [];
  const [maxH, maxK, maxL] = cell.map((length) => Math.floor(length / dMin)) as [number, number, number];
  for (let c = 0; c < crystals; c++) {
    const random = new Random(seed, c);
    // The crystal is defined by the digits of the stream: the oracle reads the same ones.
    const nm = rotateRandomly(axes, random).map((row, i) =>
      row.map((x) => Number(((10 * x) / (cell[i] as number)).toFixed(7))),
    );
    const rows = nm.map((row) => row.map((x) => x / 10)) as unknown as Cell;
    const [lnG, b, radius] = [0.5 * random.normal(), 4 * random.normal(), 1e-3 * Math.exp(0.15 * random.normal())];
    const observations: OracleObservation[] = [];
    for (let h = -maxH; h <= maxH; h++)
      for (let k = -maxK; k <= maxK; k++)
        for (let l = -maxL; l <= maxL; l++) {
          const g = nodeOf(rows, [h, k, l]);
          const q2 = dot(g, g);
          if (q2 === 0 || q2 > 1 / dMin ** 2) continue;
          const error = Math.hypot(g[0], g[1], g[2] + 1 / wavelength) - 1 / wavelength;
          const share = Math.exp(-(error ** 2) / (2 * radius ** 2));
          if (share < 0.05) continue;
          const unique = uniqueOf(symmetry, [h, k, l]);
          const mean = truth(unique) * share * Math.exp(lnG - (b * q2) / 2);
          const observed = mean + Math.sqrt(mean + 40) * random.normal();
          const [intensity, sigma] = [observed, Math.sqrt(Math.max(observed, 0) + 40)].map((x) =>
            Math.fround(Number(x.toFixed(2))),
          ) as [number, number];
          observations.push({ indices: [h, k, l], unique, intensity, sigma });
        }
    made.push({
      rows,
      // As a reader of the stream computes it.
      wavelength: planckTimesLight / Number((planckTimesLight / wavelength).toFixed(6)),
      bandwidth,
      observations,
    });
    lines.push(
      '----- Begin chunk -----',
      'Image filename: scene.h5',
      `Event: //${c}`,
      `photon_energy_eV = ${(planckTimesLight / wavelength).toFixed(6)}`,
      `beam_bandwidth = ${bandwidth}`,
      '--- Begin crystal',
      `Cell parameters ${cell.map((x) => (x / 10).toFixed(5)).join(' ')} nm, 90.00000 90.00000 90.00000 deg`,
      ...nm.map((row, i) => `${'abc'[i]}star = ${row.map((x) => x.toFixed(7)).join(' ')} nm^-1`),
      'Reflections measured after indexing',
      '   h    k    l          I   sigma(I)       peak background  fs/px  ss/px panel',
      ...observations.map(
        ({ indices, intensity, sigma }) =>
          `${indices.join(' ')} ${intensity.toFixed(2)} ${sigma.toFixed(2)} 9.00 1.00 100.0 200.0 p0`,
      ),
      'End of reflections',
      '--- End crystal',
      '----- End chunk -----',
    );
  }
  return { text: `${lines.join('\n')}\n`, crystals: made };
}

/** h c in eV angstrom. */
const planckTimesLight = 12398.419843320025;
