/** The run over time: counts in bins against a plain count. */
import { describe, expect, test } from 'vitest';
import { RunSeries, type SeriesFrame, SeriesWindow } from '../../src/server/watch/run-series.js';

/** Frames of random distances, of which 60 % are hits, and later 15 %. */
function* frames(count: number, meanMs: number): Generator<SeriesFrame> {
  let state = 1;
  const random = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  let at = 0;
  for (let index = 0; index < count; index++) {
    at += meanMs * (0.5 + random());
    const hit = random() < (index < 0.6 * count ? 0.6 : 0.15);
    yield { at, index, hit, indexed: hit && random() < 0.7, failed: random() < 0.001 };
  }
}
const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);

describe('the run over time', () => {
  test('10⁷ frames: the sums of all columns are those of a plain count, in constant memory', {
    tags: 'all',
    timeout: 120_000,
  }, () => {
    const series = new RunSeries();
    const plain = { frames: 0, hits: 0, indexed: 0, failed: 0 };
    const last = { minute: { frames: 0, hits: 0 }, tenMinutes: { frames: 0, hits: 0 } };
    const all: { at: number; hit: boolean }[] = [];
    let end = 0;
    for (const frame of frames(1e7, 1)) {
      series.add(frame);
      plain.frames++;
      if (frame.hit) plain.hits++;
      if (frame.indexed) plain.indexed++;
      if (frame.failed) plain.failed++;
      end = frame.at;
      if (frame.index > 9.2e6) all.push({ at: frame.at, hit: frame.hit });
    }
    for (const count of [40, 600, 1120]) {
      const columns = series.windows.whole.columns(count);
      expect(columns.frames.length).toBeLessThanOrEqual(count);
      for (const name of ['frames', 'hits', 'indexed', 'failed'] as const) expect(sum(columns[name])).toBe(plain[name]);
    }
    for (const [name, lengthMs, binMs] of [
      ['minute', 60_000, 50],
      ['tenMinutes', 600_000, 500],
    ] as const) {
      // Windows begin with a whole bin.
      const from = Math.ceil((end - lengthMs) / binMs) * binMs;
      for (const { at, hit } of all) {
        if (at < from) continue;
        last[name].frames++;
        if (hit) last[name].hits++;
      }
      const columns = series.windows[name].columns(600);
      expect([sum(columns.frames), sum(columns.hits)]).toEqual([last[name].frames, last[name].hits]);
      expect(series.windows[name].sums()).toMatchObject(last[name]);
    }
  });

  test('a drop of the hit rate is seen in two columns, and the first frame of each column is exact', () => {
    const series = new RunSeries();
    const list = [...frames(12_000, 10)];
    for (const frame of list) series.add(frame);
    const { frames: counts, hits, first, from, width, hitSpread } = series.windows.whole.columns(600);
    expect(counts.length).toBeGreaterThan(60);
    const shares = [...counts].map((count, i) => (hits[i] as number) / count);
    const drop = list[7200]?.at as number;
    const column = Math.floor((drop - from) / width);
    expect(Math.min(...shares.slice(0, column))).toBeGreaterThan(0.4);
    expect(Math.max(...shares.slice(column + 2))).toBeLessThan(0.35);
    for (const [i, index] of first.entries())
      expect(index, `column ${i}`).toBe(list.findIndex(({ at }) => at >= from + i * width));
    for (const [i, share] of shares.entries()) {
      if (!((counts[i] as number) >= 50)) continue;
      expect(hitSpread[0][i]).toBeLessThanOrEqual(share + 0.1);
      expect(hitSpread[1][i]).toBeGreaterThanOrEqual(share - 0.1);
    }
  });

  test('a time without frames stays empty, and a late frame is counted once', () => {
    const window = new SeriesWindow(50, 60_000);
    const frame = { index: 0, hit: true, indexed: false, failed: false };
    window.add({ ...frame, at: 10 });
    window.reach(30_000);
    expect(window.sums()).toMatchObject({ frames: 1, hits: 1 });
    expect(window.sums(10_000)).toMatchObject({ frames: 0 });
    window.add({ ...frame, index: 1, at: 1_000_000 });
    // Older than the window is long.
    window.add({ ...frame, index: 2, at: 20 });
    expect(window.sums()).toMatchObject({ frames: 1 });
    expect([...window.columns(10).first].filter((index) => index >= 0)).toEqual([1]);
  });

  test('marks and readings are bounded, and keep the longest wait', () => {
    const { history } = new RunSeries();
    for (let at = 0; at < 50_000; at++) {
      history.take({ at, text: `event ${at >> 1}`, isFault: false });
      history.take({ at, name: 'lag', value: at === 7777 ? 99 : at % 3 });
    }
    const { marks, readings } = history;
    expect(marks).toHaveLength(200);
    expect(marks.at(-1)?.text).toBe('event 24999');
    expect(readings.lag?.length).toBeLessThanOrEqual(4096);
    expect(readings.lag?.at(-1)).toEqual([49_999, 49_999 % 3]);
    expect(readings.lag?.filter(([, value]) => value === 99)).toEqual([[7777, 99]]);
  });

  test('a reading that stays is kept at both ends, and marks are in order of time', () => {
    const { history } = new RunSeries();
    for (let at = 0; at < 100; at++) history.take({ at, name: 'merit', value: at < 50 ? 0.5 : 0.9 });
    expect(history.readings.merit).toEqual([
      [0, 0.5],
      [49, 0.5],
      [50, 0.9],
      [99, 0.9],
    ]);
    for (const at of [30, 10, 20]) history.take({ at, text: `at ${at}`, isFault: false });
    expect(history.marks.map(({ at }) => at)).toEqual([10, 20, 30]);
  });

  test('what is later than a moment makes another history equal', () => {
    const [one, other] = [new RunSeries().history, new RunSeries().history];
    let known = -1;
    for (let at = 0; at < 500; at++) {
      one.take({ at, name: 'lag', value: at < 200 ? 0 : Math.floor(at / 50) });
      if (at % 70 === 3) one.take({ at: at + 0.5, text: `at ${at}`, isFault: true });
      if (at % 7 > 0) continue;
      const moments = one.since(known);
      for (const moment of moments) other.take(moment);
      known = Math.max(known, ...moments.map((moment) => moment.at));
    }
    expect(one.since(known).length).toBeLessThan(10);
    for (const moment of one.since(known)) other.take(moment);
    expect(other).toEqual(one);
  });
});
