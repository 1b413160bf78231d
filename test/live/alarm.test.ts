/** Alarms: how they are written, and when they begin and end, on a simulated clock. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RunSample } from '../../src/pipeline/rates.js';
import { RecentValues } from '../../src/pipeline/recent-values.js';
import { alarmValue, isRaised, parseAlarm, tooFewText } from '../../src/server/watch/alarm.js';
import { valuesOf } from '../../src/server/watch/frame-values.js';
import { type RunCounts, WatchedRun } from '../../src/server/watch/watched-run.js';

describe('the text of an alarm', () => {
  test('a quantity, a sign, a level with its unit, and a time', () => {
    const of = (text: string) => {
      const { quantity, isBelow, level, seconds } = parseAlarm(text);
      return [quantity, isBelow ? '<' : '>', level, seconds];
    };
    expect(of('hits<5% for 2min')).toEqual(['hits', '<', 0.05, 120]);
    expect(of(' indexed < 12.5% for 90s ')).toEqual(['indexed', '<', 0.125, 90]);
    expect(of('rate<100/s')).toEqual(['rate', '<', 100, 60]);
    expect(of('lag>1.5min for 1h')).toEqual(['lag', '>', 90, 3600]);
    expect(of('disk<50GB for 1s')).toEqual(['disk', '<', 50e9, 1]);
    expect(of('disk < .5TB')).toEqual(['disk', '<', 0.5e12, 60]);
    expect(of('memory>8GB for 10s')).toEqual(['memory', '>', 8e9, 10]);
    expect(of('drift>0.3mm for 5min')).toEqual(['drift', '>', 0.3e-3, 300]);
    expect(of('drift>75um')).toEqual(['drift', '>', 75e-6, 60]);
    expect(of('spots<10')).toEqual(['spots', '<', 10, 60]);
    expect(of('resolution>2.6A for 30s')).toEqual(['resolution', '>', 2.6, 30]);
    expect(of('background>5')).toEqual(['background', '>', 5, 60]);
    expect(of('ice>10% for 1min')).toEqual(['ice', '>', 0.1, 60]);
    const jet = parseAlarm('roi:jet-2.sum<4000 for 30s', '', true, { regions: ['jet-2'] });
    expect(jet).toMatchObject({ quantity: 'roi', value: 'roi:jet-2.sum', isBelow: true, level: 4000, seconds: 30 });
  });

  test('anything else is refused, with what was found and how an alarm reads', () => {
    const whys = {
      '': 'expected a quantity',
      'hits 5%': 'expected a quantity',
      'hits<5% 2min': 'expected a quantity',
      'hits<5% during 2min': 'expected a quantity',
      'hits<=5%': '"=5%" is no number with a unit of hits (%)',
      'hits<5': '"5" is no number with a unit of hits (%)',
      'hits<-5%': '"-5%" is no number',
      'hits<5%%': 'is no number',
      'Hits<5%': 'expected a quantity',
      'crystals<5%': '"crystals" is not one of hits, indexed, rate, lag, disk, memory, drift, spots',
      'spots<5%': '"5%" is no number without a unit',
      'resolution>2.6': '"2.6" is no number with a unit of resolution (A, Å)',
      'roi<5': '"roi:" is no roi:NAME.FIELD with a field of sum, max',
      'roi:jet<5': '"roi:jet" is no roi:NAME.FIELD',
      'roi:jet.size<5': 'is no roi:NAME.FIELD',
      'roi:jte.sum<5': '"jte" is no region of the run, which has none; add --roi',
      'hits:jet<5%': 'hits has no ":jet"',
      'constructor<5%': '"constructor" is not one of',
      'lag>30': '"30" is no number with a unit of lag (s, min, h)',
      'drift>1px': '"1px" is no number with a unit of drift (mm, um)',
      'disk<50%': 'is no number with a unit of disk (GB, MB, TB)',
      'lag>1e3s': 'is no number',
      'rate<1/s for 0s': '"0s" is no time from 1s to 24h',
      'rate<1/s for 25h': '"25h" is no time',
      'rate<1/s for ever': '"ever" is no time',
    };
    for (const [text, why] of Object.entries(whys)) {
      expect(() => parseAlarm(text), text).toThrow(
        expect.objectContaining({ tag: 'Argument', message: expect.stringContaining(why) }),
      );
      expect(() => parseAlarm(text), text).toThrow('"hits<5% for 2min"');
    }
  });

  test('background and ice of a run without a profile are refused, and said to be not measured', () => {
    for (const text of ['ice>5% for 3s', 'background>1']) {
      expect(() => parseAlarm(text, '', true, { hasProfile: false })).toThrow(/add --radial-profile/);
      expect(tooFewText(parseAlarm(text), { usual: undefined, frames: 0, isWhole: false })).toMatch(
        /is not judged: (ice|background) is not measured/,
      );
    }
  });

  test('hits of a run that searches for no peaks are refused', () => {
    for (const text of ['hits<5%', 'indexed<5%', 'drift>0.1mm'])
      expect(() => parseAlarm(text, '', false)).toThrow(/this run searches for no peaks/);
    expect(parseAlarm('rate<5/s', '', false).level).toBe(5);
  });
});

describe('the quantity of an alarm', () => {
  const samples: RunSample[] = Array.from({ length: 100 }, (_, s) => ({
    s,
    frames: 10 * s,
    hits: s < 50 ? 5 * s : 250,
    lagS: s,
    diskBytes: 1000 - s,
    memoryBytes: 1e9 * s,
  }));
  const until = (end: number) => samples.slice(0, end + 1);

  test('shares and rates are those of the last frames, not of the whole run', () => {
    const hits = parseAlarm('hits<5% for 20s');
    expect(alarmValue(hits, until(40))).toBe(0.5);
    expect(alarmValue(hits, until(60))).toBe(0.25);
    expect(alarmValue(hits, until(99))).toBe(0);
    expect(alarmValue(parseAlarm('rate<5/s for 20s'), until(60))).toBe(10);
  });

  test('of lag, disk and memory it is the best sample: the level must have been passed all the time', () => {
    expect(alarmValue(parseAlarm('lag>30s for 20s'), until(60))).toBe(40);
    expect(alarmValue(parseAlarm('disk<1GB for 20s'), until(60))).toBe(960);
    expect(alarmValue(parseAlarm('memory>8GB for 20s'), until(60))).toBe(40e9);
  });

  test('it is unknown before the time is over, before the first frame, and of few frames', () => {
    const hits = parseAlarm('hits<5% for 20s');
    expect(alarmValue(hits, [])).toBeUndefined();
    expect(alarmValue(hits, until(19))).toBeUndefined();
    expect(alarmValue(hits, until(20))).toBeUndefined();
    expect(alarmValue(hits, until(21))).toBe(0.5);
    const slow = samples.map((one) => ({ ...one, frames: one.s }));
    expect(alarmValue(parseAlarm('hits<5% for 19s'), slow.slice(0, 60))).toBeUndefined();
    expect(
      alarmValue(parseAlarm('lag>1s for 5s'), [
        { s: 0, frames: 1 },
        { s: 9, frames: 1 },
      ]),
    ).toBeUndefined();
  });

  test('a raised alarm ends when the level is passed by a tenth', () => {
    const [low, high] = [parseAlarm('hits<5%'), parseAlarm('lag>10s')];
    const states = (alarm: typeof low, values: (number | undefined)[]) => {
      let was = false;
      return values.map((value) => {
        was = isRaised(alarm, value, was);
        return was;
      });
    };
    expect(states(low, [0.06, 0.05, 0.049, 0.052, 0.0551, 0.052])).toEqual([false, false, true, true, false, false]);
    expect(states(high, [10, 11, 9.5, undefined, 8.9, 9.5])).toEqual([false, true, true, true, false, false]);
  });
});

describe('a run on a simulated clock', () => {
  /** Samples a run once a second; `at` gives its counts. */
  const events = (run: WatchedRun, seconds: number, at: (s: number) => RunCounts, disk?: (s: number) => number) =>
    Array.from({ length: seconds }, (_, s) =>
      run.sample(s, at(s), { diskBytes: disk?.(s) }).map(({ event }) => `${s} ${event}`),
    )
      .flat()
      .filter((text) => !text.endsWith('progress'));

  test('an alarm begins once and ends once', () => {
    const run = new WatchedRun([parseAlarm('hits<20% for 10s'), parseAlarm('disk<1GB for 5s')]);
    // 50 % hits, none from second 30 to 60, then 50 % again.
    const hits = (s: number): number => 5 * (Math.min(s, 30) + Math.max(0, s - 60));
    const found = events(
      run,
      100,
      (s) => ({ frames: 10 * s, failed: 0, hits: hits(s), indexed: 0, crystals: 0 }),
      (s) => (s >= 40 && s < 50 ? 5e8 : 2e9),
    );
    // After 7 of 10 seconds without hits the share is 15 %, after 5 with them 25 %.
    expect(found).toEqual(['37 alarm-begin', '45 alarm-begin', '50 alarm-end', '65 alarm-end']);
    expect(run.isHealthy).toBe(true);
  });

  test('an alarm that is raised ends with the run', () => {
    const run = new WatchedRun([parseAlarm('rate<20/s for 5s')]);
    events(run, 20, (s) => ({ frames: 10 * s, failed: 0 }));
    expect(run.isHealthy).toBe(false);
    expect(run.alarms).toEqual(['rate<20/s for 5s: 10.0 frames/s']);
    expect(run.end(true)).toMatchObject([{ event: 'alarm-end', alarm: 'rate<20/s for 5s' }]);
    expect(run.end(true)).toEqual([]);
    expect([run.alarms, run.isHealthy]).toEqual([[], true]);
  });

  test('a source that has sent all frames of its scan is not reported as silent', () => {
    const run = new WatchedRun();
    const counts = { failed: 0, frames: 12, arrived: 12 };
    const found = Array.from({ length: 30 }, (_, s) => run.sample(s, { ...counts, isSourceOpen: s < 2 })).flat();
    expect(found.map(({ event }) => event)).not.toContain('source-silent');
    expect(run.isHealthy).toBe(true);
  });

  test('a source that has sent frames and falls silent is reported, and its return', () => {
    const arrived = (s: number): number => (s < 5 ? 0 : Math.min(s - 4, 10) + Math.max(0, s - 40));
    const run = new WatchedRun();
    const counts = (s: number) => ({ frames: arrived(s), failed: 0, arrived: arrived(s) });
    expect(events(run, 60, counts)).toEqual(['24 source-silent', '41 source-back']);
    const silent = new WatchedRun();
    events(silent, 30, counts);
    expect(silent.isHealthy).toBe(false);
    expect(silent.health).toMatchObject({ healthy: false, state: 'running', source: 'silent' });
  });

  test('a source is not blamed while its frames wait, or before it has sent any', () => {
    const busy = new WatchedRun();
    expect(events(busy, 60, () => ({ frames: 1, failed: 0, arrived: 5 }))).toEqual([]);
    expect(busy.health).toMatchObject({ healthy: true, queue: 4, lagS: 59 });
    const waiting = new WatchedRun();
    expect(events(waiting, 60, () => ({ frames: 0, failed: 0, arrived: 0 }))).toEqual([]);
    expect(waiting.health).toMatchObject({ healthy: true, state: 'waiting' });
  });

  test('before its first frame a run says what it does, and its lag counts', () => {
    const run = new WatchedRun();
    events(run, 5, () => ({ frames: 0, failed: 0, arrived: 0 }));
    expect(run.health).toMatchObject({ state: 'waiting', source: 'waiting' });
    run.doing = 'adjusting the search to the first 4 frames';
    events(run, 16, () => ({ frames: 0, failed: 0, arrived: 7 }));
    const text = 'adjusting the search to the first 4 frames';
    expect(run.health).toMatchObject({ state: 'starting', doing: text, source: 'sending', queue: 7, lagS: 15 });
    events(run, 1, () => ({ frames: 1, failed: 0, arrived: 7 }));
    expect(run.health).toMatchObject({ state: 'running' });
    expect(run.health).not.toHaveProperty('doing');
  });

  test('lag is the age of the oldest frame that is not finished', () => {
    const run = new WatchedRun();
    const lags = Array.from({ length: 8 }, (_, s) => {
      run.sample(s, { frames: Math.floor(s / 2), failed: 0, arrived: s + 1 });
      return run.summary.lagS;
    });
    // At second s, frame ⌊s / 2⌋ is the oldest one, which arrived at that second.
    expect(lags).toEqual([0, 1, 1, 2, 2, 3, 3, 4]);
  });

  test('lost frames are reported as they are counted', () => {
    const run = new WatchedRun();
    run.sample(0, { frames: 0, failed: 0, arrived: 0, lost: 0 });
    expect(run.sample(1, { frames: 5, failed: 0, arrived: 5, lost: 2 })).toEqual([
      { event: 'frames-lost', frames: 2, lost: 2 },
    ]);
    expect(run.sample(2, { frames: 6, failed: 0, arrived: 6, lost: 3 })).toMatchObject([{ frames: 1, lost: 3 }]);
  });

  /** A run whose crystals show the detector at a place, give or take 50 µm, and a few of them anywhere. */
  function drifting(alarm: string, crystals: (s: number) => number, at: (s: number) => number) {
    const run = new WatchedRun([parseAlarm(alarm)]);
    let seed = 1;
    const spread = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647 - 0.5;
    };
    let found = 0;
    const happened = Array.from({ length: 120 }, (_, s) => {
      for (let i = 0; i < crystals(s); i++) {
        const wrong = found++ % 10 === 9 ? 5e-3 * spread() : 0;
        run.crystal([at(s) + 1e-4 * spread() + wrong, 1e-4 * spread()]);
      }
      const frames = 10 * s;
      return run.sample(s, { frames, failed: 0, hits: frames, indexed: found, crystals: found });
    }).flat();
    const told = happened.filter(({ event }) => event !== 'progress').map(({ event, text }) => [event, text] as const);
    return { run, told };
  }

  test('a detector that moves raises an alarm, which ends when it is back', () => {
    const at = (s: number): number => (s >= 40 && s < 80 ? 0.5e-3 : 0);
    const { run, told } = drifting('drift>0.3mm for 10s', () => 10, at);
    expect(told.map(([event]) => event)).toEqual(['alarm-begin', 'alarm-end']);
    expect(told[0]?.[1]).toMatch(/^drift>0\.3mm for 10s: the detector has moved by 0\.[345]\d\d mm$/);
    const [, drift = ''] = /^ewald_detector_drift_metres (.*)$/m.exec(run.metrics) ?? [];
    expect(Number(drift)).toBeLessThan(5e-5);
    expect(
      drifting(
        'drift>0.3mm for 10s',
        () => 10,
        () => 0,
      ).told,
    ).toEqual([]);
  });

  test('a drift that too few crystals show is not judged, which is reported once', () => {
    const moved = (s: number): number => (s >= 40 ? 0.5e-3 : 0);
    // Ten crystals in ten seconds, at first more.
    const { told, run } = drifting('drift>0.3mm for 10s', (s) => (s < 30 ? 10 : 1), moved);
    expect(told).toEqual([
      ['alarm-unseen', expect.stringMatching(/^drift>0\.3mm for 10s is not judged: \d+ crystals of that time tell/)],
    ]);
    expect(run.isHealthy).toBe(true);
    const none = drifting('drift>0.3mm for 10s', () => 0, moved);
    expect(none.told).toEqual([['alarm-unseen', expect.stringContaining(': 0 crystals of that time')]]);
    expect(none.run.metrics).not.toContain('drift_metres');
    // They are enough, but do not tell it so exactly.
    const blurred = drifting(
      'drift>0.02mm for 10s',
      () => 3,
      () => 0,
    );
    expect(blurred.told).toEqual([
      ['alarm-unseen', expect.stringMatching(/its \d+ crystals tell it within 0\.0\d\d mm/)],
    ]);
  });

  test('the last minute and the whole run, with memory that does not grow', () => {
    const run = new WatchedRun();
    let reports = 0;
    for (let s = 0; s < 20_000; s++) {
      const hits = Math.min(s, 10_000);
      reports += run.sample(s, { frames: 2 * s, failed: 0, hits, indexed: 0, crystals: 0 }).length;
    }
    expect(run.summary).toMatchObject({
      lastMinute: { frames: 120, rate: 2, hits: 0 },
      whole: { frames: 39_998, rate: 2, hits: 10_000 / 39_998 },
    });
    // One report of progress a minute, and nothing else.
    expect(reports).toBe(Math.floor(19_999 / 60));
  });
});

