// @module-tag all: it opens Chromium
/**
 * What the viewer shows of frames, compared with what is true of them and with the results of the command: peaks and
 * reflections at every strong spot, the same peaks, crystals and streams, and a contrast in which spots stand out.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStream, type StreamChunk } from 'ewald';
import { beforeAll, describe, expect, test } from 'vitest';
import { dataFolder, readData } from '../support/data.js';
import { tier, variants } from '../support/variants.js';
import { writeEiger } from './eiger.js';
import { browsing, filesOf, type Shown, serve, Visit } from './visit.js';

declare const viewer: Shown;
const temporary = browsing();

/** A set of frames, its spots, and the least number of strong ones among them. */
interface FrameSet {
  /** Arguments of `ewald view` and `ewald index`. */
  readonly words: () => string[];
  /** Positions of the strong spots of the first frame, in pixels of the file. */
  readonly strong: () => Place[];
  readonly least: number;
  /** Least share of strong spots near a reflection. */
  readonly share: number;
}
type Place = readonly [fs: number, ss: number];

interface Truth {
  readonly frames: readonly { readonly lattices: readonly { readonly spots: readonly number[][] }[] }[];
}

/** The simulated spots of more than 100 counts. */
function simulated(set: string): Place[] {
  const truth: Truth = JSON.parse(readData('sim', `${set}.truth.json`));
  const spots = (truth.frames[0]?.lattices ?? []).flatMap((lattice) => lattice.spots);
  return spots.filter(([, , , , , counts = 0]) => counts > 100).map(([fs = 0, ss = 0]) => [fs, ss]);
}

/**
 * The strongest spots that another program found in a real frame and that the verified lattice explains: their indices
 * are integers within 0.15. Spots at the edge of a panel, of which a part is missing, are left out. `width` and `rows`
 * are the size of a panel, of which the file has one below the other.
 */
function observed(name: string, [width, rows]: Place, minIntensity: number): Place[] {
  const { reference } = JSON.parse(readData('real', 'spots', `${name}.json`));
  const axes = reference.real_space as number[][];
  const lines = (file: string): number[][] =>
    readData('real', 'spots', file)
      .split('\n')
      .slice(1)
      .filter((line) => /^\s*[-\d]/.test(line))
      .map((line) => line.trim().split(/\s+/).map(Number));
  const vectors = lines(`${name}.txt`);
  return lines(`${name}.peaks.tsv`).flatMap(([panel = 0, fs = 0, ss = 0, , intensity = 0], i): Place[] => {
    const [x = 0, y = 0, z = 0] = vectors[i] ?? [];
    const hkl = axes.map(([u = 0, v = 0, w = 0]) => u * x + v * y + w * z);
    const explained = Math.hypot(...hkl.map((index) => index - Math.round(index))) < 0.15;
    const inside = Math.min(fs, ss, width - fs, rows - ss) > 2;
    return explained && inside && intensity > minIntensity ? [[fs, ss + panel * rows]] : [];
  });
}

let eiger: string[] = [];
const sets: Readonly<Record<string, FrameSet>> = {
  ...Object.fromEntries(
    (
      [
        ['run', 100, 0.97],
        ['mono', 100, 0.97],
        // Its frame contains several crystals, of which not all are indexed.
        ['multi', 300, 0.8],
        ['weak', 40, 0.97],
        ['hard', 5, 0.97],
      ] as const
    ).map(([set, least, share]) => [
      set,
      { words: () => filesOf(`sim/${set}.h5`, `sim/${set}`), strong: () => simulated(set), least, share },
    ]),
  ),
  CSPAD: {
    words: () => filesOf('real/frames/cspad_thermolysin_dev.h5', 'real/frames/cspad_thermolysin'),
    strong: () => observed('therm_cspad_858401', [194, 185], 1000),
    least: 50,
    share: 0.95,
  },
  Pilatus: {
    words: () => filesOf('real/frames/pilatus_thaumatin_dev_bslz4.h5', 'real/frames/pilatus_thaumatin'),
    strong: () => observed('thau_grid_01', [2463, 2527], 100),
    least: 50,
    share: 0.97,
  },
  // The detector is the one that the master describes.
  Eiger: {
    words: () => [eiger[0] as string, '-p', join(dataFolder ?? '', 'sim/run.cell')],
    strong: () => simulated('run'),
    least: 100,
    share: 0.97,
  },
};
/** The sets that `npm run test:all` opens; `npm run nightly` opens the others. */
const usual = ['weak', 'CSPAD'];
/** A test of every set. */
const testEach = (title: string, act: (name: string) => Promise<void>): void => {
  for (const name of Object.keys(sets))
    test(`${name}: ${title}`, { tags: usual.includes(name) ? 'all' : 'nightly' }, () => act(name));
};
const setOf = (name: string): FrameSet => sets[name] as FrameSet;

