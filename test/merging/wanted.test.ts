/** What is wanted of a merge: asked of streams and of a merge that goes on. */
import { type Context, createContext, readCell } from 'ewald';
import { mergeReport, mergeSink, mergeStatusText, wantedText } from 'ewald/merging';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Indices } from '../../src/crystal/symmetry/asymmetric-unit.js';
import type { WantedAnswer } from '../../src/merging/forecast/answers.js';
import { CrystalRate, RunningAnswers } from '../../src/merging/forecast/running.js';
import { shownAnswer } from '../../src/merging/forecast/shown.js';
import type { MergeOptions } from '../../src/merging/options.js';
import type { MergeResult } from '../../src/merging/result.js';
import { WatchedRun } from '../../src/server/watch/watched-run.js';
import { refused } from '../support/refused.js';
import { simulateStream } from './simulated.js';

const simulated = simulateStream({
  crystals: 60,
  symmetry: 'mmm',
  parameters: [24, 28, 33, 90, 90, 90],
  cellError: 1e-3,
});
const [head = '', ...chunks] = simulated.text.split(/^(?=----- Begin chunk -----)/m);

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

async function merge(options: Partial<MergeOptions>, text = simulated.text): Promise<MergeResult> {
  const merger = await context.merger({ symmetry: 'mmm', polarisation: 'none', iterations: 3, ...options });
  await merger.addStream({ name: 'wanted.stream', bytes: new TextEncoder().encode(text) });
  return merger.run();
}

describe('a merge', () => {
  test('answers what is wanted, beside the same lists as without', { tags: 'all' }, async () => {
    const wanted = ['CC1/2=.99@2.6A', 'I/sigma=40@2.6A', 'complete=99%@2.6A'];
    const [result, plain] = [await merge({ wanted }), await merge({})];
    expect(plain).not.toHaveProperty('forecast');
    expect(result.reflections).toEqual(plain.reflections);
    const [ccHalf, snr, complete] = result.forecast ?? [];
    const outer = (await merge({ wanted, highres: 2.6 })).statistics.shells.at(-1);
    expect(snr?.dMin).toBe(2.6);
    expect((snr?.value ?? 0) / (outer?.snr ?? 0)).toBeGreaterThan(0.75);
    expect((snr?.value ?? 0) / (outer?.snr ?? 0)).toBeLessThan(1.33);
    expect(complete?.value).toBeCloseTo(outer?.completeness ?? 0, 1);
    expect(complete?.said?.crystals).toBe(30);
    expect(snr?.crystals).toBe(60);
    expect(ccHalf?.refusal ?? ccHalf?.needed ?? ccHalf?.isReached).toBeDefined();
    expect(mergeReport(result)).toContain('When there is enough');
    expect(mergeReport(plain)).not.toContain('When there is enough');
    // It survives structured cloning.
    expect(structuredClone(result.toPlain()).forecast).toEqual(result.forecast);
  });

  test('takes reflections that its space group leaves out neither for weak nor for missing ones', async () => {
    const parameters = [14, 15, 16, 90, 90, 90] as const;
    const factor = ([h, k, l]: Indices): number =>
      (h === 0 && (k + l) % 2 !== 0) || (k === 0 && h % 2 !== 0) ? 1e-6 : 1;
    const { text } = simulateStream({ crystals: 30, symmetry: 'mmm', parameters, factor });
    const of = async (spaceGroup?: string) => {
      const options = { ...(spaceGroup && { spaceGroup }), wanted: ['I/sigma=90@2.6A'], shells: 1 };
      const { forecast, statistics } = await merge(options, text);
      return { said: forecast?.[0]?.value ?? 0, snr: statistics.overall.snr };
    };
    const [plain, stated] = [await of(), await of('P n a 21')];
    expect(stated.snr / plain.snr).toBeGreaterThan(1.05);
    expect(Math.abs(stated.said / plain.said / (stated.snr / plain.snr) - 1)).toBeLessThan(0.03);
  });

  test('the first half says of all crystals what a merge of it alone would say', { tags: 'all' }, async () => {
    const wanted = ['I/sigma=90@3.6A', 'I/sigma=90@2.6A'];
    const half = await merge({ wanted }, [head, ...chunks.slice(0, 30)].join(''));
    const { forecast = [] } = await merge({ wanted });
    const course = half.forecast?.[0]?.course ?? [];
    const i = course.findIndex(({ crystals }) => crystals >= 60);
    const [before, after] = [course[i - 1], course[i]];
    if (!before || !after) throw new Error('no course');
    const share = (60 - before.crystals) / (after.crystals - before.crystals);
    const expected = before.likely + share * (after.likely - before.likely);
    expect((forecast[0]?.said?.value ?? 0) / expected).toBeGreaterThan(0.96);
    expect((forecast[0]?.said?.value ?? 0) / expected).toBeLessThan(1.04);
    // What could not be judged then has said nothing.
    const refused = half.forecast?.map(({ refusal = '' }) => /needed to judge/.test(refusal));
    expect(forecast.map(({ said }) => said === undefined)).toEqual(refused);
  });

  test('refuses what cannot be answered before it fits anything', { tags: 'all' }, async () => {
    await refused(
      () => merge({ wanted: ['CC1/2=.5@1.2A'] }),
      'Argument',
      'wanted CC1/2=.5@1.2A: the data end at 2.5',
      'ask for 2.5',
    );
    await refused(() => merge({ wanted: ['Rfree=.2'] }), 'Argument', 'CC1/2=.5@2.0A');
    await refused(() => merge({ wanted: ['difference=5s'] }), 'Argument', 'splitBy');
    await refused(
      () => merge({ wanted: ['complete=95%@3A'], model: 'mean', iterations: undefined }),
      'Argument',
      'wanted',
      'mean',
    );
  });

  test('compares two data sets, unless there are others or their cells differ', { tags: 'all' }, async () => {
    const refusalOf = async (stretch: number, sets: number) => {
      const text = chunks.map((chunk, i) => {
        const value = i % sets;
        const own = chunk.replace(/^Event: .*$/m, (line) => `${line}\nheader/int/pump = ${value}`);
        return value === 1
          ? own.replace(/^Cell parameters (\S+)/m, (_, a) => `Cell parameters ${(Number(a) * stretch).toFixed(5)}`)
          : own;
      });
      return merge({ wanted: ['difference=5s'], splitBy: 'pump' }, head + text.join(''));
    };
    const [answer] = (await refusalOf(1, 2)).forecast ?? [];
    // They are compared, and have too few reflections to say more.
    expect(answer?.refusal).toMatch(/^a difference would rest on \d reflections?; 10 are needed to judge it$/);
    const [differs] = (await refusalOf(1.005, 2)).forecast ?? [];
    expect(differs?.refusal).toMatch(/^the cells of 0 and 1 differ: a is 2[34]\.\d+ and 24\.\d+ ± 0\.00\d Å/);
    expect(differs).toMatchObject({ isReached: false, needed: undefined, difference: undefined });
    const [three] = (await refusalOf(1, 3)).forecast ?? [];
    expect(three?.refusal).toBe('a difference is that of two data sets; there are 3 (0, 1, 2)');
  });
});