test('metrics are in the text format of Prometheus: every line is a comment or a name, labels and a number', () => {
  const run = new WatchedRun([parseAlarm('hits<5% for 2min')]);
  run.sample(0, { frames: 0, failed: 0, hits: 0, indexed: 0, crystals: 0, arrived: 0 });
  run.sample(
    1,
    { frames: 8, failed: 1, hits: 4, indexed: 2, crystals: 3, arrived: 9 },
    { diskBytes: 5e9, memoryBytes: 1e8 },
  );
  const lines = run.metrics.trimEnd().split('\n');
  const value = /^[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+-]+$/;
  for (const line of lines) expect(line).toMatch(line.startsWith('#') ? /^# (HELP|TYPE) [a-z_]+ \S/ : value);
  for (const line of [
    'ewald_frames_total 8',
    'ewald_frames_failed_total 1',
    'ewald_hits_total 4',
    'ewald_indexed_total 2',
    'ewald_crystals_total 3',
    'ewald_frames_per_second{window="minute"} 8',
    'ewald_hit_ratio{window="whole"} 0.5',
    'ewald_queue_frames 1',
    'ewald_lag_seconds 0',
    'ewald_resident_memory_bytes 100000000',
    'ewald_disk_free_bytes 5000000000',
    'ewald_source_up 1',
    'ewald_alarm{alarm="hits<5% for 2min"} 0',
  ])
    expect(lines).toContain(line);
  // A family is stated once, and its values follow it.
  const types = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]);
  expect(new Set(types).size).toBe(types.length);
});

