/** Forecasts of a merge: on simulated observations of which the future is known, and their refusals one by one. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type AnswerInput, answersOf, type WantedAnswer } from '../../src/merging/forecast/answers.js';
import { Backtest } from '../../src/merging/forecast/backtest.js';
import { differenceOf } from '../../src/merging/forecast/difference.js';
import { poissonQuantile } from '../../src/merging/forecast/draws.js';
import { readGoals } from '../../src/merging/forecast/goals.js';
import { groupCount } from '../../src/merging/forecast/group-sums.js';
import type { ShellForecast } from '../../src/merging/forecast/shell-goals.js';
import { type ForecastData, HalfSums, shellsOf } from '../../src/merging/forecast/shells.js';
import { driftText, trendOf } from '../../src/merging/forecast/stationarity.js';
import { answerText, forecastSection } from '../../src/merging/forecast/words.js';
import { refused } from '../support/refused.js';
import { World, type WorldOptions } from './forecast-world.js';

/** The answers to goals of a merge of the data. */
const answered = (data: ForecastData, goals: readonly string[], scene: Partial<AnswerInput> = {}) =>
  answersOf(readGoals(goals), {
    data,
    framesPerCrystal: 2,
    lowQ: 1 / 20,
    highQ: Math.max(...data.q),
    shells: 10,
    drift: undefined,
    states: ['off', 'on'],
    backtest: new Backtest(),
    atS: 0,
    ...scene,
  });

/** A world with the sums of its first crystals. */
function crystalsOf(seed: number, count: number, options: WorldOptions = {}) {
  const world = new World(seed, options);
  const sums = world.sums();
  world.add(sums, count);
  return { world, sums, data: world.data(sums) };
}

describe('a goal', () => {
  test('is read with its unit and its resolution', () => {
    expect(
      readGoals(['CC1/2=.5@2.0A', 'complete = 95% @ 2', 'I/sigma=2@1.8Å', 'difference=5s']).map(
        ({ kind, target, dMin }) => [kind, target, dMin],
      ),
    ).toEqual([
      ['ccHalf', 0.5, 2],
      ['completeness', 0.95, 2],
      ['snr', 2, 1.8],
      ['difference', 5, undefined],
    ]);
    expect(readGoals()).toEqual([]);
  });

  test.each([
    ['Rsplit=.1@2A', 'CC1/2=.5@2.0A'],
    ['CC1/2', 'expected a goal'],
    ['CC1/2=.5', 'expected the resolution'],
    ['CC1/2=1.5@2A', 'between 0 and .999'],
    ['complete=120%@2A', 'between 0 and 99.99 %'],
    ['I/sigma=0@2A', 'between 0 and 100'],
    ['I/sigma=50%@2A', 'between 0 and 100'],
    ['difference=5%', 'number of sigmas'],
    ['difference=5s@2A', 'all reflections'],
  ])('%s is refused with what would be right', async (text, words) => {
    await refused(() => readGoals([text]), 'Argument', text, words);
  });

  test('may be given once', async () => {
    await refused(() => readGoals(['CC1/2=.5@2A', 'cchalf=50%@2.0A']), 'Argument', 'once');
  });
});

test('the classes of intensity do not gather the observations that tell little', () => {
  const meanOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b) / values.length;
  // In a faint shell, the information of an observation hardly depends on the intensity.
  const ofWeakest = [0, 1, 2].map((seed) => {
    const { world, data } = crystalsOf(seed, 219);
    const classes = shellsOf(data, new HalfSums(data), world.edges).shells.at(-1)?.sample ?? [];
    const [weakest = []] = classes;
    return meanOf(weakest) / meanOf(classes.map(meanOf));
  });
  expect(meanOf(ofWeakest)).toBeGreaterThan(0.8);
});

