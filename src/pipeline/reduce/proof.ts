/** Whether reduced frames give the intensities of the frames as they were: a proof by the same observations both ways. */
import type { Cell } from '../../crystal/cell.js';
import type { LimitName } from './limits.js';
import { type MergedBoth, mergedBoth } from './merged-both.js';
import { isMissing, type Known, meanOfFrames, type Pair, type ProvenFrame, pairsOf, shellOf } from './pairs.js';

/** A shell of resolution, d in Å; biases in standard deviations of an observation. */
export interface ProvenShell {
  readonly from: number;
  readonly to: number;
  readonly observations: number;
  /** Share of the observations that are missing after it. */
  readonly missing: number;
  readonly bias: Known;
  /** Mean square of the change, in variances of an observation. */
  readonly variance: Known;
  /** Sum of the intensities after it, relative to that before, and the median of the ratio of errors. */
  readonly sum: number;
  readonly sigma: number;
}

/** What a proof found; numbers with errors from the frames as blocks. */
export interface Proof {
  readonly frames: number;
  readonly crystals: { readonly both: number; readonly lost: number; readonly gained: number };
  readonly observations: number;
  readonly missing: number;
  readonly bias: Known;
  readonly variance: Known;
  /** Multiplicity up to which the bias is below the noise of a merged intensity. */
  readonly multiplicity: number;
  readonly shells: readonly ProvenShell[];
  /** Differences of the merges of all these frames, shell by shell. */
  readonly merged: MergedBoth;
  /** The limits, and what is beyond them by more than two errors, in words; none if it is accepted. */
  readonly accept: Readonly<Record<LimitName, number>>;
  readonly failures: readonly string[];
  /** What a search of the kept pixels finds, where a run takes the listed peaks; it is not judged. */
  readonly anew?: SearchedAnew | undefined;
  /** The outcome in a sentence. */
  readonly text: string;
}

/** What programs get that search for peaks among the pixels around spots. */
interface SearchedAnew {
  readonly crystals: { readonly both: number; readonly lost: number };
  readonly missing: number;
}

const shellCount = 4;

/** Compares frames both ways. `cell` is that of the crystals. */
export function proofOf(
  frames: readonly ProvenFrame[],
  cell: Cell,
  accept: Proof['accept'],
  anew?: SearchedAnew,
): Proof {
  const { pairs, both, lost, gained } = pairsOf(frames);
  const sorted = pairs.map(({ inverseD }) => inverseD).sort((a, b) => a - b);
  const edges = Array.from(
    { length: shellCount - 1 },
    (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / shellCount)] ?? 0,
  );
  const inShell = (shell: number) => pairs.filter((pair) => shellOf(pair, edges) === shell);
  const shells = Array.from({ length: shellCount }, (_, shell) => provenShell(inShell(shell))).filter(
    ({ observations }) => observations > 0,
  );
  const found = pairs.filter(isFound);
  const bias = meanOfFrames(found, change);
  const proof = {
    frames: frames.length,
    crystals: { both, lost, gained },
    observations: pairs.length,
    missing: pairs.length === 0 ? 1 : 1 - found.length / pairs.length,
    bias,
    variance: meanOfFrames(found, (pair) => change(pair) ** 2),
    multiplicity: 1 / Math.max(Math.abs(bias.value), bias.error, 1e-9) ** 2,
    shells,
    merged: mergedBoth(pairs, cell, edges),
    accept,
    ...(anew && { anew }),
  };
  const judged = { ...proof, failures: failuresOf(proof) };
  return { ...judged, text: textOf(judged) };
}

const isFound = (pair: Pair): boolean => !isMissing(pair);
const change = ({ intensity, intensityAfter, sigma }: Pair): number => (intensityAfter - intensity) / sigma;

