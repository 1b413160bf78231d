/** The answers to what is wanted: what a goal has now, when it is reached, or why that cannot be said. */
import { counted } from '../../util/amounts.js';
import type { CoursePoint } from '../shown-panes.js';
import { shellEdges } from '../statistics/statistics.js';
import type { Backtest, SaidBefore } from './backtest.js';
import { type Difference, differenceOf, sensitivityOf } from './difference.js';
import type { Goal, WantedKind } from './goals.js';
import { ccHalfForecast, completenessForecast, type ShellForecast, snrForecast } from './shell-goals.js';
import { type ForecastData, fewestPairsOfHalves, HalfSums, type ShellNow, shellsOf } from './shells.js';

/** The likeliest number, and a range that holds the truth in at least three of four runs. */
export interface Likely {
  readonly likely: number;
  readonly least: number;
  readonly most: number;
}

/** A relative difference of two states, and the crystals with which it would be seen. */
export interface Sensitivity {
  readonly relative: number;
  readonly crystals: Likely;
}

/** The difference of two data sets. */
export interface WantedDifference extends Omit<Difference, 'sigmas' | 'groups' | 'reflections' | 'sigmasOfScale'> {
  /** The data sets that are compared. */
  readonly datasets: readonly [string, string];
  /** Smaller differences than `visible`, and the crystals that they need. */
  readonly sensitivities: readonly Sensitivity[];
}

/** The answer to one of the goals of `wanted`. */
export interface WantedAnswer {
  /** The goal as it was given. */
  readonly goal: string;
  readonly kind: WantedKind;
  readonly target: number;
  /** The shell of the goal, angstrom; undefined for a difference. */
  readonly dMax: number | undefined;
  readonly dMin: number | undefined;
  /** The value now: CC1/2, completeness, I/σ, or the σ of the difference; NaN if it cannot be judged yet. */
  readonly value: number;
  /** Standard error of `value`. */
  readonly error: number;
  readonly isReached: boolean;
  /** Number of crystals merged so far. */
  readonly crystals: number;
  /** Number of crystals in all with which the goal is reached; undefined if it is reached, or if `refusal` says why. */
  readonly needed: Likely | undefined;
  /** What the forecast says of more crystals, up to the goal and beyond it; undefined where `needed` is. */
  readonly course: readonly CoursePoint[] | undefined;
  /** The same as frames that are still to come. */
  readonly framesToGo: Likely | undefined;
  /** The same in minutes, of a run that goes on: by the crystals of the last ten minutes. */
  readonly minutesToGo: Likely | undefined;
  /** Why a run that goes on has no time, such as a pause. */
  readonly noTime: string | undefined;
  /** Why there is no forecast. */
  readonly refusal: string | undefined;
  /** What an earlier merge, or the first half of the crystals, said of now. */
  readonly said: SaidBefore | undefined;
  readonly difference: WantedDifference | undefined;
}

/** What the answers are derived from. */
export interface AnswerInput {
  readonly data: ForecastData;
  /** Frames for each crystal. */
  readonly framesPerCrystal: number;
  /** Smallest and largest 1/d of the observed reflections. */
  readonly lowQ: number;
  readonly highQ: number;
  readonly shells: number;
  /** Why no forecast holds for now: a drift. */
  readonly drift: string | undefined;
  /** Names of the two states whose sums come first; or why they cannot be compared. */
  readonly states: readonly [string, string] | string;
  readonly backtest: Backtest;
  /** Time of the merge, s. */
  readonly atS: number;
}

/** Fewest observations of a reflection now, and at the goal: CC1/2 of fewer was wrong in half of the trials. */
const [fewestNow, fewestAtGoal] = [2, 6];
/** Errors by which ranges reach to either side: three of four. */
const reach = 1.2;
/**
 * Errors by which the range of a shell reaches to fewer crystals. Of streams of weak crystals it holds the truth more often
 * than the reach above: 11 of 14, which were 8, and 10 of 10 in other orders of the crystals.
 */
const reachToFewer = 1.7;
/** Significance from which on the time to the goal is told: its relative error is 1/z. */
const minSigmas = 3;

/** Forecasts of the goals that are those of a shell; `halves` is shared by all of them. */
export function shellForecast(input: Pick<AnswerInput, 'data' | 'lowQ' | 'shells'>, goal: Goal, halves: HalfSums) {
  const edges = shellEdges(input.lowQ, 1 / (goal.dMin as number), input.shells);
  // Slightly wider, so that rounding excludes no reflection.
  const top = edges.length - 1;
  edges[top] = (edges[top] as number) * (1 + 1e-9);
  const all = shellsOf(input.data, halves, edges);
  const shell = all.shells.length - 1;
  const forecast =
    goal.kind === 'ccHalf'
      ? ccHalfForecast(all, shell)
      : goal.kind === 'snr'
        ? snrForecast(all, shell)
        : completenessForecast(all, shell, input.data.crystals);
  return { forecast, now: all.shells[shell] as ShellNow };
}