/** An answer that a goal is reached with 600 crystals. */
const answer: WantedAnswer = {
  goal: 'CC1/2=.5@2.0A',
  kind: 'ccHalf',
  target: 0.5,
  dMax: 2.07,
  dMin: 2,
  value: 0.31,
  error: 0.04,
  isReached: false,
  crystals: 300,
  needed: { likely: 600, least: 500, most: 700 },
  course: undefined,
  framesToGo: { likely: 900, least: 600, most: 1200 },
  minutesToGo: undefined,
  noTime: undefined,
  refusal: undefined,
  said: { crystals: 150, secondsAgo: 1200, value: 0.33, isRight: true },
  difference: undefined,
};

test('an error has the digits that it takes, or is left out if it is not known', () => {
  const text = (value: number, error: number, kind: WantedAnswer['kind'] = 'ccHalf'): string | undefined =>
    wantedText({ ...answer, kind, value, error, said: undefined }).split(' at ')[0];
  expect(text(0.998, 0.0004)).toBe('CC1/2=.5@2.0A: .9980 ± .0004');
  expect(text(1, 0)).toBe('CC1/2=.5@2.0A: 1.00');
  expect(text(1, Number.NaN)).toBe('CC1/2=.5@2.0A: 1.00');
  // The goal is .5: a value that has not reached it does not read as if it had.
  expect(text(0.497, 0.04)).toBe('CC1/2=.5@2.0A: .497 ± .04');
  expect(text(0.4997, 0, 'completeness')).toBe('CC1/2=.5@2.0A: 49.97 %');
  expect(text(2.97, 1, 'difference')).toBe(
    'CC1/2=.5@2.0A: 2.9 σ; would be reached with 600 crystals (500 to 700); now 300',
  );
  expect(text(0.9997, 0.0002, 'completeness')).toBe('CC1/2=.5@2.0A: 99.97 % ± .02');
});

