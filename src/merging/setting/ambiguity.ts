/**
 * Resolves the indexing ambiguity: finds in which of several ways, which the cell cannot distinguish, each crystal was
 * indexed. Expectation–maximisation against the running mean of all other crystals, with soft assignments that are
 * annealed over twelve cycles to escape local maxima. The best of several random starts is used. The time is linear in
 * the number of crystals. What the cells of crystals tell, the intensities do not decide.
 */
import { Random } from '../../compute/random/random.js';
import type { Observations } from '../collection/observations.js';
import type { UniqueReflections } from '../fit/unique.js';
import { Annealing, lastTemperature, noWay, sampleEvenly } from './annealing.js';
import type { CellEvidence } from './metric.js';
import { normalised } from './normalised.js';

/** Options of the search for each crystal's way to index. */
export interface AmbiguityOptions {
  /** Number of random starts. */
  readonly starts: number;
  /** Seed of the starts. */
  readonly seed: number;
  /** Common profile radius, 1/Å: observations that record only a small share of a reflection are not used. */
  readonly radius: number;
  /** Crystals that take part: 1 or 0. */
  readonly part: Uint8Array;
  /** What the cells of the crystals say. */
  readonly cells?: CellEvidence | undefined;
}

/** The way to index of every crystal. */
export interface Assignment {
  /** Way to index of each crystal. */
  readonly ways: Uint8Array;
  /** ln of the odds of each crystal's way against the second best; the way is doubtful if below 5. */
  readonly logOdds: Float64Array;
  /** Cycles and total gain of each start. */
  readonly starts: readonly { readonly cycles: number; readonly gain: number }[];
}

/**
 * Largest number of crystals on which random starts are tried. More crystals do not make the choice between starts any
 * safer: a hundred decide it even for weak data. The other crystals are assigned to the best start's merge.
 */
const maxTried = 2048;
const maxLastCycles = 40;

/** Assigns a way to every crystal. Every crystal is assigned, even one without a usable observation (log odds 0). */
export function resolveAmbiguity(
  observations: Observations,
  unique: UniqueReflections,
  options: AmbiguityOptions,
): Assignment {
  const search = new Annealing(normalised(observations, unique, options), unique, options.cells?.odds);
  const tried = sampleEvenly(options.part, maxTried);
  const starts: { cycles: number; gain: number }[] = [];
  let best: { readonly gain: number; readonly shares: Float64Array } | undefined;
  for (let start = 0; start < options.starts; start++) {
    const cycles = search.anneal(new Random(options.seed, start), tried);
    const { gain } = search;
    starts.push({ cycles, gain });
    if (!best || gain > best.gain) best = { gain, shares: search.shares.slice() };
  }
  if (best) search.shares.set(best.shares);
  // Those of the last start: the comparison with them would end the cycles too early.
  search.ways.fill(noWay);
  // The crystals that were not tried have no shares yet: in the first cycle they are compared with those that were.
  const everyone = new Uint8Array(observations.crystals).fill(1);
  const settle = (): void => {
    for (let cycle = 0; cycle < maxLastCycles; cycle++) if (search.cycle(everyone, lastTemperature)) break;
  };
  settle();
  // Intensities tell which crystals are alike, and not which way all of them have: the start would decide it.
  const move = options.cells?.commonMove(search.ways);
  if (move) {
    search.move(move);
    settle();
  }
  return { ways: search.ways, logOdds: search.logOdds, starts };
}
