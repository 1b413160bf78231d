/**
 * Validates sizes and thresholds and fills in defaults: the facade's interpretation of src/compute/layout/indexing.ts,
 * which the cores check again.
 */

import {
  batchSpotRange,
  cellSearchRanges,
  indexingEnums as enums,
  indexerParams,
  indexerRanges,
  proposalRanges,
  refinementDefaults,
  streamRanges,
  thresholdRanges,
} from '../compute/layout/indexing.js';
import { searchConstants } from '../compute/layout/search.js';
import { pack } from '../compute/layout/struct.js';
import { checkedOptions, checkedValue, type Rule, refuseBy, row } from '../options/call-options.js';
import { checked, defaultsOf, grouped, namesOf, type OptionsOf, type Parameters } from '../options/parameters.js';
import { EwaldError } from '../util/errors.js';
import type { Filled } from '../util/members.js';
import { knownOptions, ofRun } from '../util/options.js';
import type { Range } from '../util/range.js';
import type { IndexingDescriptor } from './contract.js';
import type { FewSpotParameters } from './few/parameter-types.js';
import { fewRows } from './few/parameters.js';

/**
 * Search method: `fast`, `turbo`, which is fast with less effort on difficult images, `exhaustive`, the published search
 * with its defects corrected, or `few`, for three to fifteen spots of cells up to some 6000 Å³. Turbo finds more than
 * exhaustive and less than fast.
 */
export type IndexingMethod = keyof typeof enums.Method | 'few';
/** How a found cell is refined; see `IndexingThresholds.refinement`. */
export type Refinement = keyof typeof enums.Refinement;

/** Sizes of an indexer. They determine its memory; a run may use less, never more. */
export interface IndexerOptions {
  /**
   * Spots of an image that are used, 6 … 4096, default 300. Of more, the lowest-resolution ones are kept and the result
   * is flagged.
   */
  readonly maxSpots?: number | undefined;
  /** Known cells of one run, 1 … 64, default 1. */
  readonly maxInputCells?: number | undefined;
  /** Cells returned per image at most, 1 … 1024, default 32. */
  readonly maxOutputCells?: number | undefined;
  /** Images of one run, 1 … 65536, default 1. */
  readonly batch?: number | undefined;
  /**
   * Spots of all images of one run together, before the selection of `maxSpots`; default batch × max(4 · maxSpots,
   * 4096).
   */
  readonly maxBatchSpots?: number | undefined;
  /**
   * `fast`, `turbo`, `exhaustive` or `few`; see IndexingMethod. Default: `few` for images of 3 to 25 spots on an Ewald
   * sphere about z, if the primitive known cells have at most 6000 Å³, and `fast` for all others.
   */
  readonly method?: IndexingMethod | undefined;
  /** Candidate vectors kept per length, 1 … 1024; default: the method's own (exhaustive 32). */
  readonly candidateVectors?: number | undefined;
  /** Most half-sphere points a run may request, 1024 … 1048576, default 65536. */
  readonly maxSamplePoints?: number | undefined;
  /** Most rotation angles a run may request, 64 … 65536, default 5040. */
  readonly maxAnglePoints?: number | undefined;
  /** exhaustive: sample every vector of a cell, not only the longest; default false. */
  readonly redundantComputations?: boolean | undefined;
  /**
   * Host threads over the images of a batch, 0 … 1024; default 0: one per core on native, only this thread on wasm,
   * whose further threads are workers.
   */
  readonly threads?: number | undefined;
  /** Batches of a stream in flight, 1 … 16, default 2: one is computed while the next is filled. */
  readonly inFlight?: number | undefined;
  /**
   * Keep the stages of the first image of each run readable by `stages()`; default false. Costs memory, on wasm the
   * worker threads, on GPUs speed.
   */
  readonly debug?: boolean | undefined;
  /**
   * fast and turbo: efforts of a search at most, 1 … 6; default 0: all of the method. An image whose search ends at
   * this limit is flagged `unsettled`; every other one has the result of a search without it. For batches in which
   * images that cannot be indexed must not delay the others.
   */
  readonly efforts?: number | undefined;
}

/**
 * Thresholds of one run. Distances are in index units (periods of the lattice) unless stated otherwise. The method `few`
 * uses `maxCrystals`, `acceptLog10` and those of `FewSpotParameters`, which other methods do not use.
 */
