/** Panels that the geometry misplaces by more than a fit can correct, on pairs made here in float64. */
import { describe, expect, test } from 'vitest';
import { type Geometry, parseGeometry } from '../../dist/index.node.js';
import { dot } from '../../src/crystal/cell.js';
import { reciprocalOf } from '../../src/crystal/geometry/pixels.js';
import {
  foundPanels,
  type IndexedPeaks,
  isDoubtfulPanel,
  movedWithFound,
  sharesOf,
  unexplainedPanels,
  unexplainedText,
  withFoundPanels,
} from '../../src/refinement/misplaced.js';
import { refineGeometry } from '../../src/refinement/refine-geometry.js';
import { crystalsOf, pixel, randomOf, sideOf, square, still } from '../support/detector-crystals.mjs';

type Panel = Geometry['panels'][number];

/** Frames of a right detector, and which of their peaks crystals explain with a given geometry. */
function framesOf(right: Geometry, given: Geometry, seed: number, count = 10): IndexedPeaks[] {
  const truth = { whole: [0, 0, 0], panels: still(right.panels.length) };
  return crystalsOf(right, truth, { count, peaks: 100, seed }).map(({ beam, cell, panel, fs, ss }) => {
    const explained = Uint8Array.from(panel, (at: number, i: number) => {
      const q = reciprocalOf(given.panels[at] as Panel, beam, fs[i], ss[i]);
      const isNear = cell.every((row: readonly [number, number, number]) => {
        const exact = dot(row, q);
        return Math.abs(exact - Math.round(exact)) < 0.1;
      });
      return isNear ? 1 : 0;
    });
    return { beam, count: panel.length, panel, fs, ss, intensity: fs.map(() => 1), explained, cells: [cell] };
  });
}

const withPanels = (geometry: Geometry, changed: ReadonlyMap<number, Partial<Panel>>): Geometry => ({
  ...geometry,
  panels: geometry.panels.map((panel, i) => ({ ...panel, ...changed.get(i) })),
});

/** A detector of which a panel is shifted, turned by half a turn as well, or exchanged with another one. */
function misplaced(right: Geometry, seed: number): Geometry {
  const random = randomOf(seed);
  const { panels } = right;
  const side = sideOf(right);
  const index = Math.floor(panels.length * random.uniform());
  const one = panels[index] as Panel;
  const off = [0, 1].map(() => 36 * (random.uniform() - 0.5)) as [number, number];
  const kind = seed % 3;
  if (kind === 2) {
    const other = (index + 1 + Math.floor((panels.length - 1) * random.uniform())) % panels.length;
    const twin = panels[other] as Panel;
    return withPanels(
      right,
      new Map([
        [index, { corner: twin.corner }],
        [other, { corner: one.corner }],
      ]),
    );
  }
  const far = kind === 1 || Math.hypot(...off) > 3 ? off : ([4, 4] as const);
  const corner = [one.corner[0] + far[0], one.corner[1] + far[1]] as const;
  const turned: Partial<Panel> = { corner: [corner[0] + side, corner[1] + side], fs: [-1, 0, 0], ss: [0, -1, 0] };
  return withPanels(right, new Map([[index, kind === 1 ? turned : { corner }]]));
}

const searched = (given: Geometry, frames: readonly IndexedPeaks[]) => {
  const unexplained = unexplainedPanels(given, sharesOf(given.panels.length, frames), [0, 0]);
  return { unexplained, found: foundPanels(given, frames, unexplained) };
};

describe.each([
  { seeds: [1, 2, 3], tier: 'three seeds', tags: [] },
  { seeds: Array.from({ length: 60 }, (_, i) => 100 + i), tier: 'sixty seeds', tags: ['nightly'] },
])('$tier:', ({ seeds, tags }) => {
  test('a shifted, a half turned or an exchanged panel is found with the crystals of the others', { tags }, () => {
    for (const seed of seeds) {
      const right = square(seed % 2 === 0 ? 4 : 3);
      const given = misplaced(right, seed);
      const { found } = searched(given, framesOf(right, given, seed));
      const placed = withFoundPanels(given, found);
      for (const [i, panel] of placed.panels.entries()) {
        const own = right.panels[i] as Panel;
        expect([panel.fs, panel.ss], `seed ${seed}, ${panel.name}`).toEqual([own.fs, own.ss]);
        for (const k of [0, 1] as const)
          expect(Math.abs(panel.corner[k] - own.corner[k]), `seed ${seed}, ${panel.name}`).toBeLessThan(0.15);
      }
      const names = movedWithFound(given, found, []).map(({ name }) => name);
      expect(names.length).toBe(seed % 3 === 2 ? 2 : 1);
    }
  });

  test('no panel of a right detector is doubted', { tags }, () => {
    for (const seed of seeds)
      for (const across of tags.length > 0 ? [2, 4, 6] : [3]) {
        const right = square(across);
        expect(searched(right, framesOf(right, right, seed)).unexplained, `seed ${seed}, ${across}`).toEqual([]);
      }
  });
});

