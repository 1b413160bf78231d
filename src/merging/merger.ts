/**
 * From streams of stills to structure factors: `Merger` collects observations as columns and merges them whenever `run`
 * is called.
 */

import type { BackendName } from '../backends/names.js';
import { EwaldError } from '../base/errors.js';
import type { PlatformSignal } from '../base/globals.js';
import { median } from '../base/median.js';
import { breathe, callback, checkSignal, knownOptions } from '../base/options.js';
import { version } from '../base/version.js';
import { anglesOf, type Cell, cellFromParameters, lengthsOf } from '../crystal/cell.js';
import type { Centring } from '../crystal/centring.js';
import { centrings } from '../crystal/centring.js';
import type { Planner } from '../planner/planner.js';
import { type Fit, type Identified, largestBlock, plainSums, spread } from './accumulate.js';
import { type AmbiguityOptions, type Assignment, resolveAmbiguity } from './ambiguity.js';
import { ObservationColumns } from './columns.js';
import type { MergingKernel } from './contract.js';
import { commonRadius, freshFit, mergeRounds, runFit } from './fit.js';
import { halfOf } from './halves.js';
import { formatReflectionList, type ReflectionList } from './hkl.js';
import { mergingFeature } from './kernels.js';
import { matePairs, meanOf } from './mates.js';
import { measurePolarisation, verdictOf } from './measured-polarisation.js';
import { lnRadius, lnScale, parameterCount, rotationX, rotationY, temperature } from './model.js';
import { formatMtz, type MtzColumn } from './mtz.js';
import type { Observations } from './observations.js';
import {
  type CheckedMerge,
  cellTolerance,
  checkMerge,
  type MergeModel,
  type MergeOptions,
  symmetryTolerance,
} from './options.js';
import { type MergeBytes, piecesOf } from './pieces.js';
import { depolarised, polarisationText, readPolarisation } from './polarisation.js';
import { alignToReference } from './reference.js';
import { noCounts, type ScanCounts, type ScannedHead, StreamScanner } from './scan.js';
import { checkExecutor, type MergeExecutor, sharedFits } from './share.js';
import { mergedSigmas } from './sigmas.js';
import { inverseD, type MergeStatistics, mergeStatistics } from './statistics.js';
import { ccp4Unit } from './symmetry/asymmetric-unit.js';
import { identity, type Operation, tripletOf } from './symmetry/matrices.js';
import { laueGroup, type PointGroup, pointGroup, rotationsOf } from './symmetry/point-group.js';
import { latticeRotations, strainOf, waysToIndex } from './symmetry/settings.js';
import { type SpaceGroup, symmorphicGroup } from './symmetry/space-group.js';
import { identifiers, type UniqueReflections, uniqueReflections } from './unique.js';
import { formatUnmerged } from './unmerged.js';

/** The results of a merge for one crystal. */
export interface MergedCrystal {
  readonly filename: string;
  readonly event: string;
  /** Which of `waysToIndex` it was indexed by. */
  readonly way: number;
  /** ln of the odds of that way; it is doubtful if below 5. */
  readonly logOdds: number;
  /** G: the scale of the crystal's intensities relative to the mean crystal. */
  readonly scale: number;
  /** B relative to the mean crystal's, Å². */
  readonly relativeB: number;
  /** Profile radius, 1/angstrom. */
  readonly radius: number;
  /** Correction of the orientation about x and y, radians. */
  readonly rotation: readonly [number, number];
  /** RMS deviation from the merge of the other crystals, in units of the expected deviation. */
  readonly deviation: number;
}

/** Numbers of observations and frames that were not used, by reason. */
export interface MergeCounts extends ScanCounts {
  readonly beyondResolution: number;
  readonly belowSnr: number;
  /** Crystals with another cell. */
  readonly otherCell: number;
}

/** Merged reflections with their halves and statistics. */
export interface MergedLists {
  readonly reflections: ReflectionList;
  readonly halves: readonly [ReflectionList, ReflectionList];
  readonly statistics: MergeStatistics;
  /** The reflections as a CrystFEL list, or those of half 1 or 2. */
  toHkl(half?: 1 | 2): string;
  /** The reflections as an MTZ file in the lowest symmorphic space group. Throws `Unsupported` for settings that CCP4 lacks. */
  toMtz(): Uint8Array;
}

/** The merge of one of several data sets, on the scale of the common merge; its halves have common scales as well. */
export interface MergedDataset extends MergedLists {
  readonly name: string;
}