/** Answers all goals, and keeps what they say for later. */
export function answersOf(goals: readonly Goal[], input: AnswerInput): WantedAnswer[] {
  const halves = goals.some(({ dMin }) => dMin !== undefined) ? new HalfSums(input.data) : undefined;
  return goals.map((goal) =>
    goal.dMin === undefined || !halves ? ofDifference(goal, input) : ofShell(goal, input, halves),
  );
}

function ofShell(goal: Goal, input: AnswerInput, halves: HalfSums): WantedAnswer {
  const { data, backtest, atS } = input;
  const { kind, target, text } = goal;
  const { crystals } = data;
  const base = {
    goal: text,
    kind,
    target,
    dMin: goal.dMin,
    crystals,
    needed: undefined,
    course: undefined,
    framesToGo: undefined,
    minutesToGo: undefined,
    noTime: undefined,
    difference: undefined,
    said: undefined,
  };
  const beyond = beyondText(goal, input.highQ);
  if (beyond !== undefined)
    return { ...base, dMax: undefined, value: Number.NaN, error: Number.NaN, isReached: false, refusal: beyond };
  const { forecast, now } = shellForecast(input, goal, halves);
  const { value, error } = forecast;
  const own = { ...base, dMax: 1 / now.low, value, error };
  const unjudged = unjudgedText(kind, now, forecast);
  // A value of too few reflections says nothing: a CC1/2 may be -.45 or .9 by chance.
  if (unjudged !== undefined)
    return { ...own, value: Number.NaN, error: Number.NaN, isReached: false, refusal: unjudged };
  const said = backtest.judge(text, value, error, { crystals, atS });
  backtest.say(text, forecast, crystals, atS);
  const judged = { ...own, said };
  // Of few pairs, CC1/2 is above the goal by chance alone: what is known of all shells has to say so as well.
  const isReached = value >= target && (kind !== 'ccHalf' || forecast.at(1, 0) >= target);
  if (isReached) return { ...judged, isReached, refusal: undefined };
  const refusal = input.drift ?? (backtest.isSuspended(text) ? suspended : refusalOf(goal, forecast));
  if (refusal !== undefined) return { ...judged, isReached: false, refusal };
  // More than the crystals so far, since the goal is not reached.
  const crystalsAt = (sigmas: number): number => Math.max(crystals + 1, crystals * forecast.factor(target, sigmas));
  const needed = { likely: crystalsAt(0), least: crystalsAt(reachToFewer), most: crystalsAt(-reach) };
  const course = courseOf(crystals, needed, (factor, sigmas) => forecast.at(factor, sigmas));
  return { ...judged, isReached: false, refusal: undefined, needed, course, framesToGo: framesOf(needed, input) };
}

/** Points of a course. */
const courseSteps = 12;

/** What a forecast says from the crystals so far to a quarter more than the goal may take. */
function courseOf(
  crystals: number,
  { most, likely }: Likely,
  at: (factor: number, sigmas: number) => number,
): CoursePoint[] {
  const end = Math.max(1.5, Math.min(20, (1.25 * (Number.isFinite(most) ? most : 2 * likely)) / crystals));
  return Array.from({ length: courseSteps + 1 }, (_, i) => {
    const factor = end ** (i / courseSteps);
    return {
      crystals: crystals * factor,
      likely: at(factor, 0),
      least: at(factor, -reach),
      most: at(factor, reachToFewer),
    };
  });
}

const suspended = 'the last two forecasts were wrong; there is none until two are right';

/** The last reflections are farther apart than the data's end is known. */
const withinData = 1.01;

/** A goal beyond the data, in words. */
export const beyondText = ({ dMin }: Goal, highQ: number): string | undefined =>
  dMin !== undefined && 1 / dMin > highQ * withinData
    ? `the data end at ${(1 / highQ).toFixed(2)} Å; ask for ${(Math.ceil(100 / highQ) / 100).toFixed(2)} Å or a larger d`
    : undefined;

/** Why a shell cannot be judged yet. */
export function unjudgedText(kind: WantedKind, now: ShellNow, { observations }: ShellForecast): string | undefined {
  if (kind === 'completeness') return undefined;
  if (!(observations >= fewestNow))
    return `the shell has ${observations.toFixed(1)} observations of a reflection; ${fewestNow} are needed to judge it`;
  const pairs = now.kept.length;
  return kind === 'ccHalf' && pairs < fewestPairsOfHalves
    ? `${counted(pairs, 'reflection')} of the shell ${pairs === 1 ? 'has' : 'have'} two observations in each half; ` +
        `${fewestPairsOfHalves} are needed to judge it`
    : undefined;
}