test('panels are compared with those as far from the beam, by their definition, whatever the shares', () => {
  const { uniform } = randomOf(11);
  const median = (values: number[]): number => {
    const sorted = values.sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
  };
  let told = 0;
  for (let trial = 0; trial < 60; trial++) {
    const geometry = square([2, 4, 8][trial % 3] as number);
    const side = sideOf(geometry);
    const shift = [0.02 * uniform(), 0.02 * uniform()] as const;
    const shares = geometry.panels.map(() => {
      const peaks = Math.floor(200 * uniform());
      return { peaks, explained: Math.floor(peaks * (uniform() < 0.1 ? 0.3 * uniform() : 0.6 + 0.2 * uniform())) };
    });
    const radii = geometry.panels.map(({ corner, fs, ss }) =>
      Math.hypot(
        (corner[0] + (side / 2) * (fs[0] + ss[0])) * pixel + shift[0],
        (corner[1] + (side / 2) * (fs[1] + ss[1])) * pixel + shift[1],
      ),
    );
    const low = shares.flatMap(({ peaks, explained }, panel) => {
      const beside = shares
        .map((share, i) => ({ ...share, i, apart: Math.abs((radii[i] as number) - (radii[panel] as number)) }))
        .filter((one) => one.i !== panel && one.peaks >= 15)
        .sort((a, b) => a.apart - b.apart)
        .slice(0, Math.max(3, Math.ceil(shares.length / 4)));
      const expected = median(beside.map((one) => one.explained / one.peaks));
      const lacks = expected * peaks - explained;
      const isReal = lacks > 5 * Math.sqrt(3 * peaks * expected * (1 - Math.min(0.95, expected)));
      const isLow = explained < 0.75 * Math.min(expected * peaks, median(beside.map((one) => one.explained)));
      return peaks >= 15 && isReal && isLow ? [panel] : [];
    });
    told += low.length;
    expect(unexplainedPanels(geometry, shares, shift).map(({ panel }) => panel)).toEqual(low);
  }
  expect(told).toBeGreaterThan(20);
});

test('a panel that is too far away to be found is doubted by its name and shares', () => {
  const right = square(3);
  const [x, y] = (right.panels[5] as Panel).corner;
  const given = withPanels(right, new Map([[5, { corner: [x + 70, y - 50] as const }]]));
  const { unexplained, found } = searched(given, framesOf(right, given, 8));
  expect(found).toEqual([]);
  expect(unexplained.map(isDoubtfulPanel)).toEqual([true]);
  expect(unexplainedText(given, unexplained)).toMatch(
    /^the crystals do not explain the peaks of 1 panel as those of the others: p12 \d % of \d+ \(panels as far .*: 100 %\)/,
  );
});

test('a panel with hot pixels beside as many explained peaks as the others have is not doubted', () => {
  const right = square(3);
  const frames = framesOf(right, right, 4).map((frame) => {
    const hot = Array.from({ length: 20 }, (_, i) => i);
    return {
      ...frame,
      count: frame.count + 20,
      panel: [...Array.from(frame.panel), ...hot.map(() => 5)],
      fs: [...Array.from(frame.fs), ...hot.map((i) => 10 * i + 0.5)],
      ss: [...Array.from(frame.ss), ...hot.map((i) => 7 * i + 0.5)],
      intensity: [...Array.from(frame.intensity), ...hot.map(() => 1)],
      explained: Uint8Array.from([...frame.explained, ...hot.map(() => 0)]),
    };
  });
  expect(searched(right, frames).unexplained).toEqual([]);
});

test('a geometry with panels that were found is read as it was written', async () => {
  const { formatGeometry } = await import('../../src/crystal/geometry/write.js');
  const right = square(3);
  const given = misplaced(right, 1);
  const { found } = searched(given, framesOf(right, given, 1));
  const placed = withFoundPanels(given, found);
  const again = parseGeometry(formatGeometry(placed));
  for (const [i, panel] of again.panels.entries()) expect(panel.fs).toEqual(placed.panels[i]?.fs);
});

test('a panel that is 1.5 to 6 pixels off, with pairs, is moved by the fit', () => {
  const geometry = square(3);
  for (const shift of [1.5, 6]) {
    const panels = still(9).map((one, i) => (i === 4 ? { ...one, shift: [shift, -shift, 0] } : one));
    const { moved } = refineGeometry(
      geometry,
      crystalsOf(geometry, { whole: [0, 0, 0], panels }, { count: 20, peaks: 50 }),
    );
    expect(moved.map(({ name }) => name)).toEqual(['p11']);
    expect(Math.abs((moved[0]?.shiftM[0] ?? 0) / 75e-6 - shift)).toBeLessThan(0.1);
  }
});
