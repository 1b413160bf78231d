/** The parts of the viewer that need no browser: contrast, positions, the URL of a view, files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { describe, expect, test, vi } from 'vitest';
import { countLimitsOf, isNoCount } from '../../src/frames/count-limits.js';
import { wordsOnPage } from '../../src/options/page-words.js';
import { argumentError, settings } from '../../src/options/parameters.js';
import { addressParts, readAddress, writeAddress } from '../../src/pages/view/address.js';
import { Latest } from '../../src/pages/view/calls.js';
import { colourMapNames, colourMaps } from '../../src/pages/view/colour-maps.js';
import { automaticLimits, Histogram, sampleOf } from '../../src/pages/view/contrast.js';
import { askedShape, errorWords } from '../../src/pages/view/error-words.js';
import { droppedFiles, sortFiles } from '../../src/pages/view/files.js';
import { csvOf } from '../../src/pages/view/frame-list.js';
import { PanelLayout } from '../../src/pages/view/layout.js';
import { play } from '../../src/pages/view/play.js';
import { clockOf } from '../../src/pages/view/run-strip.js';
import { openSession, statedRange } from '../../src/pages/view/session.js';
import { pointsIn } from '../../src/pages/view/strip-lanes.js';
import { Viewer } from '../../src/pages/view/viewer.js';
import { Viewport } from '../../src/pages/view/viewport.js';

describe('contrast', () => {
  test('bad pixels, pixels that are not counts, and NaN are excluded from the sample', () => {
    const data = Float32Array.of(1, 2, 1e9, Number.NaN, -1, 3);
    const bad = Uint8Array.of(0, 1, 0, 0, 0, 0);
    expect([...sampleOf(data, { bad, validRange: [0, 1e6] })]).toEqual([1, 3]);
  });

  test('a flat background is shown from its 1st percentile to median + 12 σ', () => {
    // Of 0 … 999, the median is 499.5, and 15.87 % of the values are below the median − σ.
    const sorted = Float64Array.from({ length: 1000 }, (_, i) => i);
    const [low, high] = automaticLimits(sorted, 'spots');
    expect(low).toBe(10);
    expect(high).toBeCloseTo(499.5 + 12 * (500 - 158.7), 6);
  });

  test('spots do not change the limits of their background', () => {
    const background = Array.from({ length: 10_000 }, (_, i) => 100 + (i % 41));
    const spots = new Array<number>(200).fill(5000);
    const [, plain] = automaticLimits(Float64Array.from(background).sort(), 'spots');
    const [, bright] = automaticLimits(Float64Array.from([...background, ...spots]).sort(), 'spots');
    expect(bright / plain).toBeLessThan(1.02);
  });

  test('the limits of small counts follow their distribution instead of jumping by whole counts', () => {
    // Counts of 0, 1 and 2, of which an increasing share is 2.
    const limits = Array.from({ length: 41 }, (_, i) => {
      const [ones, twos] = [400, 200 + 10 * i];
      const counts = Float64Array.from({ length: 1000 }, (__, k) => (k < twos ? 2 : k < twos + ones ? 1 : 0));
      return automaticLimits(counts.sort(), 'spots')[1];
    });
    const steps = limits.slice(1).map((limit, i) => Math.abs(limit - (limits[i] as number)));
    expect(Math.max(...steps)).toBeLessThan(1);
    expect(Math.max(...limits) - Math.min(...limits)).toBeGreaterThan(1);
  });

  test('photon counts whose median is 0 still have a range', () => {
    expect(automaticLimits(new Float64Array(100), 'spots')).toEqual([0, 3]);
    expect(automaticLimits(new Float64Array(0), 'spots')).toEqual([0, 1]);
  });

  test('patterns of electrons are shown from percentile 1 to 99.9', () => {
    const sorted = Float64Array.from({ length: 1000 }, (_, i) => i);
    expect(automaticLimits(sorted, 'range')).toEqual([10, 999]);
    expect(automaticLimits(Float64Array.of(5, 5), 'range')).toEqual([5, 6]);
  });

  test('the histogram counts every value once, and its axis maps positions back to values', () => {
    const sorted = Float64Array.of(-2, 0, 1, 5, 5, 100);
    const histogram = new Histogram(sorted, 8);
    expect(histogram.counts.reduce((a, b) => a + b)).toBe(6);
    for (const value of sorted) expect(histogram.valueAt(histogram.shareOf(value))).toBeCloseTo(value, 9);
  });

  test('maps have 256 colours, and the lightness of all but the one about zero is monotonic', () => {
    for (const name of colourMapNames) {
      const map = colourMaps[name];
      expect(map.length, name).toBe(768);
      const lightness = Array.from(
        { length: 256 },
        (_, i) => 0.2126 * (map[3 * i] ?? 0) + 0.7152 * (map[3 * i + 1] ?? 0) + 0.0722 * (map[3 * i + 2] ?? 0),
      );
      if (name === 'blue-red') continue;
      const sign = name === 'grey-inverse' ? -1 : 1;
      for (let i = 8; i < 256; i += 8)
        expect(sign * ((lightness[i] ?? 0) - (lightness[i - 8] ?? 0)), `${name} ${i}`).toBeGreaterThan(0);
    }
  });
});

describe('places', () => {
  /** A panel of 4 × 3 pixels, rotated by 90° and shifted; next to it one with twice the pixel size. */
  const layout = new PanelLayout([
    { name: 'a', minFs: 0, minSs: 0, endFs: 4, endSs: 3, origin: [10, 20], fs: [0, 1], ss: [-1, 0] },
    { name: 'b', minFs: 0, minSs: 3, endFs: 4, endSs: 5, origin: [30, 0], fs: [2, 0], ss: [0, 2] },
  ]);

  test('the position of a pixel leads back to the same pixel, on the same panel', () => {
    for (const [fs, ss, name] of [
      [0.5, 0.5, 'a'],
      [3.25, 2.75, 'a'],
      [1.5, 4.5, 'b'],
    ] as const) {
      const place = layout.placeOf(fs, ss);
      const found = place && layout.pixelAt(place);
      expect(found?.panel.name).toBe(name);
      expect(found?.fs).toBeCloseTo(fs, 9);
      expect(found?.ss).toBeCloseTo(ss, 9);
    }
    expect(layout.pixelAt([25, 2])).toBeUndefined();
    expect(layout.box).toEqual({ minX: 7, maxX: 38, minY: 0, maxY: 24 });
  });

  test('a position stays under the pointer during a zoom, in either orientation', () => {
    for (const up of [1, -1] as const) {
      const viewport = new Viewport();
      Object.assign(viewport, { width: 800, height: 600, up });
      viewport.fit({ minX: -100, minY: -50, maxX: 100, maxY: 50 });
      const at = [123, 456] as const;
      const before = viewport.toPlane(at);
      viewport.zoomAbout(at, 3.7);
      const after = viewport.toPlane(at);
      expect(after[0]).toBeCloseTo(before[0], 9);
      expect(after[1]).toBeCloseTo(before[1], 9);
      const [x, y] = viewport.toCanvas(before);
      expect(x).toBeCloseTo(at[0], 9);
      expect(y).toBeCloseTo(at[1], 9);
      viewport.zoomAbout(at, 1e9);
      expect(viewport.zoom).toBe(128);
    }
  });
});

