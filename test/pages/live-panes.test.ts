/** What the server of a run keeps for its overview: answers over time, means of frames, wells that follow from positions. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { ShownAnswer } from '../../src/merging/shown-panes.js';
import { numberLanes, pointsIn } from '../../src/pages/view/strip-lanes.js';
import type { FrameRecord } from '../../src/pipeline/record.js';
import { LivePanes, type ServedPanes } from '../../src/server/live-panes.js';
import { LivePositions } from '../../src/server/live-positions.js';
import { parseAlarm } from '../../src/server/watch/alarm.js';
import { readStatistics, statisticsBytesOf, writeStatistics } from '../../src/server/watch/frame-statistics.js';
import { RunHistory } from '../../src/server/watch/run-series.js';
import { WatchedRun } from '../../src/server/watch/watched-run.js';

const recordOf = (n: number, jet: number, more: object = {}): FrameRecord =>
  ({
    hit: true,
    peaks: { count: n },
    crystals: [{ resolution: 0.5 }],
    rois: { jet: { sum: BigInt(jet), mean: jet / 10, max: jet, pixels: 10, variance: 0, x: 0, y: 0, sumSquares: 0n } },
    chunk: `set ${n % 2}`,
    ...more,
  }) as unknown as FrameRecord;

function servedBy(panes: LivePanes, ms: number): ServedPanes | undefined {
  let text = '';
  const response = Object.assign(new PassThrough(), {
    writeHead: () => response,
    end: (body: string) => (text = body),
  });
  return panes.answer(response as never, false, ms) ? JSON.parse(text) : undefined;
}

const answer = (crystals: number): ShownAnswer => ({
  ...{ goal: 'CC1/2=.5@2.0A', title: 'CC1/2 .50 at 2.0 Å', verdict: 'with 900 crystals', state: 'forecast' },
  ...{ lines: [], target: 0.5, targetText: '.50', value: crystals / 1000, error: 0.1, crystals },
});

test('answers are kept once for each merge, regions by what alarms watch, and data sets apart', () => {
  const panes = new LivePanes();
  expect([servedBy(panes, 0), panes.offered]).toEqual([undefined, []]);
  let crystals = 40;
  const watch = new WatchedRun([parseAlarm('roi:jet.sum<50 for 1s', '', true, { regions: ['jet'] })]);
  let asked = 0;
  panes.begin({
    panes: () => {
      asked++;
      return { answers: [answer(crystals)], alarms: watch.shownAlarms };
    },
    datasetOf: ({ chunk }) => chunk,
  });
  for (let i = 0; i < 4; i++) panes.add(recordOf(i, 100 + i), 1000);
  expect(panes.sample(1000)).toEqual({
    means: [
      ['roi:jet.sum | set 0', 101],
      ['roi:jet.sum | set 1', 102],
    ],
    offered: ['answers', 'alarms', 'regions'],
  });
  expect(panes.sample(2000).means).toEqual([]);
  crystals = 60;
  panes.sample(3000);
  // Their words are made once for a request.
  asked = 0;
  const served = servedBy(panes, 3000);
  expect(asked).toBe(1);
  expect(panes.offered).toEqual(['answers', 'alarms', 'regions']);
  expect(served?.answers[0]?.points.map(({ at, crystals: n }) => [at, n])).toEqual([
    [1000, 40],
    [3000, 60],
  ]);
  expect(served?.datasets).toEqual(['set 0', 'set 1']);
  expect(served?.minute).toEqual({ spots: 1, resolution: 2, 'roi:jet.sum': 101.5 });
  expect(served?.alarms).toEqual([
    { text: 'roi:jet.sum<50 for 1s', isRaised: false, value: 'roi:jet.sum', level: 50, isBelow: true },
  ]);
});

test('an alarm says since when it is raised', () => {
  const run = new WatchedRun([parseAlarm('rate<5 /s for 2s'.replace(' /s', '/s'))]);
  for (let s = 0; s < 12; s++) run.sample(s, { frames: Math.min(s, 3) * 10, failed: 0 });
  expect(run.shownAlarms).toMatchObject([{ isRaised: true, now: '0.0 frames/s', level: 5, isBelow: true }]);
  expect(run.shownAlarms[0]?.seconds).toBeGreaterThan(5);
});

test('statistics of frames have the mean of each region', () => {
  const view = new DataView(new ArrayBuffer(statisticsBytesOf(2)));
  const frame = {
    serial: 3,
    event: undefined,
    file: 0,
    searched: true,
    hit: true,
    failed: false,
    peaks: 4,
    crystals: 0,
  };
  writeStatistics(view, 0, { ...frame, cell: undefined, resolutionA: undefined, ms: 5, regions: [1.5, Number.NaN] }, 2);
  expect(readStatistics(new Uint8Array(view.buffer), 2)).toMatchObject([{ serial: 3, regions: [1.5, Number.NaN] }]);
});

test('rows and columns follow from positions that arrive, and change with them', () => {
  const positions = new LivePositions();
  let wells = new Map<number, number | undefined>();
  for (let i = 0; i < 40; i++) {
    const [row, along] = [Math.floor(i / 8), i % 8];
    positions.add(i, 0.1 * (row % 2 ? 7 - along : along) + 0.002 * Math.sin(i), 0.1 * row);
    const found = positions.refit();
    if (found.length > 0) wells = new Map(found);
  }
  for (const [frame, well] of positions.refit(true)) wells.set(frame, well);
  expect(positions.found).toMatchObject({ rows: 5, columns: 8 });
  const expected = Array.from(
    { length: 40 },
    (_, i) => 8 * Math.floor(i / 8) + (Math.floor(i / 8) % 2 ? 7 - (i % 8) : i % 8),
  );
  expect([...wells.values()]).toEqual(expected);
});

test('lanes: the pumped state comes first; a constant keeps its ends; many points become means', () => {
  const history = new RunHistory();
  for (let s = 0; s < 5000; s++) {
    history.take({ at: 1000 * s, name: 'ice', value: 0 });
    history.take({ at: 1000 * s, name: 'roi:jet.mean | lamp.mean_not_above_20', value: s % 2 });
    history.take({ at: 1000 * s, name: 'roi:jet.mean | lamp.mean_above_20', value: 4 });
  }
  const lanes = numberLanes(history.readings, [], 0);
  expect(lanes.map(({ name, of, lines, now }) => [name, of, lines.map(({ dataset }) => dataset), now])).toEqual([
    ['Ice', 'of frames', [''], 0],
    ['jet', 'mean', ['lamp.mean_above_20', 'lamp.mean_not_above_20'], 4],
  ]);
  expect(history.readings.ice).toEqual([
    [0, 0],
    [4_999_000, 0],
  ]);
  const drawn = pointsIn(history.readings['roi:jet.mean | lamp.mean_not_above_20'] ?? [], 0, 5e6, 100);
  expect(drawn.length).toBeLessThanOrEqual(100);
  for (const [, value] of drawn) expect(value).toBeCloseTo(0.5, 1);
});

test('a profile that measures neither background nor ice is offered, and says so', () => {
  const panes = new LivePanes();
  const nothing = { background: undefined, backgroundRange: undefined, ice: undefined, corner: 1, spotsByShell: [] };
  panes.add(recordOf(0, 1, { profile: nothing }), 1000);
  expect(panes.offered).toContain('profile');
  const { minute, hasProfile } = servedBy(panes, 1000) ?? {};
  expect({ hasProfile, ...minute }).not.toHaveProperty('ice');
  expect(hasProfile).toBe(true);
});