describe('a shell', () => {
  const goals = ['CC1/2=.6@1.8A', 'I/sigma=2@1.8A', 'complete=95%@1.8A'];
  let early: ReturnType<typeof crystalsOf>;
  let said: readonly WantedAnswer[];
  beforeAll(() => {
    early = crystalsOf(3, 270);
    said = answered(early.data, goals);
  });

  test('is forecast from a fifth of the crystals within 30 %', () => {
    // The same run goes on until the goals are reached.
    early.world.add(early.sums, 1080);
    const later = answered(early.world.data(early.sums), goals);
    for (const [i, one] of said.slice(0, 2).entries()) {
      const { value, target } = later[i] as WantedAnswer;
      // Close to the target: the number of crystals follows from the slope, about 1 for I/σ and CC1/2 / (1 − CC1/2).
      const off = one.kind === 'snr' ? (target / value) ** 1.6 : target / (1 - target) / (value / (1 - value));
      const truth = 1350 * off;
      expect(Math.abs((one.needed?.likely ?? 0) / truth - 1), answerText(one)).toBeLessThan(0.3);
      expect(one.needed?.least).toBeLessThan(one.needed?.likely ?? 0);
      expect(one.needed?.most).toBeGreaterThan(one.needed?.likely ?? 0);
      expect(one.framesToGo?.likely).toBeCloseTo(2 * ((one.needed?.likely ?? 0) - 270), 6);
    }
    expect(later[2]?.isReached).toBe(true);
    expect(answerText(later[2] as WantedAnswer)).toMatch(/^complete=95%@1.8A: 100\.0 % at 1\.86–1\.80 Å; reached$/);
  });

  test('has an error of I/sigma that includes that of sigma', () => {
    const [, snr] = said;
    // Of that many reflections alone, I/σ would be known to 6.0 %; σ is to some 6 %.
    expect((snr?.error ?? 0) / (snr?.value ?? 1)).toBeGreaterThan(0.064);
    expect((snr?.error ?? 0) / (snr?.value ?? 1)).toBeLessThan(0.15);
  });

  test('is complete when the coupons are collected, and never where no crystal shows a part of it', () => {
    const [sparse] = answered(crystalsOf(5, 60).data, ['complete=95%@1.8A']);
    expect(Math.abs((sparse?.needed?.likely ?? 0) / 228 - 1)).toBeLessThan(0.3);
    const [blind] = answered(crystalsOf(5, 400, { blind: 0.2 }).data, ['complete=95%@1.8A']);
    expect(blind?.needed).toBeUndefined();
    expect(blind?.refusal).toMatch(/^(1[7-9]|2[0-3]) % of the reflections are never seen/);
  });

  test('is not judged, and not forecast, by too little, with the reason', { tags: 'all' }, () => {
    const refusalOf = (count: number, goal: string, scene: Partial<AnswerInput> = {}, options: WorldOptions = {}) =>
      answered(crystalsOf(7, count, options).data, [goal], scene)[0]?.refusal;
    expect(refusalOf(40, 'CC1/2=.5@1.8A')).toMatch(/^the shell has 1\.\d observations of a reflection; 2 are needed/);
    expect(refusalOf(40, 'I/sigma=2@1.8A')).toMatch(/^the shell has 1\.\d observations of a reflection; 2 are needed/);
    expect(refusalOf(90, 'CC1/2=.5@1.8A', {}, { unique: 300, observations: 9 })).toMatch(
      /^\d+ reflections? of the shell ha(s|ve) two observations in each half; 30 are needed/,
    );
    expect(refusalOf(270, 'CC1/2=.99@1.8A', { drift: 'the crystals have changed' })).toBe('the crystals have changed');
    expect(refusalOf(270, 'CC1/2=.5@1.6A')).toBe('the data end at 1.80 Å; ask for 1.81 Å or a larger d');
    expect(refusalOf(120, 'CC1/2=.999@1.8A', {}, { photons: 0.5 })).toBe(
      'a thousand times the crystals would not be enough',
    );
    // Of strong reflections the goal is near before there are six observations of each.
    expect(refusalOf(90, 'CC1/2=.97@1.8A', {}, { photons: 30_000 })).toMatch(
      /^the goal would come with [2-5]\.\d observations of a reflection; with fewer than 6 CC1\/2 cannot be forecast$/,
    );
    // Above the goal by chance, which is no word of a goal that comes.
    const lucky = answered(crystalsOf(13, 90, { photons: 300 }).data, ['CC1/2=.45@1.8A'])[0] as WantedAnswer;
    expect([lucky.value >= lucky.target, lucky.isReached]).toEqual([true, false]);
    expect(lucky.refusal).toMatch(/^all shells together give \.\d+ here: the goal may be passed by chance$/);
  });

  test('in words and as a table says what is, what comes and how sure that is', () => {
    // A number is named where its range lies within 30 % of it.
    expect(answerText(said[0] as WantedAnswer)).toMatch(
      /^CC1\/2=\.6@1\.8A: \.\d\d ± \.\d\d at 1\.86–1\.80 Å; would be reached with \d+ to \d+ crystals; now 270$/,
    );
    expect(answerText(answered(crystalsOf(5, 1000).data, ['CC1/2=.6@1.8A'])[0] as WantedAnswer)).toMatch(
      /^CC1\/2=\.6@1\.8A: \.\d\d ± \.\d\d at 1\.86–1\.80 Å; would be reached with \d+ crystals \(\d+ to \d+\); now 1000$/,
    );
    expect(forecastSection(said).match(/<tr>/g)).toHaveLength(4);
    expect(forecastSection()).toBe('');
  });
});