test('the dashboard of examples/live shows metrics that exist, and no two panels overlap', () => {
  const run = new WatchedRun([parseAlarm('hits<5%')]);
  const machine = { diskBytes: 1, memoryBytes: 1 };
  run.sample(0, { frames: 1, failed: 0, hits: 1, indexed: 1, crystals: 1, arrived: 1, lost: 0 }, machine);
  run.sample(1, { frames: 2, failed: 0, hits: 1, indexed: 1, crystals: 1, arrived: 2, lost: 0 }, machine);
  // Enough crystals that the shift of the detector is known.
  for (let i = 0; i < 100; i++) run.crystal([1e-5 * Math.sin(i), 0]);
  run.sample(2, { frames: 2, failed: 0, hits: 1, indexed: 1, crystals: 1, arrived: 2, lost: 0 }, machine);
  const known = run.metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const { panels } = JSON.parse(readFileSync('examples/live/grafana.json', 'utf8')) as {
    panels: { gridPos: { x: number; y: number }; targets: { expr: string }[] }[];
  };
  const shown = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  for (const expr of shown)
    expect(
      known.some((line) => line.startsWith(`${expr} `) || line.startsWith(`${expr}{`)),
      expr,
    ).toBe(true);
  expect(shown.length).toBeGreaterThan(10);
  expect(new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size).toBe(panels.length);
});