describe('the address of a view', () => {
  test('docs/view.md names every part of an address', () => {
    const guide = readFileSync(new URL('../../docs/view.md', import.meta.url), 'utf8');
    const table = guide.slice(guide.indexOf('| part |'), guide.indexOf('`?draw=gpu`'));
    const documented = [...table.matchAll(/`([a-z]+)=/g)].map(([, name]) => name);
    expect(documented.toSorted()).toEqual([...addressParts].toSorted());
  });

  test('restores the view', () => {
    const state = {
      frame: 12,
      at: [175.1, -31.2, 34],
      scale: 'sqrt',
      colours: 'viridis',
      limits: [0, 38],
      overlays: 'pir',
      finder: [12, 4.5, 4],
      only: 'hits',
      stage: 'snr',
    } as const;
    const written = writeAddress(state);
    expect(written).toBe('#f=12&at=175.1,-31.2,34&s=sqrt&c=viridis&lim=0,38&o=pir&pk=12,4.5,4&only=hits&st=snr');
    expect(readAddress(written)).toEqual(state);
    expect(written.length).toBeLessThan(200);
  });

  test('of a scan restores its cross, detector and image', () => {
    const state = {
      region: [64, 54, 3, 5],
      virtual: { kind: 'ring', numbers: [85.2, 55.4, 10, 4.5] },
      quantity: 'curl',
      fourier: true,
    } as const;
    const written = writeAddress(state);
    expect(written).toBe('#p=64,54,3,5&v=ring,85.2,55.4,10,4.5&q=curl&fft=1');
    expect(readAddress(written)).toEqual(state);
    expect(readAddress('#p=64,54&v=point,8,9')).toEqual({
      region: [64, 54],
      virtual: { kind: 'point', numbers: [8, 9] },
    });
    expect(readAddress('#p=1&v=disk,a,2&fft=no')).toEqual({});
  });

  test('invalid parts are ignored, and unknown ones are kept', () => {
    expect(readAddress('#f=-1&at=1,2&lim=a,b&pk=1,,3&at=')).toEqual({});
    expect(readAddress('#at=0,0,0')).toEqual({});
    expect(writeAddress({ frame: 1 }, '#f=9&theirs=a%26b&lim=1,2')).toBe('#f=1&theirs=a%26b');
  });
});

describe('files that are dropped', () => {
  const file = (name: string) => ({ name, blob: new Blob([]) });

  test('are sorted by their kind', () => {
    const brought = sortFiles(['a_master.h5', 'a_data_000001.h5', 'x.GEOM', 'x.cell'].map(file));
    expect(brought.frames.map(({ name }) => name)).toEqual(['a_master.h5', 'a_data_000001.h5']);
    expect([brought.geometry?.name, brought.cell?.name]).toEqual(['x.GEOM', 'x.cell']);
  });

  test('a stream is opened with its frames, and only one', () => {
    const { frames, stream } = sortFiles(['a.h5', 'a.stream'].map(file));
    expect([frames.map(({ name }) => name), stream?.name]).toEqual([['a.h5'], 'a.stream']);
    // As an interrupted run leaves it.
    const kept = sortFiles(['a.h5', 'a.stream.part'].map(file));
    expect([kept.frames.map(({ name }) => name), kept.stream?.name]).toEqual([['a.h5'], 'a.stream.part']);
    expect(() => sortFiles(['a.stream', 'b.stream'].map(file))).toThrow(/2 streams.*a\.stream, b\.stream/);
  });

  test('a folder is left out by name, and refused alone', () => {
    const drop = (...entries: { name: string; isDirectory: boolean }[]) => ({
      items: entries.map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry })),
      files: entries.map(({ name }) => ({ name })),
    });
    const file = { name: 'a.h5', isDirectory: false };
    const folder = { name: 'run', isDirectory: true };
    const both = droppedFiles(drop(folder, file) as never);
    expect(both.files.map(({ name }) => name)).toEqual(['a.h5']);
    expect(both.leftOut).toEqual(['run is a folder; drop the files that are in it']);
    expect(() => droppedFiles(drop(folder) as never)).toThrow('run is a folder; drop the files that are in it.');
  });

  test('are opened without those that hold no frames like the others, which are named', async () => {
    const npy = (side: number, name: string) => ({
      name,
      blob: new Blob([
        formatNpy({
          shape: [side, side],
          complex: false,
          data: new Float32Array(side * side),
        }) as Uint8Array<ArrayBuffer>,
      ]),
    });
    const picture = { name: 'cat.jpg', blob: new Blob([Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)]) };
    const notes = { name: 'notes.txt', blob: new Blob(['hello, these are notes\n']) };
    const opens = (frames: readonly { name: string; blob: Blob }[]) =>
      openSession({ frames, geometry: undefined, cell: undefined, leftOut: ['run is a folder'] }, () =>
        Promise.reject(new Error('no detector')),
      );
    const { session, opened } = await opens([
      picture,
      npy(8, 'a_1.npy'),
      notes,
      npy(8, 'a_2.npy'),
      npy(9, 'b.npy'),
      npy(8, 'a_3.npy'),
    ]);
    expect([opened.frames, opened.height]).toEqual([3, 8]);
    expect(opened.leftOut).toEqual([
      'run is a folder',
      'cat.jpg holds no frames; it is a picture (JPEG)',
      'notes.txt (23 bytes) has none of the known formats. It is a text file, which holds no frames: a geometry and a cell ' +
        'are opened together with their frames',
      'b.npy has frames of 9 × 9 f32, and the others of 8 × 8 f32',
    ]);
    await session.dataset.dispose();
    await expect(opens([picture, notes])).rejects.toThrow('cat.jpg holds no frames');
    // Files that can be opened together are not looked at one by one.
    const all = await opens([npy(8, 'a.npy'), npy(8, 'b.npy')]);
    expect(all.opened.leftOut).toEqual(['run is a folder']);
    await all.session.dataset.dispose();
  });

  test('two geometries are refused by name', () => {
    expect(() => sortFiles(['a.geom', 'b.geom', 'c.h5'].map(file))).toThrow(/2 geometries.*a\.geom, b\.geom.*drop one/);
  });
});

test('errors of the browser are explained', () => {
  expect(errorWords(new RangeError('Array buffer allocation failed'))).toMatch(/not enough memory.*close other tabs/);
  expect(errorWords(new DOMException('lost', 'NotReadableError'))).toMatch(/cannot be read any more.*open it again/);
  expect(errorWords(new Error('http://x/0 cannot be read: it ended, after 4 attempts'))).toMatch(/start it again/);
  expect(errorWords(new Error('an own message'))).toBe('an own message');
});

test('no message that reaches a page speaks of a shell', () => {
  const rooms = ['frames', 'frames/detector', 'crystal', 'pages/view', 'peaks', 'indexing'];
  const ofScans = [
    ...['analyses', 'calibrate', 'disks', 'images', 'ssb'].map((part) => `stem/${part}`),
    ...['disks', 'execution', 'scans'].map((part) => `udf/${part}`),
  ];
  const shell =
    /(?<!var\()(?<!-)--[a-z]|\(-[a-z]\b|\bewald (?:index|view|convert|info|run|merge|cell|stream|geometry|simulate|fft|calibrate|page)\b/;
  // Commands that are copied; lists of spots, streams and regions of streams, which pages do not open.
  const others =
    /\.node\.ts$|parameters?(?:-types)?\.ts$|commands\.ts$|spot-list\.ts$|crystal\/stream\/|frames\/(?:files|streams)\//;
  const found: string[] = [];
  for (const room of [...rooms, ...ofScans])
    for (const name of readdirSync(join('src', room), { recursive: true }) as string[]) {
      const file = join('src', room, name);
      if (!name.endsWith('.ts') || others.test(file)) continue;
      const code = readFileSync(file, 'utf8').replaceAll(/^\s*(?:\/\*)?\*.*$|^\s*\/\/.*$/gm, '');
      // A message is written in several lines.
      const whole = code.replaceAll(/['`] \+\s*['`]/g, '');
      for (const [literal] of whole.matchAll(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g)) {
        const text = literal.slice(1, -1);
        if (/ /.test(text) && shell.test(wordsOnPage(text))) found.push(`${file}: ${wordsOnPage(text)}`);
      }
    }
  expect(found).toEqual([]);
});

test('options are named in words of the page', () => {
  const offset = argumentError('', (said) => `a.bin (6 bytes): ${said('navShape')} and ${said('offset')} are given`);
  expect(errorWords(offset)).toBe(
    'a.bin (6 bytes): the shape of the scan and the place of the first frame are given; this page has no field for ' +
      'that: convert the file first (guide "Your data")',
  );
  const raw = argumentError(
    '',
    (said) =>
      `a.bin (512 bytes) has none of the known formats: npy, raw_csr. If it holds plain numbers, describe them: ` +
      settings(said, { dtype: 'u16', sigShape: [16, 16] }),
  );
  expect(errorWords(raw)).toBe(
    'a.bin (512 bytes) has none of the known formats. If it holds plain numbers, open it alone',
  );
  expect(askedShape(raw)).toEqual({ bytes: '512', dtype: 'u16', navShape: undefined, sigShape: '16,16' });
  const radius = argumentError('', (said) => `${said('ri')} is 5 and ${said('ro')} 3`);
  expect(errorWords(radius)).toBe('ri is 5 and ro 3');
  expect(askedShape(radius)).toBeUndefined();
});

test('the range of contrast leaves out values that the file declares to be no counts', () => {
  const meta = (more: object) => ({ header: {}, ...more }) as never;
  expect(statedRange(meta({}))).toEqual([-3e38, 3e38]);
  expect(statedRange(meta({ markers: [65535] }))).toEqual([-3e38, 65534]);
  expect(statedRange(meta({ underload: 0, markers: [-1, -2, 65535], saturation: 60000 }))).toEqual([0, 60000]);
  const counts = { dtype: 'u16', meta: meta({ markers: [65535, 65534] }) } as const;
  const limits = countLimitsOf(counts as never);
  const [least, greatest] = statedRange(counts.meta);
  for (const value of [0, 1, 65533, 65534, 65535])
    expect(value >= least && value <= greatest, String(value)).toBe(!limits || !isNoCount(value, limits));
});

test('the table of frames has a line for each searched frame, and the numbers of its cell', () => {
  const cell = [79, 79, 38, 90, 90, 90];
  const csv = csvOf([
    { frame: 0, peaks: 30, hit: true, crystals: 1, cell, resolutionA: 2, error: undefined },
    undefined,
    { frame: 2, peaks: 1, hit: false, crystals: 0, cell: undefined, resolutionA: undefined, error: undefined },
    { frame: 3, peaks: 0, hit: false, crystals: 0, cell: undefined, resolutionA: undefined, error: 'cut, "short"' },
  ]);
  expect(csv.split('\n')).toEqual([
    'frame,peaks,hit,crystals,a,b,c,alpha,beta,gamma,resolution,error',
    '0,30,1,1,79.0000,79.0000,38.0000,90.0000,90.0000,90.0000,2.0000,',
    '2,1,0,0,,,,,,,,',
    '3,0,0,0,,,,,,,,"cut, ""short"""',
    '',
  ]);
});

test('the first and the last of several requests are answered; those in between are dropped and counted', async () => {
  const done: number[] = [];
  let release: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    release = resolve;
  });
  const latest = new Latest<[number]>(
    async (n) => {
      if (n === 0) await first;
      done.push(n);
      if (n === 9) throw new Error('nine');
    },
    (error) => done.push(-(error as Error).message.length),
  );
  const all = [0, 1, 2, 3].map((n) => latest.ask(n));
  release();
  await Promise.all(all);
  expect(done).toEqual([0, 3]);
  expect(latest.dropped).toBe(2);
  await latest.ask(9);
  await latest.ask(10);
  expect(done).toEqual([0, 3, 9, -4, 10]);
});

test('the chart of a run over midnight has the times of both days', () => {
  expect([-90_000, 0, 3_600_000, 25 * 3_600_000].map((ms) => clockOf(ms, 60))).toEqual([
    '23:58',
    '0:00',
    '1:00',
    '1:00',
  ]);
});

test('a value that stays is drawn in a window that begins after its last change', () => {
  // Of a value that stays, the ends are kept.
  const points = [
    [0, 5],
    [1000, 7],
    [90_000, 7],
  ] as const;
  expect(pointsIn(points, 60_000, 120_000, 400)).toEqual([points[1], points[2]]);
  expect(pointsIn(points.slice(0, 2), 60_000, 120_000, 400)).toEqual([points[1]]);
  const many = Array.from({ length: 1000 }, (_, i) => [i, 3] as const);
  expect(pointsIn(many, 500, 1000, 10)[0]).toEqual([499, 3]);
});

test('frames that are paused and played again at once are played once', async () => {
  vi.useFakeTimers();
  try {
    const steps: number[] = [];
    const viewer = {
      opened: { frames: 100 } as never,
      frame: 0,
      async step(by: number) {
        this.frame += by;
        steps.push(this.frame);
      },
    };
    const told: boolean[] = [];
    const tell = (playing: boolean) => void told.push(playing);
    for (let i = 0; i < 3; i++) {
      void play(viewer, tell);
      await vi.advanceTimersByTimeAsync(50);
    }
    const begun = steps.length;
    await vi.advanceTimersByTimeAsync(2000);
    expect(steps.length - begun).toBe(10);
    await play(viewer, tell);
    await vi.advanceTimersByTimeAsync(2000);
    expect(steps.length - begun).toBe(10);
    expect([told.slice(0, 3), told.at(-1)]).toEqual([[true, false, true], false]);
  } finally {
    vi.useRealTimers();
  }
});

test('a look at a stage of the peak search leaves the scale of the frame, and a scale that is chosen for the stages', async () => {
  const answers: Record<string, object> = {
    frame: { data: new Float32Array(4) },
    stage: { data: new Float32Array(4) },
  };
  const engine = { call: async (name: string) => answers[name] ?? { frame: 0, count: 0 } };
  const picture = { scale: 'linear', limits: [0, 1], show: () => undefined, colour: () => undefined };
  vi.stubGlobal('navigator', { hardwareConcurrency: 1 });
  const viewer = new Viewer({ picture } as never, engine as never);
  const opened = { frames: 1, panels: [], validRange: [0, 9], width: 2, height: 2 };
  Object.assign(viewer, { opened, parametersKnown: true });
  picture.scale = 'log';
  await viewer.setStage('snr');
  expect(picture.scale).toBe('linear');
  picture.scale = 'sqrt';
  await viewer.find();
  expect(picture.scale).toBe('sqrt');
  await viewer.setStage('frame');
  expect(picture.scale).toBe('log');
  vi.unstubAllGlobals();
});