/** The polarisation that the intensities were corrected for. */
export interface MergedPolarisation {
  /** `horiz`, `vert`, `none` or a share at an angle such as `0.98@0`. */
  readonly correction: string;
  /** As measured: 1 horizontal, −1 vertical, 0 no dependence on the azimuth; NaN where it was given. */
  readonly degree: number;
  /** Standard error of `degree`; NaN where it was given. */
  readonly error: number;
}

/** Merged data; the two halves are scaled independently. */
export interface MergeResultMethods extends MergedLists {
  /** The backend that computed the merge. */
  readonly backend: BackendName;
  readonly model: MergeModel;
  /** Lengths (angstrom) and angles (degrees). */
  readonly cell: readonly [number, number, number, number, number, number];
  readonly centring: Centring;
  readonly wavelengthA: number;
  readonly polarisation: MergedPolarisation;
  /** Estimated proportional error of the intensities, 0.02 … 0.6; NaN for a plain mean. */
  readonly proportionalError: number;
  /** The data sets of `split`, by name. */
  readonly datasets: readonly MergedDataset[];
  readonly crystals: readonly MergedCrystal[];
  /** Operations on indices by which crystals differ, `h,k,l` first; a single one means that there was no ambiguity. */
  readonly waysToIndex: readonly string[];
  readonly counts: MergeCounts;
  /** Number of merged crystals. */
  readonly merged: number;
  /** Remarks for the user, one sentence each. */
  readonly remarks: readonly string[];
  /**
   * The observations one by one as an MTZ file, in the setting chosen for each crystal: M/ISYM, BATCH (the crystal), I,
   * SIGI, SCALE, dHKL and ewald_offset. Throws `Unsupported` for settings that CCP4 lacks and for plain means, `Limit`.
   */
  toUnmergedMtz(): Uint8Array;
}
export type MergeResult = MergeResultMethods;

/** Options of running a merge. */
export interface MergeRunOptions {
  /** Cancels the merge with `Aborted`. */
  readonly signal?: PlatformSignal;
  /** Receives the completed fraction, 0 … 1. */
  readonly onProgress?: (done: number) => void;
  /**
   * Fits the merge and its halves on this executor instead of in this process, such as `await Executor.workers()` of
   * `ewald/executors`; the caller keeps ownership. The result is the same, bit for bit, if the workers use the same
   * backend or another CPU backend.
   */
  readonly executor?: MergeExecutor;
}

/** A stream, and its name in messages. */
export interface MergeInput {
  readonly name: string;
  /** Bytes, a File or Blob, or an iterable of pieces such as the stream of `createReadStream`. */
  readonly bytes: MergeBytes;
}

/** Takes the text of a stream in pieces. */
export interface MergeFeed {
  /** Adds a piece. Throws `Format` with the number of a line that cannot be read. */
  push(piece: Uint8Array): void;
  /** Ends the stream. Throws `Format`, and `Argument` for crystals that were added before. */
  end(): void;
}

/** Collects observations and merges them. */
export class Merger {
  readonly #planner: Planner;
  readonly #checked: CheckedMerge;
  readonly #columns: ObservationColumns;
  readonly #counts = noCounts();
  /** Keys of the crystals collected. */
  readonly #seen = new Set<number>();
  readonly #heads: { readonly name: string; readonly head: ScannedHead }[] = [];

