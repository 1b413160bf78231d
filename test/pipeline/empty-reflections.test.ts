/** Reflections that have nothing in the pixels: regions of the detector and crystals, in all frames or in some. */
import { describe, expect, it } from 'vitest';
import type { Geometry } from '../../src/crystal/geometry/geometry.js';
import type { FrameRecord } from '../../src/pipeline/record.js';
import { EmptyCrystals } from '../../src/pipeline/run/empty-crystals.js';
import { EmptyRegions } from '../../src/pipeline/run/empty-regions.js';
import { FrameWarnings } from '../../src/pipeline/run/frame-warnings.js';
import { OddBeams } from '../../src/pipeline/run/odd-beams.js';
import { accountOf } from '../../src/pipeline/stages/crystal-account.js';
import { type Measured, tableOf } from '../../src/pipeline/stages/reflection-table.js';

/** Numbers from 0 to 1 by a seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A detector of square panels about the beam, and the crystals of a right run on it. */
interface Drawn {
  /** Panels along an edge, and pixels along the edge of a panel. */
  readonly across: number;
  readonly size: number;
  readonly frames: number;
  readonly reflections: number;
  /** Mean intensity at the beam in σ of the background, and by how much it falls towards the edge. */
  readonly intensity: number;
  readonly fall: number;
  /** Share of intensity that a shadow in one corner lets through. */
  readonly corner: number;
  /** How much of the polarised direction is lost at the edge. */
  readonly polarised: number;
}

/** What is wrong: how a reflection of a frame on a panel is recorded, as a factor. */
type Fault = (frame: number, panel: number, fs: number, ss: number) => number;
const right: Fault = () => 1;

const geometryOf = ({ across, size }: Drawn): Geometry =>
  ({
    panels: Array.from({ length: across ** 2 }, (_, i) => ({
      name: `p${i}`,
      minFs: 0,
      maxFs: size - 1,
      minSs: size * i,
      maxSs: size * (i + 1) - 1,
    })),
  }) as unknown as Geometry;