describe('what was said before', () => {
  /** A forecast that CC1/2 grows as a power of the crystals. */
  const growing = (value: number, power: number): ShellForecast => ({
    value,
    error: 0.002,
    at: (factor, sigmas) => value * (factor * Math.exp(0.02 * sigmas)) ** power,
    factor: (target) => (target / value) ** (1 / power),
    observations: 10,
    ceiling: 1,
  });
  const at = (crystals: number, atS = 0) => ({ crystals, atS });

  test('stands beside what is: twenty minutes ago, or with half of the crystals', () => {
    const backtest = new Backtest();
    backtest.say('goal', growing(0.2, 0.5), 100, 0);
    backtest.say('goal', growing(0.28, 0.5), 200, 600);
    expect(backtest.judge('goal', 0.4, 0.01, at(400, 1800))).toMatchObject({
      crystals: 200,
      secondsAgo: 1200,
      isRight: true,
    });
    expect(backtest.judge('goal', 0.41, 0.01, at(410))?.value).toBeCloseTo(0.28 * Math.sqrt(2.05), 2);
    expect(backtest.judge('other', 0.41, 0.01, at(410))).toBeUndefined();
  });

  test('suspends forecasts after two misses, until two hits', () => {
    const backtest = new Backtest();
    backtest.say('goal', growing(0.2, 0.5), 100, 0);
    const judged = (value: number, crystals: number): boolean => {
      backtest.judge('goal', value, 0.002, at(crystals));
      return backtest.isSuspended('goal');
    };
    // .22 instead of .28, at which the forecast would have been with 121 crystals.
    expect([judged(0.22, 200), judged(0.22, 201), judged(0.23, 220)]).toEqual([false, false, true]);
    expect([judged(0.31, 240), judged(0.33, 270)]).toEqual([true, false]);
  });

  test('that was wrong twice is the reason why nothing is said', () => {
    const { data } = crystalsOf(3, 270);
    const backtest = new Backtest();
    backtest.say('CC1/2=.9@1.8A', growing(0.6, 0.4), 100, 0);
    const run = (crystals: number) => answered({ ...data, crystals }, ['CC1/2=.9@1.8A'], { backtest })[0];
    expect(run(270)?.said).toMatchObject({ isRight: false });
    expect(run(280)?.refusal).toBe('the last two forecasts were wrong; there is none until two are right');
  });
});

describe('crystals that change', () => {
  test('are noticed by the information they add, and by their cell', () => {
    const added = (quality: (c: number) => number): string | undefined => {
      const world = new World(2003);
      const outer: number[] = [];
      world.add(world.sums(), 400, { quality, onCrystal: (sum) => outer.push(sum) });
      return driftText(Float64Array.from(outer), []);
    };
    expect(added(() => 1)).toBeUndefined();
    expect(added((c) => (c < 280 ? 1 : 0.4))).toMatch(/^the crystals have changed: .* down by \d\d %$/);
    const cell = Float64Array.from({ length: 200 }, (_, c) => 60 + 0.002 * c + 0.02 * Math.sin(7 * c));
    expect(driftText(new Float64Array(200), [cell.map(() => 40), cell])).toMatch(
      /^the cell has changed: b by \+0\.\d\d Å$/,
    );
    // Fewer are not judged.
    expect(driftText(new Float64Array(30), [cell.subarray(0, 30)])).toBeUndefined();
  });

  test('have errors of their trend that the trend does not enlarge', () => {
    const steps = Array.from({ length: 20 }, (_, i) => 3 * i + (i % 2));
    expect(trendOf(steps).change).toBeCloseTo(60, 0);
    expect(trendOf(steps).sigmas).toBeGreaterThan(20);
    expect(trendOf(new Array(20).fill(1)).sigmas).toBe(0);
  });
});