/** Why there is no forecast of a shell that can be judged. */
function refusalOf({ kind, target }: Goal, forecast: ShellForecast): string | undefined {
  if (target > forecast.ceiling)
    return (
      `${Math.round(100 * (1 - forecast.ceiling))} % of the reflections are never seen, as if all crystals lay alike; ` +
      'more of them do not complete the shell'
    );
  const likely = forecast.factor(target, 0);
  if (!Number.isFinite(likely)) return 'a thousand times the crystals would not be enough';
  const atGoal = forecast.observations * Math.max(1, likely);
  if (kind !== 'ccHalf' || atGoal >= fewestAtGoal) return undefined;
  return forecast.value >= target
    ? `all shells together give ${forecast.at(1, 0).toFixed(3).slice(1)} here: the goal may be passed by chance`
    : `the goal would come with ${atGoal.toFixed(1)} observations of a reflection; with fewer than ${fewestAtGoal} ` +
        'CC1/2 cannot be forecast';
}

const framesOf = ({ likely, least, most }: Likely, { data, framesPerCrystal }: AnswerInput): Likely => {
  const frames = (needed: number): number => Math.max(0, (needed - data.crystals) * framesPerCrystal);
  return { likely: frames(likely), least: frames(least), most: frames(most) };
};

/** Fewest reflections of which a significance has the scatter of a normal distribution, and what its scale may add. */
const [fewestReflections, maxSigmasOfScale] = [10, 0.3];

/** Why too little is known of two states to judge their difference: a few reflections found 70 σ where there was none. */
function tooLittleText(found: Pick<Difference, 'groups' | 'reflections' | 'sigmasOfScale'>): string | undefined {
  const { groups, reflections, sigmasOfScale } = found;
  if (groups < 2)
    return `${counted(groups, 'group')} of crystals ${groups === 1 ? 'has' : 'have'} reflections of both data sets; two are needed`;
  if (!(reflections >= fewestReflections))
    return `a difference would rest on ${counted(Math.floor(reflections), 'reflection')}; ${fewestReflections} are needed to judge it`;
  return sigmasOfScale <= maxSigmasOfScale
    ? undefined
    : `the scale of the data sets is not known yet: its error alone is ${sigmasOfScale.toFixed(1)} σ`;
}

/** Relative differences for which the crystals are stated, as far as they are smaller than what is visible now. */
const differences = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002];
/** Relative error of the crystals of a sensitivity. */
const ofSensitivity = 0.2;

function ofDifference({ text, kind, target }: Goal, input: AnswerInput): WantedAnswer {
  const { data, states } = input;
  const { crystals } = data;
  const base = {
    goal: text,
    kind,
    target,
    dMax: undefined,
    dMin: undefined,
    crystals,
    needed: undefined,
    course: undefined,
    framesToGo: undefined,
    minutesToGo: undefined,
    noTime: undefined,
    said: undefined,
  };
  const nothing = { value: Number.NaN, error: Number.NaN, isReached: false, difference: undefined };
  if (typeof states === 'string') return { ...base, ...nothing, refusal: states };
  const [first, second] = data.sums;
  if (!first || !second) return { ...base, ...nothing, refusal: 'there are no two data sets to compare' };
  const pair = { q: data.q, orbits: data.orbits, sums: [first, second] as const };
  const { sigmas, groups, reflections, sigmasOfScale, ...found } = differenceOf(pair, target);
  const tooLittle = tooLittleText({ groups, reflections, sigmasOfScale });
  if (tooLittle !== undefined) return { ...base, ...nothing, refusal: tooLittle };
  const factorOf = sensitivityOf(pair);
  const sensitivities = differences
    // One that reads like what is visible now is seen already.
    .filter((relative) => relative < Number(found.visible.toPrecision(2)))
    .slice(0, 2)
    .flatMap((relative): Sensitivity[] => {
      const likely = crystals * factorOf(found.visible / relative);
      const range = Math.exp(reach * ofSensitivity);
      return Number.isFinite(likely)
        ? [{ relative, crystals: { likely, least: Math.max(crystals, likely / range), most: likely * range } }]
        : [];
    });
  const difference = { ...found, datasets: states, sensitivities };
  const own = { ...base, value: sigmas, error: 1, difference };
  if (sigmas >= target) return { ...own, isReached: true, refusal: undefined };
  const refusal =
    input.drift ??
    (sigmas < minSigmas
      ? `the crystals to ${target} σ are told from ${minSigmas} σ on; before, chance decides`
      : undefined);
  if (refusal !== undefined) return { ...own, isReached: false, refusal };
  // Significance grows as the number of crystals; its error is 1.
  const at = (z: number): number => Math.max(crystals + 1, (crystals * target) / z);
  const needed = { likely: at(sigmas), least: at(sigmas + reach), most: at(sigmas - reach) };
  const course = courseOf(crystals, needed, (factor, errors) => (sigmas + errors) * factor);
  return { ...own, isReached: false, refusal: undefined, needed, course, framesToGo: framesOf(needed, input) };
}