  /** Throws `Argument`. */
  constructor(planner: Planner, options: MergeOptions) {
    this.#planner = planner;
    this.#checked = checkMerge(options);
    const { pushRes, minSnr, polarisation } = this.#checked;
    // Intensities are not corrected yet if the polarisation will be measured from all of them.
    this.#columns = new ObservationColumns({
      pushRes,
      minSnr,
      polarisation: polarisation === 'auto' ? undefined : polarisation,
    });
  }

  /** Number of crystals collected. */
  get crystals(): number {
    return this.#columns.crystals;
  }

  /** Number of observations collected. */
  get observations(): number {
    return this.#columns.count;
  }

  /** One fit of columns that came from another process; for task.ts. */
  static async fit(merger: Merger, data: Identified, selected: Uint8Array, radius: number): Promise<Merge> {
    const { kernel } = await merger.#planner.plan(mergingFeature, {
      unique: data.unique,
      ...largestBlock(data.observations),
    });
    try {
      return await mergeOf(kernel, data, selected, merger.#checked, radius, async () => {});
    } finally {
      await kernel.dispose();
    }
  }

  /** Reads a stream; a truncated last frame is skipped and counted. Throws `Format`; what was read before is kept. */
  async addStream({ name, bytes }: MergeInput): Promise<void> {
    const feed = this.follow(name);
    for await (const piece of piecesOf(bytes, name)) feed.push(piece);
    feed.end();
  }

  /** Adds a stream that is still being written: its text is pushed piece by piece, and can be merged at any time. */
  follow(name: string): MergeFeed {
    const scanner = new StreamScanner(this.#columns, name, this.#counts, this.#checked.maxAdu);
    const before = this.#columns.crystals;
    return {
      push: (piece) => scanner.push(piece),
      end: () => {
        this.#heads.push({ name, head: scanner.end() });
        this.#refuseRepeated(name, before);
      },
    };
  }

  /** Rejects repeated crystals, which would count as independent measurements. Throws `Argument`. */
  #refuseRepeated(name: string, first: number): void {
    const { crystals, filenames, events, reciprocal } = this.#columns.view();
    let repeated = 0;
    for (let c = first; c < crystals; c++) {
      const key = crystalKey(filenames[c] ?? '', events[c] ?? '', reciprocal.subarray(9 * c, 9 * c + 9));
      if (this.#seen.has(key)) repeated++;
      else this.#seen.add(key);
    }
    if (repeated > 0)
      throw new EwaldError(
        'Argument',
        `${repeated} of the ${crystals - first} crystals of ${name} were there before: the same frame, event and orientation. Merged twice they would count as independent; give every stream once`,
        { detail: { path: name, repeated } },
      );
  }

  /** Merges what has been collected. Throws `Argument` for inconsistent data, `Aborted`. */
  async run(options: MergeRunOptions = {}): Promise<MergeResult> {
    knownOptions('merger.run', options, ['signal', 'onProgress', 'executor']);
    const executor = checkExecutor(options.executor);
    const report = callback('merger.run: onProgress', options.onProgress) ?? (() => {});
    const step = async (done: number): Promise<void> => {
      report(done);
      await breathe();
      checkSignal(options.signal);
    };
    checkSignal(options.signal);
    const remarks: string[] = [];
    const observations = this.#columns.view();
    if (observations.count === 0) throw this.#nothing();
    const subject = this.#subject(observations, remarks);
    const { group, part } = subject;
    const { model, iterations, ambiguity, starts, seed } = this.#checked;
    const ways = ambiguity ? waysToIndex(latticeRotations(subject.cell), group) : [identity];
    const unique = uniqueReflections(observations, group, ways);
    const radius = commonRadius(observations, part);
    const resolved = settingsOf(observations, unique, { starts, seed, radius, part });
    const { logOdds } = resolved;
    const chosen = this.#aligned(observations, unique, { ways, group, chosen: resolved.ways, part }, remarks);
    const doubtful = logOdds.filter((odds, c) => part[c] === 1 && odds < 5).length;
    if (ways.length > 1)
      remarks.push(
        `${ways.length} ways to index (${ways.map(tripletOf).join('; ')}) were told apart${doubtful > 0 ? `; ${doubtful} crystals are in doubt (odds below e⁵)` : ''}.`,
      );
    await step(0.1);
    const measured: Identified = {
      observations,
      ids: identifiers(observations, unique, chosen),
      unique: unique.count,
      noise: { gain: gainOf(this.#heads, remarks), partiality: partialities[model] },
    };
    const half = observations.filenames.map((name, c) => halfOf(name, observations.events[c] ?? ''));
    const selections = [part, part.map((on, c) => on * (1 - (half[c] ?? 0))), part.map((on, c) => on * (half[c] ?? 0))];
    const sets = this.#datasets(observations, part, remarks);
    const { backend, kernel } = await this.#planner.plan(mergingFeature, {
      unique: unique.count,
      ...largestBlock(observations),
    });
    try {
      const beam = await this.#beam(kernel, measured, part, radius, remarks);
      const data = { ...measured, observations: beam.observations };
      const merges = executor
        ? await sharedFits<Merge>(
            executor,
            data,
            selections.map((selected) => ({ selected, symmetry: this.#checked.symmetry, model, iterations, radius })),
            options.signal,
            (done) => step(0.1 + (0.9 * done) / 3),
          )
        : [];
      for (const [n, selected] of executor ? [] : selections.entries())
        merges.push(
          await mergeOf(kernel, data, selected, this.#checked, radius, (done) =>
            step(0.1 + 0.9 * ((n + done / Math.max(iterations, 1)) / 3)),
          ),
        );
      const datasets: MergedSet[] = [];
      for (const [name, selected] of sets) {
        const some: Merge[] = [];
        for (const which of [undefined, 0, 1])
          some.push(
            await mergeOfSome(
              kernel,
              data,
              merges[0] as Merge,
              selected.map((on, c) => (which === undefined || half[c] === which ? on : 0)),
            ),
          );
        datasets.push({ name, merges: some as [Merge, Merge, Merge] });
      }
      const found = { chosen, logOdds, ways, datasets, polarisation: beam.polarisation, backend: backend.name };
      return this.#result(subject, unique, data, merges as [Merge, Merge, Merge], found, remarks);
    } finally {
      await kernel.dispose();
    }
  }

  /** Finds how the beam was polarised; returns that and the corrected observations. */
  async #beam(
    kernel: MergingKernel,
    data: Identified,
    part: Uint8Array,
    radius: number,
    remarks: string[],
  ): Promise<{ observations: Observations; polarisation: MergedPolarisation }> {
    const { observations } = data;
    const given = this.#checked.polarisation;
    if (given !== 'auto')
      return {
        observations,
        polarisation: { correction: polarisationText(given), degree: Number.NaN, error: Number.NaN },
      };
    const noise = { ...data.noise, partiality: 'gaussian' } as const;
    const measured = await measurePolarisation(kernel, { ...data, noise }, part, radius);
    const { correction, decided } = verdictOf(measured);
    const { degree, error } = measured;
    const found = `${degree.toFixed(2)} ± ${error.toFixed(2)} (1 horizontal, −1 vertical, 0 none)`;
    remarks.push(
      decided
        ? `The intensities show a degree of polarisation of ${found}: ${correction === 'none' ? 'nothing is corrected' : `they are corrected for a ${correction === 'horiz' ? 'horizontally' : 'vertically'} polarised beam`}.`
        : `The intensities do not say how the beam was polarised; they are corrected for a horizontally polarised one. Set the polarisation where that is wrong.`,
    );
    const beam = readPolarisation(correction);
    return {
      observations: beam ? depolarised(observations, beam) : observations,
      polarisation: { correction, ...measured },
    };
  }

  /** The crystals of each data set. */
  #datasets(observations: Observations, part: Uint8Array, remarks: string[]): [string, Uint8Array][] {
    const { split } = this.#checked;
    if (!split) return [];
    const sets = new Map<string, Uint8Array>();
    let none = 0;
    for (const [c, filename] of observations.filenames.entries()) {
      if (part[c] !== 1) continue;
      const name = split({ filename, event: observations.events[c] ?? '' });
      if (name === undefined) none++;
      else {
        const selected = sets.get(name) ?? new Uint8Array(observations.crystals);
        selected[c] = 1;
        sets.set(name, selected);
      }
    }
    if (sets.size === 0)
      throw new EwaldError(
        'Argument',
        `the split names no data set for any of ${observations.crystals} crystals; the first is of ${observations.filenames[0]} ${observations.events[0]}`,
      );
    if (none > 0) remarks.push(`${none} crystals belong to no data set and are in the common merge alone.`);
    return [...sets].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The way to index of every crystal; with a reference, all are transformed together to the reference's setting. */
  #aligned(
    observations: Observations,
    unique: UniqueReflections,
    settings: Parameters<typeof alignToReference>[2],
    remarks: string[],
  ): Uint8Array {
    const { reference } = this.#checked;
    if (!reference) return settings.chosen;
    const { ways, correlations } = alignToReference(observations, unique, settings, reference);
    const [best = Number.NaN, second] = correlations;
    if (!(best > 0.2))
      remarks.push(
        `The reference correlates with the mean of the observations by ${best.toFixed(2)} alone; is it of this crystal form?`,
      );
    else if (second !== undefined && best - second < 0.1)
      remarks.push(
        `The reference hardly tells the ways to index apart: correlations ${correlations.map((cc) => cc.toFixed(2)).join(', ')}.`,
      );
    return ways;
  }

  #nothing(): EwaldError {
    const { crystals, frames, empty } = this.#counts;
    const { beyondResolution, belowSnr } = this.#columns.leftOut;
    const why =
      frames === 0
        ? 'the streams hold no frames'
        : crystals + empty === 0
          ? `none of ${frames} frames has a crystal`
          : beyondResolution + belowSnr > 0
            ? `pushRes and minSnr leave out all ${beyondResolution + belowSnr} observations`
            : `${empty} crystals have no reflections; index with integration (without --no-integrate)`;
    return new EwaldError('Argument', `there is nothing to merge: ${why}`, { detail: { ...this.#counts } });
  }

  /** Finds the cell, its symmetry, and the crystals with this cell. */
  #subject(observations: Observations, remarks: string[]): Subject {
    const { cell: given, symmetry } = this.#checked;
    const kinds = kindsOfCells(observations);
    const parameters = given
      ? [...lengthsOf(given.cell), ...anglesOf(given.cell)]
      : medianCell(observations, kinds[0] ?? []);
    const part = new Uint8Array(observations.crystals);
    for (let c = 0; c < part.length; c++) part[c] = near(cellOf(observations, c), parameters) ? 1 : 0;
    const strangers = part.filter((on) => on === 0).length;
    const named = kinds.map((kind) => `${kind.length} near ${cellText(medianCell(observations, kind))}`).slice(0, 4);
    if (strangers === part.length)
      throw new EwaldError(
        'Argument',
        `no crystal has the cell ${cellText(parameters)}; there are ${named.join(', ')}`,
      );
    if (!given && strangers > part.length / 10)
      throw new EwaldError(
        'Argument',
        `the crystals have different cells: ${named.join(', ')}; give the cell of those to merge`,
        { detail: { strangers, crystals: part.length } },
      );
    if (strangers > 0)
      remarks.push(`${strangers} of ${part.length} crystals have another cell and are left out (${named.join(', ')}).`);
    const cell = cellFromParameters(...(parameters as [number, number, number, number, number, number]));
    const heads = this.#heads.map(({ head }) => head);
    const group = oriented(symmetry, cell, heads[0]?.uniqueAxis, remarks);
    const centring = given?.centring ?? centrings.find((name) => name === heads[0]?.centering) ?? 'P';
    return { cell, parameters: parameters as unknown as Subject['parameters'], centring, group, part };
  }

  #result(
    { cell, parameters, centring, group, part }: Subject,
    unique: UniqueReflections,
    data: Identified,
    [whole, first, second]: readonly [Merge, Merge, Merge],
    { chosen, logOdds, ways, datasets, polarisation, backend }: Found,
    remarks: readonly string[],
  ): MergeResult {
    const { observations } = data;
    const { minMeasurements, symmetry, model, shells, lowres, highres, reference } = this.#checked;
    const inverse = inverseD(cell);
    const factor = model === 'mean' ? 1 : unit(whole, minMeasurements);
    const reflections = listOf(symmetry, unique, whole, minMeasurements, () => factor);
    if (reflections.count === 0)
      throw new EwaldError(
        'Argument',
        `no reflection was observed ${minMeasurements} times in ${observations.crystals} crystals; merge more crystals, or lower minMeasurements`,
      );
    const halves = [first, second].map((half) =>
      listOf(
        symmetry,
        unique,
        half,
        minMeasurements,
        scaleOnto(half, whole, unique, inverse, minMeasurements, factor, model),
      ),
    ) as [ReflectionList, ReflectionList];
    const statisticsOf = (list: ReflectionList, of: readonly [ReflectionList, ReflectionList]): MergeStatistics =>
      mergeStatistics(
        list,
        of,
        { cell, centring, group },
        {
          shells,
          ...(reference && { reference }),
          ...(lowres !== undefined && { lowres }),
          ...(highres !== undefined && { highres }),
        },
      );
    const wavelengthA = median(observations.wavelengths);
    const written = (list: ReflectionList, of: readonly [ReflectionList, ReflectionList]): MergedLists => ({
      reflections: list,
      halves: of,
      statistics: statisticsOf(list, of),
      toHkl: (half) =>
        formatReflectionList(half ? (of[half - 1] as ReflectionList) : list, [`Generated by ewald ${version}`]),
      toMtz: () => mtzOf(list, { cell, parameters, centring, group, wavelengthA }),
    });
    const counts = { ...this.#counts, ...this.#columns.leftOut, otherCell: part.filter((on) => on === 0).length };
    return {
      ...written(reflections, halves),
      backend,
      model,
      cell: parameters,
      centring,
      wavelengthA,
      polarisation,
      proportionalError: whole.fit ? Math.sqrt(whole.fit.proportional2) : Number.NaN,
      // Data sets have common scales, so that they can be compared reflection by reflection.
      datasets: datasets.map(({ name, merges: [own, ...parts] }) => {
        const [list, ...lists] = [own, ...parts].map((one) =>
          listOf(symmetry, unique, one, minMeasurements, () => factor),
        ) as [ReflectionList, ReflectionList, ReflectionList];
        return { name, ...written(list, lists) };
      }),
      crystals: observations.filenames.map((filename, c) => {
        const at = (which: number): number => whole.parameters[parameterCount * c + which] ?? 0;
        return {
          filename,
          event: observations.events[c] ?? '',
          way: chosen[c] ?? 0,
          logOdds: logOdds[c] ?? 0,
          scale: Math.exp(at(lnScale)),
          relativeB: at(temperature),
          radius: Math.exp(at(lnRadius)),
          rotation: [at(rotationX), at(rotationY)],
          deviation: whole.deviations[c] ?? 0,
        };
      }),
      waysToIndex: ways.map(tripletOf),
      merged: part.filter((on) => on === 1).length,
      counts,
      remarks,
      toUnmergedMtz: () => {
        if (!whole.fit)
          throw new EwaldError(
            'Unsupported',
            'a plain mean has no scales to write; use another model for unmerged data',
          );
        const spaceGroup = spaceGroupOf(group, centring);
        const title = 'scaled by ewald';
        return formatUnmerged(data, whole.fit, chosen, ways, { title, parameters, cell, wavelengthA, spaceGroup });
      },
    };
  }
}

/**
 * Frame, event and orientation as a hash of 53 bits: among a million crystals, a collision has a probability of 10⁻⁴.
 */
function crystalKey(filename: string, event: string, reciprocal: Float64Array): number {
  let [low, high] = [0x811c9dc5, 0x9747b28c];
  const take = (value: number): void => {
    low = Math.imul(low ^ value, 0x01000193);
    high = Math.imul(high ^ value, 0x85ebca6b) ^ (high >>> 15);
  };
  for (const text of [filename, '\n', event]) for (let i = 0; i < text.length; i++) take(text.charCodeAt(i));
  for (const x of reciprocal) take(Math.round(x * 1e8));
  return (low >>> 0) + (high >>> 11) * 2 ** 32;
}

const partialities = { gaussian: 'gaussian', xsphere: 'xsphere', unity: 'none', mean: 'none' } as const;

interface Subject {
  readonly cell: Cell;
  readonly parameters: readonly [number, number, number, number, number, number];
  readonly centring: Centring;
  readonly group: PointGroup;
  /** Crystals that take part. */
  readonly part: Uint8Array;
}

interface Found {
  readonly chosen: Uint8Array;
  readonly logOdds: Float64Array;
  readonly ways: readonly Operation[];
  readonly datasets: readonly MergedSet[];
  readonly polarisation: MergedPolarisation;
  readonly backend: BackendName;
}

/** The merge of a data set, and of its halves. */
interface MergedSet {
  readonly name: string;
  readonly merges: readonly [Merge, Merge, Merge];
}

/** One merge of some crystals. */
export interface Merge {
  /** Undefined for a plain mean. */
  readonly fit: Fit | undefined;
  readonly intensity: Float64Array;
  readonly sigma: Float64Array;
  readonly counts: Float64Array;
  readonly information: Float64Array;
  readonly parameters: Float64Array;
  readonly deviations: Float64Array;
}

async function mergeOf(
  kernel: MergingKernel,
  data: Identified,
  selected: Uint8Array,
  { model, iterations }: CheckedMerge,
  radius: number,
  onCycle: (done: number) => Promise<void>,
): Promise<Merge> {
  const { crystals } = data.observations;
  if (model === 'mean') {
    const { counts, mean, sigma } = plainSums(data, selected);
    const fit = freshFit(crystals, selected, radius);
    return {
      fit: undefined,
      intensity: mean,
      sigma,
      counts,
      information: counts,
      parameters: fit.parameters,
      deviations: new Float64Array(crystals),
    };
  }
  const partial = model !== 'unity';
  const {
    fit,
    model: intensity,
    deviations,
  } = await runFit(
    kernel,
    data,
    freshFit(crystals, selected, radius),
    { cycles: iterations, radius: partial, rotations: partial },
    onCycle,
  );
  return mergeWith(kernel, data, fit, intensity, deviations);
}

async function mergeWith(
  kernel: MergingKernel,
  data: Identified,
  fit: Fit,
  intensity: Float64Array,
  deviations: Float64Array,
): Promise<Merge> {
  const found = await spread(kernel, data, fit, intensity);
  return {
    fit,
    intensity,
    sigma: mergedSigmas(found, intensity),
    counts: found.counts,
    information: found.information,
    parameters: fit.parameters,
    deviations,
  };
}

/** Merges some of the crystals with the parameters that were found for all of them. */
async function mergeOfSome(
  kernel: MergingKernel,
  data: Identified,
  whole: Merge,
  selected: Uint8Array,
): Promise<Merge> {
  if (whole.fit) {
    const fit = { ...whole.fit, selected };
    const { model } = await mergeRounds(kernel, data, fit, whole.intensity);
    return mergeWith(kernel, data, fit, model, whole.deviations);
  }
  const { counts, mean, sigma } = plainSums(data, selected);
  return { ...whole, counts, intensity: mean, sigma, information: counts };
}

function settingsOf(
  observations: Observations,
  unique: UniqueReflections,
  options: AmbiguityOptions,
): Pick<Assignment, 'ways' | 'logOdds'> {
  if (unique.tables.length > 1) return resolveAmbiguity(observations, unique, options);
  return {
    ways: new Uint8Array(observations.crystals),
    logOdds: new Float64Array(observations.crystals).fill(Number.POSITIVE_INFINITY),
  };
}

/** Detector counts per photon, on which all streams must agree. */
function gainOf(heads: readonly { name: string; head: ScannedHead }[], remarks: string[]): number {
  const [first] = heads;
  const other = heads.find(({ head }) => head.aduPerPhoton !== first?.head.aduPerPhoton);
  if (first && other)
    throw new EwaldError(
      'Argument',
      `${first.name} has ${first.head.aduPerPhoton} counts a photon and ${other.name} ${other.head.aduPerPhoton}; merge streams of one detector`,
    );
  if (first && heads.some(({ head }) => head.geometry !== first.head.geometry))
    remarks.push('The streams have different geometries.');
  return first?.head.aduPerPhoton ?? 1;
}

const cellOf = ({ parameters }: Observations, c: number): number[] => [...parameters.subarray(6 * c, 6 * c + 6)];

const medianCell = (observations: Observations, crystals: readonly number[]): number[] =>
  [0, 1, 2, 3, 4, 5].map((i) => median(crystals.map((c) => observations.parameters[6 * c + i] ?? 0)));

/** Groups of crystals with similar cells, the largest first; a crystal is compared with the first one of a group. */
function kindsOfCells(observations: Observations): number[][] {
  const kinds: { first: number[]; members: number[] }[] = [];
  for (let c = 0; c < observations.crystals; c++) {
    const own = cellOf(observations, c);
    const kind = kinds.find(({ first }) => near(own, first));
    if (kind) kind.members.push(c);
    // With this many groups, the remaining crystals are not grouped any further.
    else if (kinds.length < 64) kinds.push({ first: own, members: [c] });
  }
  return kinds.map(({ members }) => members).sort((a, b) => b.length - a.length);
}

const near = (own: readonly number[], wanted: readonly number[]): boolean =>
  own.every((x, i) =>
    i < 3
      ? Math.abs(x / (wanted[i] ?? 1) - 1) <= cellTolerance.lengths
      : Math.abs(x - (wanted[i] ?? 0)) <= cellTolerance.anglesDeg,
  );

const cellText = (parameters: readonly number[]): string =>
  `${parameters
    .slice(0, 3)
    .map((x) => x.toFixed(2))
    .join(' ')} Å ${parameters
    .slice(3)
    .map((x) => x.toFixed(1))
    .join(' ')}°`;

/**
 * The point group, checked against the cell; a monoclinic name without an axis takes the cell's unique axis. Throws
 * `Argument`.
 */
function oriented(symmetry: string, cell: Cell, uniqueAxis: string | undefined, remarks: string[]): PointGroup {
  const fits = (group: PointGroup): boolean =>
    rotationsOf(laueGroup(group)).every((operation) => strainOf(operation, cell, symmetryTolerance) <= 1);
  if (/^(2|m|2\/m)$/.test(symmetry)) {
    const axes = ['c', 'b', 'a'].sort((a, b) => Number(b === uniqueAxis) - Number(a === uniqueAxis));
    for (const axis of axes) {
      const group = pointGroup(`${symmetry}_ua${axis}`);
      if (!fits(group)) continue;
      if (axis !== 'c') remarks.push(`The unique axis of ${symmetry} is ${axis}, as in the cell.`);
      return { ...group, name: axis === 'c' ? symmetry : group.name };
    }
  }
  const group = pointGroup(symmetry);
  if (!fits(group))
    throw new EwaldError(
      'Argument',
      `the cell ${cellText([...lengthsOf(cell), ...anglesOf(cell)])} does not have the symmetry ${symmetry}; choose a point group of its lattice (a unique axis other than c is written as in 4/m_uab)`,
    );
  return group;
}

/** The factor that brings the mean intensity of a merge to 1000, since a list has two decimals. */
function unit({ intensity, counts }: Merge, least: number): number {
  let [sum, count] = [0, 0];
  for (const [id, n] of counts.entries()) {
    if (n < least) continue;
    sum += intensity[id] as number;
    count++;
  }
  return sum > 0 ? (1000 * count) / sum : 1;
}

/** The scale and the relative B that bring a half onto the scale of the whole, as a factor that depends on 1/d. */
function scaleOnto(
  half: Merge,
  whole: Merge,
  unique: UniqueReflections,
  inverse: (indices: readonly [number, number, number]) => number,
  least: number,
  factor: number,
  model: MergeModel,
): (id: number) => number {
  if (model === 'mean') return () => 1;
  const q2 = (id: number): number =>
    inverse([
      unique.indices[3 * id] as number,
      unique.indices[3 * id + 1] as number,
      unique.indices[3 * id + 2] as number,
    ]) ** 2;
  let [k, b] = [1, 0];
  for (let round = 0; round < 8; round++) {
    // Least squares of whole = k exp(−b q²/2) · half in (ln k, b).
    let [a00, a01, a11, r0, r1] = [0, 0, 0, 0, 0];
    for (const [id, n] of half.counts.entries()) {
      if (n < least || (whole.counts[id] as number) < least) continue;
      const square = q2(id);
      const m = k * Math.exp((-b * square) / 2) * (half.intensity[id] as number);
      const w = half.information[id] as number;
      const d = (whole.intensity[id] as number) - m;
      const [s0, s1] = [m, (-m * square) / 2];
      a00 += w * s0 * s0;
      a01 += w * s0 * s1;
      a11 += w * s1 * s1;
      r0 += w * s0 * d;
      r1 += w * s1 * d;
    }
    const det = a00 * a11 - a01 * a01;
    if (!(det > 0)) break;
    k *= Math.exp(Math.max(-1, Math.min(1, (r0 * a11 - r1 * a01) / det)));
    b += Math.max(-10, Math.min(10, (r1 * a00 - r0 * a01) / det));
  }
  return (id) => factor * k * Math.exp((-b * q2(id)) / 2);
}

function listOf(
  symmetry: string,
  unique: UniqueReflections,
  { intensity, sigma, counts }: Merge,
  least: number,
  factorOf: (id: number) => number,
): ReflectionList {
  const kept = [...counts.keys()].filter((id) => (counts[id] as number) >= least && Number.isFinite(sigma[id]));
  const factors = kept.map(factorOf);
  return {
    symmetry,
    count: kept.length,
    indices: Int16Array.from(kept.flatMap((id) => [...unique.indices.subarray(3 * id, 3 * id + 3)])),
    intensity: Float64Array.from(kept, (id, i) => (intensity[id] as number) * (factors[i] as number)),
    sigma: Float64Array.from(kept, (id, i) => (sigma[id] as number) * (factors[i] as number)),
    measurements: Float64Array.from(kept, (id) => counts[id] as number),
  };
}

function spaceGroupOf(group: PointGroup, centring: Centring): SpaceGroup {
  const spaceGroup = symmorphicGroup(group, centring);
  if (spaceGroup && ccp4Unit(group)) return spaceGroup;
  throw new EwaldError(
    'Unsupported',
    `CCP4 has no space group for ${group.name} in this setting with centring ${centring}; reindex to the standard setting, or write a .hkl`,
  );
}

function mtzOf(
  list: ReflectionList,
  { cell, parameters, centring, group, wavelengthA }: Omit<Subject, 'part'> & { wavelengthA: number },
): Uint8Array {
  const spaceGroup = spaceGroupOf(group, centring);
  const pairs = matePairs(list, group);
  const means = pairs.map(meanOf);
  const column = (label: string, type: string, values: readonly (number | undefined)[]): MtzColumn => ({
    label,
    type,
    values: values.map((x) => x ?? Number.NaN),
  });
  const mates = group.centrosymmetric
    ? []
    : [
        // The two mates of a centric reflection are the same.
        ...(['plus', 'minus'] as const).flatMap((which) => {
          const own = pairs.map((pair) => (pair.centric ? pair.plus : pair[which]));
          const sign = which === 'plus' ? '+' : '-';
          return [
            column(
              `I(${sign})`,
              'K',
              own.map((mate) => mate?.intensity),
            ),
            column(
              `SIGI(${sign})`,
              'M',
              own.map((mate) => mate?.sigma),
            ),
            column(
              `N(${sign})`,
              'I',
              own.map((mate) => mate?.measurements),
            ),
          ];
        }),
      ];
  return formatMtz({
    title: 'merged by ewald',
    parameters,
    cell,
    wavelengthA,
    spaceGroup,
    indices: pairs.map(({ indices }) => indices),
    columns: [
      column(
        'IMEAN',
        'J',
        means.map(({ intensity }) => intensity),
      ),
      column(
        'SIGIMEAN',
        'Q',
        means.map(({ sigma }) => sigma),
      ),
      column(
        'N',
        'I',
        means.map(({ measurements }) => measurements),
      ),
      ...mates,
    ],
    history: [`ewald ${version}: merged with symmetry ${group.name}`],
  });
}