function provenShell(pairs: readonly Pair[]): ProvenShell {
  const found = pairs.filter(isFound);
  const sum = (value: (one: Pair) => number): number => found.reduce((all, pair) => all + value(pair), 0);
  const ratios = found.map(({ sigma, sigmaAfter }) => sigmaAfter / sigma).sort((a, b) => a - b);
  const distances = pairs.map(({ inverseD }) => 1 / inverseD);
  return {
    from: distances.reduce((most, d) => Math.max(most, d), 0),
    to: distances.reduce((least, d) => Math.min(least, d), Number.POSITIVE_INFINITY),
    observations: pairs.length,
    missing: pairs.length === 0 ? 0 : 1 - found.length / pairs.length,
    bias: meanOfFrames(found, change),
    variance: meanOfFrames(found, (pair) => change(pair) ** 2),
    sum: sum(({ intensityAfter }) => intensityAfter) / sum(({ intensity }) => intensity),
    sigma: ratios[Math.floor(ratios.length / 2)] ?? Number.NaN,
  };
}

const third = ['weak', 'middle', 'strong'] as const;

/** What is beyond the limits by more than two errors. */
function failuresOf({ crystals, shells, merged, observations, accept }: Omit<Proof, 'failures' | 'text'>): string[] {
  const told: string[] = [];
  const say = (name: LimitName, value: number, error: number, text: string): void => {
    if (!(value - 2 * error <= accept[name])) told.push(`${text} (accepted: ${name}<${accept[name]})`);
  };
  const { both, lost, gained } = crystals;
  if (observations === 0) return ['there is no observation to compare'];
  const less = Math.max(0, lost - gained);
  say('lost', less / (both + lost), 0, `${lost} of ${both + lost} crystals are lost`);
  for (const { from, to, missing, bias, variance } of shells) {
    const where = `from ${from.toFixed(1)} to ${to.toFixed(2)} Å`;
    say('bias', Math.abs(bias.value), bias.error, `${where} the bias is ${known(bias)} σ`);
    say('noise', 1 + variance.value, variance.error, `${where} the variance grows by ${known(variance)}`);
    say('missing', missing, 0, `${where} ${(100 * missing).toPrecision(2)} % of the observations are missing`);
  }
  for (const [shell, thirds] of merged.shells.entries())
    for (const [i, one] of thirds.entries())
      say(
        'merge',
        Math.abs(one.value),
        one.error,
        `in shell ${shell + 1} the ${third[i]} third of the merged intensities changes by ${known(one, 100)} %`,
      );
  return told;
}

/** A number with its error, as precise as the error allows. */
function known({ value, error }: Known, factor = 1): string {
  const digits = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(Math.max(factor * error, 1e-6)))));
  const sign = value < 0 ? '−' : '+';
  return `${sign}${Math.abs(factor * value).toFixed(digits)} ± ${(factor * error).toFixed(digits)}`;
}

/** The outcome in a sentence. */
function textOf(proof: Omit<Proof, 'text'>): string {
  const { bias, variance, missing, multiplicity, crystals, frames, failures, anew } = proof;
  const more = 100 * (Math.max(0, variance.value) + missing);
  const all = crystals.both + crystals.lost;
  const power = Math.floor(Math.log10(Math.max(1, multiplicity)));
  const isSame = missing === 0 && variance.value === 0;
  const change = isSame
    ? 'each observation is the same'
    : `bias ${known(bias)} σ: below the noise up to a multiplicity of ` +
      `${power >= 4 ? `1e${power}` : Math.floor(multiplicity)}; ${Number(more.toPrecision(2))} % more frames make up for the loss`;
  return (
    `${failures.length === 0 ? 'proof' : 'the proof fails'}: ${frames} frames both ways: ${change}; ` +
    `${crystals.lost} of ${all} crystals lost${anew ? `; ${anewText(anew)}` : ''}`
  );
}

function anewText({ crystals: { both, lost }, missing }: SearchedAnew): string {
  return (
    `programs that search the kept pixels, instead of taking the listed peaks, lose ${lost} of ${both + lost} crystals ` +
    `and ${(100 * missing).toPrecision(2)} % of the observations`
  );
}