export interface IndexingThresholds extends FewSpotParameters {
  /** Lattices searched for in an image, 1 … 8, default 1. */
  readonly maxCrystals?: number | undefined;
  /**
   * A lattice is accepted if log₁₀ of its chance probability is at most this, −10⁶ … 0, default −3.5: less than one
   * image of pure noise in a thousand. At −10⁶ none is accepted.
   */
  readonly acceptLog10?: number | undefined;
  /** Lengths closer than this share their samples, in angstrom, 0 … 10, default 10⁻⁹. */
  readonly lengthThreshold?: number | undefined;
  /** Lower trim of a distance, 0 … below trimHigh, default 0.001. */
  readonly trimLow?: number | undefined;
  /** Upper trim of a distance, above trimLow … 0.5, default 0.3. */
  readonly trimHigh?: number | undefined;
  /** Offset inside the logarithm, above 0 … 1, default 0.1. */
  readonly delta?: number | undefined;
  /** Spots this close to a plane of the sampled vector count, above 0 … 0.5, default 0.2. */
  readonly planeDistance?: number | undefined;
  /** Spots this close to a node count, above 0 … 0.87, default 0.15. */
  readonly nodeDistance?: number | undefined;
  /** Spots required for a vector refinement, 0 (off) or 4 … 1024, default 6. */
  readonly minSpots?: number | undefined;
  /** Half-sphere points, 0 (the method's own) or candidateVectors … maxSamplePoints; default 0 (exhaustive 32768). */
  readonly samplePoints?: number | undefined;
  /** Rotation angles, 0 (the method's own) or 64 … maxAnglePoints; default 0 (exhaustive from samplePoints). */
  readonly anglePoints?: number | undefined;
  /**
   * `rotation` (default of fast and turbo: orientation first, lengths and angles only if the data support it), `ifssr`
   * (default of exhaustive), `ifss`, `ifse` or `raw`.
   */
  readonly refinement?: Refinement | undefined;
  /**
   * fast and turbo: `free` (default) fits lengths and angles, within a few percent, if that improves the verdict;
   * `held` keeps those of the known cell, for cells that are known better than one image can determine.
   * `Crystal.refined` states which applies.
   */
  readonly metric?: 'free' | 'held' | undefined;
  /** Factor on the acceptance radius per round, 0.01 … 0.99, default 0.8. */
  readonly contraction?: number | undefined;
  /**
   * Radius that ends a refinement, 0 … 1: 1/angstrom for ifssr (default 0.00075) and rotation (default 0: 0.3 of the
   * acceptance radius), index units for ifss and ifse (default 0.01).
   */
  readonly maxDistance?: number | undefined;
  /** Spots required for a refinement round, 4 … 1024, default 8 (ifss, ifse: 6). */
  readonly refineMinSpots?: number | undefined;
  /** Most refinement rounds, 1 … 1024, default 32 (ifss, ifse: 15). */
  readonly refineIterations?: number | undefined;
}

/** Parameters of the search for an unknown cell. */
export const cellSearchRows = /* @__PURE__ */ grouped('cells and indexing', {
  minLengthA: {
    kind: 'number',
    sentence: 'shortest cell edge',
    range: proposalRanges.minLengthA,
    unit: 'angstrom',
    flag: 'min-length',
    value: 'angstrom',
  },
  maxLengthA: {
    common: true,
    kind: 'number',
    sentence: 'longest cell edge; ranges of up to 150 and 400 Å are searched as well, on finer grids',
    range: proposalRanges.maxLengthA,
    unit: 'angstrom',
    flag: 'max-length',
    value: 'angstrom',
  },
  proposers: {
    kind: 'integer',
    sentence: 'images that propose cells: those with the most spots up to maxSpots; all images vote',
    range: cellSearchRanges.proposers,
    flag: null,
  },
  symmetryTolerance: {
    kind: 'number',
    sentence: 'how far lengths (relative) and angles (in radians) may be bent for a symmetry',
    range: cellSearchRanges.tolerance,
  },
} as const satisfies Parameters);

type CellSearch = OptionsOf<typeof cellSearchRows>;