describe('a difference', () => {
  const statesOf = (seed: number, count: number, options: WorldOptions = {}) => {
    const world = new World(seed, { unique: 3000, observations: 75, photons: 200, ...options });
    const [off, on] = [world.sums(), world.sums()];
    world.add(off, count);
    world.add(on, count, { isOn: true });
    return { world, off, on, data: world.data(off, on) };
  };

  test('that is none has no significance and no time, and says what would be seen', () => {
    const { data } = statesOf(11, 250);
    const [answer] = answered(data, ['difference=5s']);
    expect(Math.abs(answer?.value ?? 9)).toBeLessThan(3);
    expect(answer).toMatchObject({ needed: undefined, framesToGo: undefined, isReached: false });
    expect(answer?.refusal).toMatch(/^the crystals to 5 σ are told from 3 σ on/);
    expect(answer?.difference?.visible).toBeGreaterThan(0.04);
    expect(answer?.difference?.visible).toBeLessThan(0.1);
    expect(answer?.difference?.sensitivities.map(({ relative }) => relative)).toEqual([0.05, 0.02]);
    expect(answer && answerText(answer)).toMatch(
      /^difference=5s: -?\d\.\d σ between off and on; 8\.\d % would be seen now, 5 % with \d+ crystals \(\d+ to \d+\)/,
    );
  });

  test('is not judged by a few reflections, which find up to 70 sigmas where there are none', { tags: 'all' }, () => {
    for (let seed = 9000; seed < 9030; seed++)
      for (const count of [15, 25]) {
        const [answer] = answered(statesOf(seed, count, { unique: 1500, observations: 60 }).data, ['difference=5s']);
        expect(answer).toMatchObject({ value: Number.NaN, isReached: false, needed: undefined, difference: undefined });
        expect(answer?.refusal).toMatch(/^a difference would rest on \d reflections?; 10 are needed to judge it$/);
      }
  });

  test('of scale and temperature factor alone is none', () => {
    const { world, off, on } = statesOf(12, 250);
    const pair = { q: world.q, orbits: world.orbits, sums: [off, on] as const };
    const before = differenceOf(pair, 5);
    for (let at = 0; at < on.numerator.length; at++) {
      const q = world.q[at % on.unique] as number;
      on.numerator[at] = (on.numerator[at] as number) * 1.1 * Math.exp(-2 * q * q);
    }
    const { sigmas, scale, relativeB } = differenceOf(pair, 5);
    expect(sigmas).toBeCloseTo(before.sigmas, 0);
    expect(1 / scale).toBeCloseTo(1.1, 1);
    expect(relativeB - before.relativeB).toBeCloseTo(-4, 0);
  });

  test('of 5 % is told from three sigmas on with its range, and is reached', () => {
    const { world, off, on } = statesOf(13, 240, { delta: 0.08 });
    const answer = () => answered(world.data(off, on), ['difference=5s'])[0];
    const early = answer();
    expect(early?.value).toBeGreaterThan(3);
    expect(early?.value).toBeLessThan(5);
    const { likely = 0, least = 0, most = 0 } = early?.needed ?? {};
    expect(likely).toBeCloseTo((480 * 5) / (early?.value ?? 0), 6);
    expect(least).toBeLessThan(likely);
    expect(most).toBeGreaterThan(1.3 * likely);
    world.add(off, 300);
    world.add(on, 300, { isOn: true });
    expect(answer()).toMatchObject({ isReached: true, refusal: undefined });
    expect(answer()?.difference?.relative).toBeCloseTo(0.08 * Math.SQRT1_2, 1);
  });

  test('needs two groups of crystals of both states, and two states', () => {
    const { world, off, on } = statesOf(14, 40);
    for (let at = on.unique; at < on.counts.length; at++) on.information[at] = on.counts[at] = 0;
    expect(answered(world.data(off, on), ['difference=5s'])[0]?.refusal).toBe(
      '1 group of crystals has reflections of both data sets; two are needed',
    );
    expect(answered(world.data(off, on), ['difference=5s'], { states: 'the cells differ' })[0]?.refusal).toBe(
      'the cells differ',
    );
    expect(groupCount).toBe(6);
  });
});

test('quantiles of Poisson numbers have their mean and rise with it', () => {
  const us = Array.from({ length: 2000 }, (_, i) => (i + 0.5) / 2000);
  for (const mean of [0.3, 4, 59, 80, 900]) {
    const numbers = us.map((u) => poissonQuantile(u, mean));
    expect(numbers.reduce((a, b) => a + b) / 2000 / mean).toBeCloseTo(1, 2);
    expect(numbers.every((n, i) => n >= (numbers[i - 1] ?? 0))).toBe(true);
  }
});