test('a number is stated beside its range where it is known to 30 %; otherwise the range alone', () => {
  const text = (least: number, most: number): string | undefined =>
    wantedText({ ...answer, needed: { likely: 600, least, most } }).split('reached ')[1];
  expect(text(500, 700)).toBe('with 600 crystals (500 to 700); now 300');
  expect(text(410, 700)).toBe('with 410 to 700 crystals; now 300');
  expect(text(500, 850)).toBe('with 500 to 850 crystals; now 300');
  // Nothing limits a goal that is hardly ever reached.
  expect(text(500, Number.POSITIVE_INFINITY)).toBe('with 500 or more crystals; now 300');
});

describe('a run that goes on', () => {
  test('has the answers beside its status, also of what more crystals may reach', { tags: 'all' }, async () => {
    const wanted = ['complete=99%@2.6A', 'CC1/2=.5@1.5A'];
    const found: (readonly WantedAnswer[] | undefined)[] = [];
    const options = { symmetry: 'mmm', polarisation: 'none', iterations: 3, wanted };
    const sink = await mergeSink(context, options, { onStatus: ({ wanted: answers }) => found.push(answers) });
    expect(sink.wanted).toEqual([]);
    for (const chunk of chunks) await sink.add({ chunk });
    const status = await sink.close(true);
    expect(found.at(-1)?.map(({ goal }) => goal)).toEqual(wanted);
    expect(sink.wanted[1]?.refusal).toMatch(/^the data end at 2\.5\d Å/);
    expect(sink.status()).toBe([status, ...sink.wanted.map(wantedText)].join(' · '));
    expect(sink.wanted[0]?.minutesToGo).toBeUndefined();
    expect(sink.reportSection()).toContain('When there is enough');
    expect(sink.panes().answers?.map(({ goal, state }) => [goal, state])).toEqual([
      [wanted[0], sink.wanted[0]?.needed ? 'forecast' : 'refused'],
      [wanted[1], 'refused'],
    ]);
    // A run with a detector refuses what it cannot reach before its first frame.
    expect(() => sink.checkReach(1 / 2.5)).toThrow(
      /wanted.* is "CC1\/2=\.5@1\.5A"; the corner of the detector is at 2\.50 Å; ask for 2\.50 Å or a larger d/,
    );
    expect(sink.checkReach(1 / 1.4)).toBeUndefined();
    // Nor does it merge crystals of a cell in a symmetry that this does not have.
    const [tetragonal, orthorhombic] = [readCell('79.1,79.1,38.1,90,90,90'), readCell('41,52,63,90,90,90')];
    const hexagonal = await mergeSink(context, { symmetry: '6/mmm' });
    expect(() => hexagonal.checkCells([tetragonal])).toThrow(/^the cell 79\.10 .* does not have the symmetry 6\/mmm/);
    expect(sink.checkCells([tetragonal, orthorhombic])).toBeUndefined();
    // A forecast has its course, from now to beyond the goal.
    const { course = [], needed, value, crystals = 0 } = sink.wanted[0] ?? {};
    expect(course[0]).toMatchObject({ crystals, likely: expect.closeTo(value ?? 0, 1) });
    expect(course.at(-1)?.crystals).toBeGreaterThan(needed?.likely ?? 0);
    for (const { least, likely, most } of course) expect(least <= likely && likely <= most).toBe(true);
    // Without goals there are none.
    const plain = await mergeSink(context, { symmetry: 'mmm', polarisation: 'none', model: 'unity', iterations: 1 });
    for (const chunk of chunks.slice(0, 30)) await plain.add({ chunk });
    expect(await plain.close(true)).toBe(plain.status());
    expect(mergeStatusText({ frames: 1, crystals: 1, ccHalf: 0.5, completeness: 1, dMin: 2 })).not.toContain('wanted');
  });

  test('tells the data set of a frame, by a field of its header or the level of a region', async () => {
    const options = { symmetry: 'mmm', polarisation: 'none' } as const;
    const head =
      'header/int//entry/laser = 1\newald/roi/lamp = 500 9 9 10 1 1\nPeaks from peak search\nheader/int//entry/laser = 2\n';
    for (const [splitBy, expected] of [
      ['/entry/laser', '1'],
      ['roi:lamp.mean>20', 'lamp.mean_above_20'],
      ['/other', undefined],
    ] as const) {
      const sink = await mergeSink(context, { ...options, splitBy });
      expect(sink.datasetOf?.({ chunk: head })).toBe(expected);
      await sink.discard();
    }
    expect((await mergeSink(context, options)).datasetOf).toBeUndefined();
  });

  test('has a time by the crystals of the last ten minutes, and none in a pause', () => {
    const rate = new CrystalRate();
    // Thirty crystals a minute for half an hour; before, three.
    for (let s = 0; s <= 3600; s += 2) rate.add(s, s < 1800 ? Math.floor(s / 20) : 90 + Math.floor((s - 1800) / 2));
    const now = rate.at(3600);
    expect(now).toMatchObject({ perMinute: expect.closeTo(30, 0), error: expect.closeTo(1 / Math.sqrt(300), 2) });
    expect(rate.at(3700)).toBe('no crystal has come for 100 s');
    expect(rate.at(4200)).toBe('no crystal has come for 10 min');
    expect(new CrystalRate().at(0)).toBe('frames have arrived for less than a minute');
  });

  test('states the time and its range beside what was said, or why it has none', () => {
    const answers = new RunningAnswers(true, 30);
    for (let s = 0; s <= 600; s += 1) answers.isDue(s, Math.floor(s / 2));
    answers.begin(600, 300);
    answers.end(602, [answer]);
    const [now] = answers.at(602);
    expect(now?.minutesToGo?.likely).toBeCloseTo(10, 0);
    expect(now?.minutesToGo?.least).toBeLessThan(200 / 30);
    expect(now?.minutesToGo?.most).toBeGreaterThan(400 / 30);
    // As the page shows it.
    expect(now && shownAnswer(now)).toMatchObject({
      title: 'CC1/2 .50 at 2.0 Å',
      verdict: expect.stringMatching(/^in 6\.\d to 1\d\u00a0min$/),
      state: 'forecast',
      lines: [
        'Now .31 ± .04 at 2.07–2.00 Å, 300 crystals.',
        'With 600 crystals (500 to 700).',
        'Said 20 min ago: .33. It is .31.',
      ],
    });
    expect(now && wantedText(now)).toMatch(
      /^CC1\/2=\.5@2\.0A: \.31 ± \.04 at 2\.07–2\.00 Å \(said \.33 20 min ago\); would be reached with 600 crystals \(500 to 700\), in 6\.\d to 1\d\u00a0min; now 300$/,
    );
    const [paused] = answers.at(900);
    expect(paused).toMatchObject({
      minutesToGo: undefined,
      noTime: 'no crystal has come for 5 min',
      needed: answer.needed,
    });
    expect(paused && wantedText(paused)).toContain('(no time: no crystal has come for 5 min)');
    expect(paused && shownAnswer(paused)).toMatchObject({ verdict: 'with 600 crystals (500 to 700)' });
    const files = new RunningAnswers(false, 30);
    files.end(1, [answer]);
    expect(files.at(1)).toEqual([answer]);
  });

  test('merges again with a fifth more crystals, or after a minute if merging takes a tenth of it', () => {
    const answers = new RunningAnswers(true, 30);
    expect([answers.isDue(0, 29), answers.isDue(1, 30)]).toEqual([false, true]);
    answers.begin(1, 30);
    answers.end(3, []);
    expect([answers.isDue(4, 35), answers.isDue(4, 36), answers.isDue(62, 31), answers.isDue(64, 30)]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(answers.isDue(64, 31)).toBe(true);
    answers.begin(64, 31);
    answers.end(84, []);
    expect([answers.isDue(200, 33), answers.isDue(285, 33)]).toEqual([false, true]);
  });

  test('tells other programs the frames to go, and that a goal is reached', () => {
    const run = new WatchedRun();
    run.sample(0, { frames: 10, failed: 0 });
    expect(run.metrics).not.toContain('ewald_frames_to_go');
    expect(run.health).not.toHaveProperty('goals');
    run.goals = () => [
      { ...answer, text: 'in words' },
      { goal: 'difference=5s', framesToGo: undefined, isReached: false, text: 'no forecast' },
      { goal: 'complete=95%@2A', framesToGo: undefined, isReached: true, text: 'reached' },
    ];
    expect(run.metrics).toContain('ewald_frames_to_go{goal="CC1/2=.5@2.0A",bound="low"} 600\n');
    expect(run.metrics).toContain('ewald_frames_to_go{goal="CC1/2=.5@2.0A",bound="high"} 1200\n');
    expect(run.metrics).toContain('ewald_frames_to_go{goal="complete=95%@2A",bound="likely"} 0\n');
    expect(run.metrics).not.toContain('goal="difference=5s"');
    expect(run.health).toMatchObject({ goals: ['in words', 'no forecast', 'reached'] });
  });
});