/** The longest edge of an unknown cell is at least the shortest one. */
export const risingEdges: Rule<Pick<CellSearch, 'minLengthA' | 'maxLengthA'>> = (given) => {
  const { minLengthA, maxLengthA } = { ...defaultsOf(cellSearchRows), ...given } as Filled<CellSearch>;
  return (
    maxLengthA < minLengthA &&
    ((said) =>
      `${said('maxLengthA')} is ${maxLengthA}; expected at least ${said('minLengthA')}, which is ${minLengthA}`)
  );
};

/** Checks the parameters of the search for an unknown cell, and fills in the defaults. Throws `Argument`. */
export function checkCellSearch(what: string, cellSearch: CellSearch): Filled<CellSearch> {
  const values = checked(cellSearchRows, { ...cellSearch }, (name) => `${what}: ${name}`);
  refuseBy(what, values, [risingEdges]);
  return { ...defaultsOf(cellSearchRows), ...values } as Filled<CellSearch>;
}

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  FewSpotParameters: fewRows,
  CellSearchParameters: cellSearchRows,
} as const;

/** The methods by name. */
export const methods: readonly IndexingMethod[] = [
  ...(Object.keys(enums.Method) as (keyof typeof enums.Method)[]),
  'few',
];

const sizeRow = (name: keyof IndexerOptions & keyof typeof indexerRanges) =>
  ({ kind: 'integer', range: indexerRanges[name] }) as const;
const sizeRows = {
  maxSpots: sizeRow('maxSpots'),
  maxInputCells: sizeRow('maxInputCells'),
  maxOutputCells: sizeRow('maxOutputCells'),
  batch: sizeRow('batch'),
  // Its range depends on others.
  maxBatchSpots: row.any,
  method: row.choice(methods),
  candidateVectors: sizeRow('candidateVectors'),
  maxSamplePoints: sizeRow('maxSamplePoints'),
  maxAnglePoints: sizeRow('maxAnglePoints'),
  redundantComputations: row.flag,
  threads: sizeRow('threads'),
  inFlight: { kind: 'integer', range: streamRanges.inFlight },
  debug: row.flag,
  efforts: sizeRow('efforts'),
} as const;
/** Names of the thresholds, for checks of run options. */
export const thresholdNames = [
  ...(Object.keys(thresholdRanges) as (keyof typeof thresholdRanges)[]),
  'metric',
  ...namesOf(fewRows),
] as const;

/**
 * log₁₀ of the chance probability at which a lattice is accepted: calibrated on pure noise, see cpp/indexing/README.md.
 */
export const defaultAcceptLog10: number = thresholdRanges.acceptLog10.fallback;

/** Validated sizes, as backends require them. */
export interface Sizes extends IndexingDescriptor {
  readonly method: IndexingMethod;
  /** Whether images of few spots are indexed by that method although none is named. */
  readonly takesFew: boolean;
  readonly maxSpots: number;
  readonly maxSamplePoints: number;
  readonly maxAnglePoints: number;
  readonly inFlight: number;
}

const refinements = Object.keys(enums.Refinement) as Refinement[];
const metricRow = row.choice(['free', 'held'], 'free');

const elsewhere = ofRun(
  ['spots', 'offsets', 'cells', 'into', 'signal', 'onProgress', ...thresholdNames],
  'indexer.run({ spots, offsets, cells, … })',
);

/** Validates the sizes of an indexer and fills in the defaults. Throws `Argument`. */
export function checkSizes(options: IndexerOptions): Sizes {
  const checked = checkedOptions('indexer', options, sizeRows, elsewhere);
  const { method = 'fast', inFlight, redundantComputations, debug, maxBatchSpots: most, ...sizes } = checked;
  const { maxSpots, batch } = sizes;
  const { low, high, fallback } = batchSpotRange;
  const maxBatchSpots = checkedValue(
    'indexer: maxBatchSpots',
    most,
    row.integer(Math.max(low, maxSpots), high, batch * Math.max(4 * maxSpots, fallback)),
  );
  const flags = { redundant: redundantComputations ? 1 : 0, debug: debug ? 1 : 0 };
  const fields = { ...sizes, method: enums.Method[method === 'few' ? 'fast' : method], ...flags };
  return { ...sizes, fields, method, takesFew: checked.method === undefined, maxBatchSpots, inFlight };
}