describe('medians of single frames', () => {
  const frame = (peaks: number, mean: number, isFlagged: boolean) =>
    valuesOf({
      hit: peaks >= 5,
      peaks: { count: peaks },
      crystals: peaks > 20 ? [{ resolution: 0.4 }, { resolution: 0.5 }] : [],
      rois: { jet: { sum: BigInt(mean) * 10n, sumSquares: 0n, max: 7, pixels: 10, mean, variance: 0, x: 1, y: 1 } },
      profile: { background: mean / 2, ice: { isFlagged } },
    });

  test('the values of a frame; spots are those of hits', () => {
    expect(frame(30, 4, true)).toMatchObject({ spots: 30, resolution: 2, background: 2, ice: 1, 'roi:jet.sum': 40 });
    expect(frame(3, 4, false)).toMatchObject({ spots: undefined, resolution: undefined, ice: 0 });
    expect(valuesOf({ hit: false, peaks: { count: 0 }, crystals: [] })).toEqual({
      spots: undefined,
      resolution: undefined,
      background: undefined,
      ice: undefined,
    });
  });

  test('an alarm begins when the median of its time is worse, and ends with the frames', () => {
    const texts = ['roi:jet.mean<3 for 30s', 'spots<10 for 30s', 'ice>10% for 30s', 'background>5 for 30s'];
    const run = new WatchedRun(texts.map((text) => parseAlarm(text, '', true, { regions: ['jet'] })));
    const events: string[] = [];
    for (let s = 0, frames = 0; s < 200; s++) {
      // The jet is away from 60 to 120 s; single bright frames do not hide it. Every sixth frame has ice then.
      const isAway = s >= 60 && s < 120;
      for (let k = 0; k < 6; k++, frames++)
        run.frame(s, frame(isAway ? 8 : 30, isAway ? (k === 0 ? 1000 : 1) : 4, isAway && k === 3));
      for (const { event, alarm } of run.sample(s, { frames, failed: 0 }))
        if (event.startsWith('alarm')) events.push(`${s} ${event} ${alarm}`);
    }
    const at = (what: string) => events.filter((one) => one.endsWith(what)).map((one) => Number.parseInt(one, 10));
    // Half of the frames of 30 s decide; background is never above 5 but in single frames.
    expect(events).toHaveLength(6);
    for (const name of ['roi:jet.mean<3 for 30s', 'spots<10 for 30s', 'ice>10% for 30s']) {
      const [begin, end] = at(name);
      expect(begin, name).toBeGreaterThanOrEqual(74);
      expect(begin, name).toBeLessThan(82);
      expect(end, name).toBeGreaterThanOrEqual(129);
      expect(end, name).toBeLessThan(140);
    }
    expect(run.summary).toMatchObject({ rois: { 'jet.mean': 4 } });
    expect(run.metrics).toContain('ewald_roi_mean{roi="jet"} 4');
  });

  test('a lamp that alternates has one number, whatever the last frame is, and raises no alarm', () => {
    const run = new WatchedRun([parseAlarm('roi:jet.mean<20 for 30s', '', true, { regions: ['jet'] })]);
    const means: number[] = [];
    for (let s = 0, frames = 0; s < 120; s++) {
      // 7 frames a second, so that seconds end with the one as often as with the other; single frames are wrong.
      for (let k = 0; k < 7; k++, frames++) {
        const isOn = frames % 2 === 0;
        run.frame(s, frame(9, frames % 51 === 7 ? (isOn ? 0 : 5000) : isOn ? 60 : 10, false));
      }
      expect(run.sample(s, { frames, failed: 0 }).filter(({ event }) => event.startsWith('alarm'))).toEqual([]);
      if (s >= 60) means.push(run.summary.rois?.['jet.mean'] ?? 0);
    }
    expect(Math.max(...means) - Math.min(...means)).toBeLessThan(3);
    expect(Math.min(...means)).toBeGreaterThan(32);
  });

  test('fewer than twenty frames are not judged, and that is said', () => {
    const run = new WatchedRun([parseAlarm('spots<10 for 10s')]);
    const found: unknown[] = [];
    for (let s = 0; s < 40; s++) {
      if (s % 10 === 0) run.frame(s, frame(8, 1, false));
      found.push(...run.sample(s, { frames: s + 1, failed: 0 }));
    }
    expect(found).toEqual([
      expect.objectContaining({ event: 'alarm-unseen', text: expect.stringContaining('is not judged: ') }),
    ]);
  });

  test('a long time at a high rate is kept in little memory, and has the right median', () => {
    const recent = new RecentValues(3600);
    for (let i = 0; i < 200_000; i++) recent.add(i / 50, i % 1000);
    expect(recent.at(4000)).toEqual({ usual: expect.closeTo(500, -1.5), frames: expect.any(Number) });
    expect(recent.at(4000).frames).toBeGreaterThan(178_000);
    expect(recent.at(9000)).toEqual({ usual: undefined, frames: 0 });
    expect(recent.isWhole(3599)).toBe(false);
    expect(recent.isWhole(3600)).toBe(true);
  });
});
