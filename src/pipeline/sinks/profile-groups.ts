/**
 * Radial profiles of a run as groups of its HDF5 file: `azint` and `MX` as Jungfraujoch names them, and `azint1d` as a
 * subentry of the form NXazint1d. q is 2π/d in 1/Å, where the other groups of the file have 1/d.
 */

import type { WriteNode } from '../../hdf5/writer.js';
import { version } from '../../util/version.js';
import { whyNoIce } from '../profile/ice.js';
import { backgroundOf } from '../profile/profiler.js';
import {
  intensityOf,
  type ProfileRecord,
  ProfileSum,
  rangeText,
  shellCount,
  shellsOf,
  sigmaOf,
} from '../profile/radial-profile.js';
import type { FrameRecord } from '../record.js';

/** Frames of a mean. */
const framesOfMean = 100;

/** A row of the images: the profile of a frame, or of several. */
interface Row {
  readonly profile: ProfileRecord;
  /** Index of its first frame in the file, and the number of frames. */
  readonly first: number;
  readonly frames: number;
}

const longName = 'q = 2 pi/d';
const ofQ = { units: '1/angstrom', long_name: longName };
/** `iceRingFlagged` of a frame whose profile does not measure ice. */
const notMeasured = 255;
/** A boolean as other programs read it. */
const isTrue: WriteNode = { value: Uint8Array.of(1), shape: [] };
const single = (values: ArrayLike<number>): Float32Array => Float32Array.from(values);

/** Collects the profiles of frames. */
export class ProfileGroups {
  readonly #frames: 'mean' | 'hits' | 'all';
  readonly #rows: Row[] = [];
  readonly #sum = new ProfileSum();
  readonly #numbers: { background: number; score: number; error: number; d: number; flagged: number }[] = [];
  readonly #spots: number[] = [];
  #first = 0;
  readonly #all = new ProfileSum();
  /** Frames whose bins are not those of the first one. */
  #others = 0;

  constructor(frames: 'mean' | 'hits' | 'all' = 'mean') {
    this.#frames = frames;
  }

  /** Adds a frame; of those without a profile, the numbers are NaN. */
  add({ profile, hit }: Pick<FrameRecord, 'profile' | 'hit'>): void {
    const frame = this.#numbers.length;
    const { background = Number.NaN, ice } = profile ?? {};
    this.#numbers.push({
      background,
      score: ice?.score ?? Number.NaN,
      error: ice?.error ?? Number.NaN,
      d: ice?.d ?? Number.NaN,
      flagged: ice ? Number(ice.isFlagged) : notMeasured,
    });
    this.#spots.push(...(profile?.spotsByShell ?? new Array<number>(shellCount).fill(0)));
    if (!profile) return;
    if (!this.#all.add(profile)) {
      this.#others++;
      return;
    }
    if (this.#frames !== 'mean') {
      if (hit || this.#frames === 'all') this.#rows.push({ profile, first: frame, frames: 1 });
      return;
    }
    if (this.#sum.frames === 0) this.#first = frame;
    this.#sum.add(profile);
    if (this.#sum.frames === framesOfMean) this.#endMean();
  }

  #endMean(): void {
    const { profile, frames } = this.#sum;
    if (profile) this.#rows.push({ profile, first: this.#first, frames });
    this.#sum.clear();
  }

  /** The groups; none if no frame had a profile. */
  nodes(): Readonly<Record<string, WriteNode>> {
    this.#endMean();
    const all = this.#all.profile;
    if (!all) return {};
    const rows = this.#rows;
    const shape = [rows.length, all.counts.length];
    const table = (of: (profile: ProfileRecord) => ArrayLike<number>): Float32Array =>
      single(rows.flatMap(({ profile }) => Array.from(of(profile))));
    const image = table(({ counts, norm }) => intensityOf(counts, norm));
    const sigma = table(({ counts, norm, gain }) => sigmaOf(counts, norm, gain));
    const norm = table((profile) => profile.norm);
    const [count, bins] = [this.#numbers.length, all.counts.length];
    const column = (name: 'background' | 'score' | 'error' | 'd'): Float32Array =>
      Float32Array.from(this.#numbers, (one) => one[name]);
    const { backgroundRange } = backgroundOf({ ...all, counts: all.backgroundCounts, norm: all.backgroundNorm });
    const why = whyNoIce(all, all.backgroundCounts, all.backgroundNorm);
    const q = { value: single(all.q), shape: [bins], attributes: ofQ };
    const edges = {
      value: Float64Array.from(all.edges),
      shape: [bins + 1],
      attributes: { ...ofQ, long_name: `${longName}: where bins begin, and the last one ends` },
    };
    return {
      azint: {
        attributes: { NX_class: 'NXcollection' },
        children: {
          bin_to_q: q,
          bin_edges_q: edges,
          bin_to_d: { value: single(all.d), shape: [bins], attributes: { units: 'angstrom', long_name: 'd' } },
          image: {
            value: image,
            shape,
            attributes: { long_name: 'counts, corrected for solid angle and polarisation' },
          },
          norm: { value: norm, shape, attributes: { long_name: 'solid angle x polarisation of the pixels' } },
          frames_left_out: { value: this.#others },
          mean: { value: single(all.intensity), shape: [bins], attributes: {} },
          first_frame: { value: Uint32Array.from(rows, ({ first }) => first), shape: [rows.length], attributes: {} },
          frames: { value: Uint32Array.from(rows, ({ frames }) => frames), shape: [rows.length], attributes: {} },
          spots_by_shell: { value: Uint32Array.from(this.#spots), shape: [count, shellCount], attributes: {} },
          shell_to_d: {
            value: single(shellsOf(all.corner)),
            shape: [shellCount],
            attributes: { units: 'angstrom', long_name: 'outer limit of a shell, d' },
          },
        },
      },
      MX: {
        attributes: { NX_class: 'NXcollection' },
        children: {
          bkgEstimate: {
            value: column('background'),
            shape: [count],
            attributes: {
              long_name: backgroundRange
                ? `mean from ${rangeText(backgroundRange)} A`
                : 'not measured: no pixel from 5 to 3 A',
            },
          },
          iceRingScore: {
            value: column('score'),
            shape: [count],
            attributes: why === undefined ? {} : { long_name: `not measured: ${why.replaceAll('Å', 'A')}` },
          },
          iceRingScoreError: { value: column('error'), shape: [count], attributes: {} },
          iceRing: { value: column('d'), shape: [count], attributes: { units: 'angstrom' } },
          iceRingFlagged: {
            value: Uint8Array.from(this.#numbers, ({ flagged }) => flagged),
            shape: [count],
            attributes: { long_name: `1: ice, 0: none, ${notMeasured}: not measured` },
          },
        },
      },
      azint1d: {
        attributes: { NX_class: 'NXsubentry', default: 'data' },
        children: {
          definition: { value: 'NXazint1d' },
          solid_angle_applied: isTrue,
          polarization_applied: isTrue,
          normalization_applied: isTrue,
          reduction: {
            attributes: { NX_class: 'NXprocess' },
            children: { program: { value: 'ewald' }, version: { value: version } },
          },
          data: {
            attributes: { NX_class: 'NXdata', signal: 'I', axes: ['.', 'radial_axis'], interpretation: 'spectrum' },
            children: {
              I: { value: image, shape, attributes: { long_name: 'intensity' } },
              I_errors: { value: sigma, shape, attributes: {} },
              norm: { value: norm, shape, attributes: {} },
              radial_axis: q,
              radial_axis_edges: edges,
            },
          },
        },
      },
    };
  }
}