/** The texts of a run whose frames are drawn: intensities of acentric reflections, partialities, crystals of any size. */
function toldOf(seed: number, drawn: Drawn, fault: Fault, explains: (frame: number) => number = () => 1): string[] {
  const random = randomNumbers(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const { across, size, reflections } = drawn;
  const half = (across * size) / 2;
  const regions = new EmptyRegions(geometryOf(drawn));
  const crystals = new EmptyCrystals();
  for (let frame = 0; frame < drawn.frames; frame++) {
    const scale = drawn.intensity * Math.exp(normal() * 0.7);
    const rows: Measured[] = [];
    const indices: number[] = [];
    for (let i = 0; i < reflections; i++) {
      const [x, y] = [random() * 2 * half, random() * 2 * half];
      const panel = Math.floor(y / size) * across + Math.floor(x / size);
      const q = Math.hypot(x - half, y - half) / half;
      const dimmed = (x + y < half / 2 ? drawn.corner : 1) * (1 - drawn.polarised * ((x - half) / half) ** 2);
      const true_ = -Math.log(1 - random()) * random() * scale * dimmed * Math.exp(-drawn.fall * q * q);
      // A lattice by chance has its spots and nothing beside.
      const isChance = explains(frame) < 1;
      const [fs, ss] = [x % size, y % size];
      const seen = isChance ? (random() < 0.1 ? 10 : 0) : true_ * fault(frame, panel, fs, ss);
      const sigma = Math.sqrt(1 + Math.max(0, seen) / 10);
      const [h, k, l] = [i % 20, Math.floor(i / 20) % 20, Math.floor(i / 400)];
      if (isChance ? seen > 0 : true_ > 5) indices.push(h, k, l);
      const place = { h, k, l, panel, fs, ss, excitation: 0, inverseD: q / 2, partiality: 1 };
      const intensity = seen + sigma * normal();
      rows.push({ ...place, intensity, sigma, peak: 0, background: 0, saturated: false });
    }
    const account = accountOf({ indices: Int32Array.from(indices) }, tableOf(rows));
    const explained = Array.from({ length: indices.length / 3 }, (_, i) => i);
    const count = Math.round(explained.length / explains(frame));
    const none = new Float32Array(0);
    const record = {
      origin: { filename: 'run.h5', event: frame, serial: frame + 1 },
      crystals: [{ account, peaks: Uint32Array.from(explained) }],
      peaks: { count, panel: none, fs: none, ss: none },
    } as unknown as FrameRecord;
    regions.add(record);
    crystals.add(record);
  }
  return [regions.told(new Set()).text ?? [], crystals.remarks().map(({ text }) => text)].flat();
}

/** Draws a right run: weak and strong, few crystals and many, one panel to 256. */
function drawnRun(seed: number): Drawn {
  const random = randomNumbers(seed);
  const [across = 1, size = 1] =
    (
      [
        [1, 900],
        [2, 300],
        [4, 128],
        [8, 64],
        [16, 60],
      ] as const
    )[Math.floor(random() * 5)] ?? [];
  return {
    across,
    size,
    frames: 3 + Math.floor(random() * 50),
    reflections: 60 + Math.floor(random() * 400),
    intensity: 2 * 20 ** random(),
    fall: 3 * random(),
    corner: 0.3 + 0.7 * random(),
    polarised: 0.5 * random(),
  };
}

const usual: Drawn = {
  ...{ across: 4, size: 128, frames: 60, reflections: 250, intensity: 12, fall: 1 },
  ...{ corner: 1, polarised: 0 },
};

describe('Reflections without intensity', () => {
  const rightRuns = (first: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => toldOf(first + i, drawnRun(first + i), right)).flat();

  it('are not told of right runs', () => {
    expect(rightRuns(1, 8)).toEqual([]);
  });

  it('are not told of hundreds of right runs', { tags: 'all' }, () => {
    expect(rightRuns(1000, 250)).toEqual([]);
  });

  it('are told of a panel that sees nothing, in all frames or in those from one on', () => {
    expect(toldOf(7, usual, (_, panel) => (panel === 5 ? 0 : 1))).toEqual([
      expect.stringMatching(/^the reflections of 1 region of the detector are background: p5, in all frames: /),
    ]);
    const half = toldOf(8, usual, (frame, panel) => (panel === 5 && frame >= 32 ? 0 : 1));
    expect(half).toEqual([expect.stringContaining('p5, frames //32 to //59 of run.h5: ')]);
  });

  it('are told of a part of a large panel, by its pixels', () => {
    const large = { ...usual, across: 2, size: 512, reflections: 400 };
    const told = toldOf(9, large, (_, panel, fs, ss) => (panel === 1 && fs < 256 && ss >= 256 ? 0 : 1));
    expect(told).toEqual([expect.stringContaining(': p1 (fs 0 to 255, ss 256 to 511), in all frames: ')]);
  });

  it('are told of crystals whose peaks are of other frames', () => {
    const one = toldOf(10, { ...usual, intensity: 60 }, (frame) => (frame === 40 ? 0 : 1));
    expect(one).toEqual([expect.stringMatching(/^1 of 60 crystals have no intensity .*frame \/\/40 of run.h5/)]);
  });

  it('are told of lattices that explain few peaks by chance while the others explain all', () => {
    expect(toldOf(11, usual, right, (frame) => (frame >= 20 && frame < 30 ? 0.2 : 1))).toEqual([
      expect.stringMatching(/^10 of 60 crystals explain 20 % .*: frames \/\/20 to \/\/29 of run.h5/),
    ]);
  });
});

describe('A frame whose header has another beam', () => {
  const told = (distanceM: (frame: number) => number, frames = 120) => {
    const beams = new OddBeams();
    for (let i = 0; i < frames; i++)
      beams.add({ filename: 'run.h5', event: i, serial: i + 1 }, { distanceM: distanceM(i), wavelengthA: 1.3 });
    return beams.remarks().map(({ text, isDoubtful }) => [isDoubtful, text]);
  };

  it('is named with its distance and that of the others', () => {
    const text = expect.stringMatching(
      /^the distance of 1 frame is another one, first 600 mm in frame \/\/7 of run.h5; that of 119 is 60 mm/,
    );
    expect(told((i) => (i === 7 ? 0.6 : 0.06))).toEqual([[true, text]]);
    expect(told((i) => (i === 0 ? 0.6 : 0.06))).toEqual([[true, expect.stringContaining('600 mm in frame //0 of')]]);
  });

  it('is not told of a detector that moves, of two distances, or of few frames', () => {
    expect(told((i) => 0.06 + 0.001 * i)).toEqual([]);
    expect(told((i) => (i < 60 ? 0.06 : 0.12))).toEqual([]);
    expect(told((i) => (i === 1 ? 0.6 : 0.06), 4)).toEqual([]);
  });
});

it('panels and stretches of brief records are said not to be judged', () => {
  const told: string[] = [];
  const events = { warnQuietly: (text: string) => told.push(text) };
  const state = { summary: { crystals: 1 }, verdict: {} };
  const warnings = new FrameWarnings(
    { events, state } as unknown as ConstructorParameters<typeof FrameWarnings>[0],
    { panels: [] } as unknown as Geometry,
    [],
  );
  const crystal = { reflections: undefined };
  const beam = { shiftM: [0, 0], distanceM: 0.1, wavelengthA: 1 };
  const record = { origin: { serial: 1, filename: 'a.h5' }, peaks: { count: 9, panel: [] }, crystals: [crystal], beam };
  warnings.of({ ...record, explained: 1 } as unknown as FrameRecord);
  warnings.ofPanels();
  expect(told).toEqual([
    expect.stringMatching(/^panels and stretches were not judged in 1 frame with crystals, .*briefItems/),
  ]);
});