describe.skipIf(!dataFolder)('frames that the command offers', () => {
  /** The chunks of the stream that `ewald index` writes for a set, and its text. */
  const streams = new Map<string, Promise<{ text: string; chunks: StreamChunk[] }>>();
  function indexed(name: string): Promise<{ text: string; chunks: StreamChunk[] }> {
    const known = streams.get(name);
    if (known) return known;
    const made = (async () => {
      const file = temporary(`${name}.stream`);
      const words = ['index', ...setOf(name).words(), '-o', file, '--backend', 'wasm', '-j', '1'];
      const done = spawnSync(process.execPath, ['dist/cli.js', ...words]);
      expect(done.status, String(done.stderr)).toBe(0);
      const text = readFileSync(file, 'utf8');
      const chunks: StreamChunk[] = [];
      for await (const chunk of (await readStream(text.split('\n'))).chunks()) chunks.push(chunk);
      return { text, chunks };
    })();
    streams.set(name, made);
    return made;
  }

  beforeAll(async () => {
    eiger = await writeEiger(join(dataFolder ?? '', 'sim/run.h5'), temporary('run_master.h5'), 4);
  });

  testEach(
    'strong spots have ink of a peak and of a reflection, and both are the results of the command',
    async (name) => {
      const { words, strong: strongOf, least, share } = setOf(name);
      const visit = await Visit.open(await serve(words()));
      await visit.peaks();
      await visit.index();
      const strong = strongOf();
      expect(strong.length).toBeGreaterThan(least);
      // More red than blue: the drawing colours of the light map, counted in a window around the position.
      const inked = await visit.page.evaluate(async (places) => {
        viewer.toggle('rings', false);
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        const { overlay, layout, viewport } = viewer.pane;
        const pen = overlay.getContext('2d') as CanvasRenderingContext2D;
        return places.map(([fs = 0, ss = 0]) => {
          const [x, y] = viewport.toCanvas(layout.placeOf(fs, ss) ?? [0, 0]);
          const { data } = pen.getImageData(Math.round(x) - 8, Math.round(y) - 8, 17, 17);
          let [red, blue] = [0, 0];
          for (let i = 0; i < data.length; i += 4) {
            const [r = 0, , b = 0, alpha = 0] = data.subarray(i, i + 4);
            if (alpha < 128) continue;
            if (r > b + 60) red++;
            if (b > r + 60) blue++;
          }
          return { fs, ss, red, blue };
        });
      }, strong);
      expect(inked.filter(({ red }) => red < 6)).toEqual([]);
      // A spot may be at the edge of the predicted reflections.
      expect(inked.filter(({ blue }) => blue >= 6).length).toBeGreaterThan(share * strong.length);
      const [chunk] = (await indexed(name)).chunks;
      const { peaks, crystals } = await visit.page.evaluate(() => ({
        peaks: [Array.from(viewer.peaks?.fs ?? []), Array.from(viewer.peaks?.ss ?? [])],
        crystals: viewer.crystals.map(({ lengths, angles, reflections }) => ({
          cell: [...lengths, ...angles],
          hkl: Array.from(reflections.hkl),
        })),
      }));
      // A stream has two decimals of a position, and five of an axis in nm.
      const near = (found: readonly number[] | undefined, expected: readonly number[], bound: number): void => {
        expect(found?.length).toBe(expected.length);
        expect(Math.max(0, ...expected.map((value, i) => Math.abs(value - (found?.[i] ?? 0))))).toBeLessThan(bound);
      };
      near(peaks[0], chunk?.peaks?.map(({ fs }) => fs) ?? [], 0.0051);
      near(peaks[1], chunk?.peaks?.map(({ ss }) => ss) ?? [], 0.0051);
      expect(crystals.length).toBe(chunk?.crystals.length);
      for (const [i, { parameters, reflections }] of (chunk?.crystals ?? []).entries()) {
        const [a, b, c, ...angles] = parameters;
        near(crystals[i]?.cell, [10 * a, 10 * b, 10 * c, ...angles], 1e-4);
        expect(crystals[i]?.hkl).toEqual(reflections?.flatMap(({ h, k, l }) => [h, k, l]));
      }
      expect(visit.faults).toEqual([]);
    },
  );

  test.each(variants(['weak', 'CSPAD']))(
    '%s: the stream of the workers of the page is that of the command',
    { tags: tier },
    async (name) => {
      const visit = await Visit.open(await serve(setOf(name).words()));
      await visit.peaks();
      await visit.page.evaluate(() => {
        viewer.workers = 3;
      });
      await visit.page.keyboard.press('Shift+X');
      await visit.message(/^Searched/);
      const written = await visit.page.evaluate(async () => viewer.stream?.text() ?? '');
      const chunks = (text: string): string =>
        text.slice(text.indexOf('----- Begin chunk -----')).replace(/^Image filename: .*$/gm, '');
      expect(chunks(written)).toBe(chunks((await indexed(name)).text));
      expect(visit.faults).toEqual([]);
    },
  );

  testEach('the background is light and weak spots stand out, on every frame', async (name) => {
    const visit = await Visit.open(await serve(setOf(name).words()));
    await visit.peaks();
    const frames = await visit.page.evaluate(() => Math.min(3, viewer.opened?.frames ?? 0));
    for (let frame = 0; frame < frames; frame++) {
      await visit.page.evaluate((n) => viewer.go(n), frame);
      await visit.page.waitForFunction((n) => viewer.peaks?.frame === n, frame);
      const { background, weak } = await visit.page.evaluate(() => {
        const { limits, frame: shown } = viewer.pane.picture;
        const { data = [], bad, validRange: [least, greatest] = [0, 0], width = 1 } = shown ?? {};
        const black = (value: number): number =>
          Math.max(0, Math.min(1, (value - limits[0]) / (limits[1] - limits[0])));
        const good: number[] = [];
        for (let i = 0; i < data.length; i += 97) {
          const value = data[i] as number;
          if (!bad?.[i] && value >= least && value <= greatest) good.push(value);
        }
        good.sort((a, b) => a - b);
        const { fs = [], ss = [] } = viewer.peaks ?? {};
        const maxima = Array.from(fs, (x, i) => {
          let most = 0;
          for (let dy = -1; dy <= 1; dy++)
            for (let dx = -1; dx <= 1; dx++)
              most = Math.max(most, Number(data[(Math.floor(ss[i] as number) + dy) * width + Math.floor(x) + dx]));
          return most;
        }).sort((a, b) => a - b);
        return {
          background: black(good[good.length >> 1] as number),
          // A blank frame has no spots.
          weak: maxima.length > 0 ? black(maxima[Math.floor(maxima.length / 10)] as number) : 1,
        };
      });
      expect(background, `frame ${frame}`).toBeGreaterThanOrEqual(0.05);
      expect(background, `frame ${frame}`).toBeLessThanOrEqual(0.15);
      expect(weak, `frame ${frame}`).toBeGreaterThanOrEqual(0.4);
    }
    expect(visit.faults).toEqual([]);
  });

  test('an Eiger master that is dropped with its data is opened as one series', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve([]));
    const files = [...eiger].reverse();
    await visit.page.setInputFiles('#files', [...files, join(dataFolder ?? '', 'sim/run.cell')]);
    await visit.peaks();
    const opened = await visit.page.evaluate(() => [viewer.opened?.name, viewer.opened?.frames]);
    expect(opened).toEqual(['run_master.h5', 4]);
    await visit.page.keyboard.press('End');
    await visit.peaks(3);
    await visit.index();
    expect(await visit.page.evaluate(() => viewer.crystals.length)).toBe(1);
    expect(visit.faults).toEqual([]);
  });
});