/** Checks thresholds before anything is planned, whatever the sizes of the indexer. Throws `Argument`. */
export function checkThresholds(what: string, thresholds: unknown): void {
  if (thresholds === undefined) return;
  knownOptions(what, thresholds as object, thresholdNames);
  const t = thresholds as IndexingThresholds;
  for (const [name, range] of Object.entries(thresholdRanges))
    if (name !== 'refinement') checkedValue(`${what}.${name}`, t[name as 'delta'], { kind: 'number', range });
  checkedValue(`${what}.refinement`, t.refinement, row.choice(refinements));
  checkedValue(`${what}.metric`, t.metric, metricRow);
  checkFew(what, t);
}

/** Checks the parameters of few spots. Throws `Argument`. */
const checkFew = (what: string, t: IndexingThresholds): unknown =>
  checked(fewRows, { ...t }, (name) => `${what}: ${name}`);

/** Thresholds in the order of their names, and their packed form. */
interface PackedThresholds {
  readonly given: readonly unknown[];
  readonly packed: Uint8Array;
}

/** Those of the latest run of each indexer, by its sizes. */
const latest = new WeakMap<Sizes, PackedThresholds>();

/**
 * Validates the thresholds of a run and packs them. If they are those of the latest run, as in all images of a data
 * set, its packed form is returned; nobody writes to it. Throws `Argument`.
 */
export function packThresholds(sizes: Sizes, t: IndexingThresholds): Uint8Array {
  const known = latest.get(sizes);
  const values = t as Readonly<Record<string, unknown>>;
  if (known && haveSame(values, known.given)) return known.packed;
  const packed = checkedThresholds(sizes, t);
  latest.set(sizes, { given: thresholdNames.map((name) => values[name]), packed });
  return packed;
}

function haveSame(values: Readonly<Record<string, unknown>>, given: readonly unknown[]): boolean {
  for (let i = 0; i < thresholdNames.length; i++) if (values[thresholdNames[i] as string] !== given[i]) return false;
  return true;
}

function checkedThresholds(sizes: Sizes, t: IndexingThresholds): Uint8Array {
  checkFew('index', t);
  const refinement = checkedValue(
    'index: refinement',
    t.refinement,
    row.choice(refinements, sizes.method === 'exhaustive' ? 'ifssr' : 'rotation'),
  );
  const held = checkedValue('index: metric', t.metric, metricRow) === 'held';
  if (held && (sizes.method === 'exhaustive' || refinement !== 'rotation'))
    throw new EwaldError(
      'Argument',
      `index: metric 'held' requires the methods fast and turbo and the refinement 'rotation'; ` +
        `this is ${sizes.method} with ${refinement}`,
    );
  type Name = Exclude<keyof typeof thresholdRanges, 'refinement'>;
  const rangeOf = (name: Name, high = Number.POSITIVE_INFINITY): Range => {
    const range: Range = thresholdRanges[name];
    const fallback = refinementDefaults[refinement][name] ?? range.fallback;
    return { ...range, fallback, high: Math.min(range.high, high) };
  };
  const number = (name: Name): number =>
    checkedValue(`index: ${name}`, t[name], { kind: 'number', range: rangeOf(name) });
  const count = (name: Name, high?: number): number =>
    checkedValue(`index: ${name}`, t[name], { kind: 'integer', range: rangeOf(name, high) });
  const trimLow = number('trimLow');
  const trimHigh = number('trimHigh');
  if (trimLow >= trimHigh)
    throw new EwaldError(
      'Argument',
      `index: trimLow is ${trimLow} and trimHigh is ${trimHigh}; trimLow must be smaller`,
    );
  return pack(indexerParams, {
    lengthThreshold: number('lengthThreshold'),
    trimLow,
    trimHigh,
    delta: number('delta'),
    planeDistance: number('planeDistance'),
    nodeDistance: number('nodeDistance'),
    minSpots: count('minSpots'),
    samplePoints: count('samplePoints', sizes.maxSamplePoints),
    anglePoints: count('anglePoints', sizes.maxAnglePoints),
    maxCrystals: count('maxCrystals'),
    // The fast methods fit the orientation before the verdict; without a refinement the metric is kept.
    refinement: enums.Refinement[held ? 'raw' : refinement],
    contraction: number('contraction'),
    maxDistance: number('maxDistance'),
    refineMinSpots: count('refineMinSpots'),
    refineIterations: count('refineIterations'),
    acceptLog10: number('acceptLog10'),
  });
}

/** Spots required to index an image; the core flags images that have fewer. */
export const minimumSpots = searchConstants.minImageSpots.value;
