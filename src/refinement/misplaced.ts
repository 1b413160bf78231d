/**
 * Panels whose peaks crystals do not explain, although they explain those of the other panels. A panel that is off by
 * more than an index tolerates has no pairs from which a fit could learn, so that it would be lost without a word: it is
 * looked for with the crystals of the others, by the differences between its peaks and the nodes that these predict on
 * it, of which those of the right place are alike.
 */

import { type Cell, reciprocal } from '../crystal/cell.js';
import type { Beam, Geometry, Panel } from '../crystal/geometry/geometry.js';
import { heightOf, widthOf } from '../crystal/geometry/pixels.js';
import { counted } from '../util/amounts.js';
import { median } from '../util/median.js';
import { type Plane, planeOf, Ray } from './ray.js';
import type { MovedUnit } from './refine-geometry.js';
import { type PlacedPanel, placed } from './units.js';

/** The peaks of a frame with crystals. */
export interface IndexedPeaks {
  readonly beam: Beam;
  readonly count: number;
  /** For each peak: the index of its panel, and its position in pixels from the panel's outer corner. */
  readonly panel: ArrayLike<number>;
  readonly fs: ArrayLike<number>;
  readonly ss: ArrayLike<number>;
  readonly intensity: ArrayLike<number>;
  /** For each peak, 1 if a crystal explains it. */
  readonly explained: Uint8Array;
  /** Rows a, b, c of the crystals in Å, laboratory frame. */
  readonly cells: readonly Cell[];
}

/** How many of the peaks of a panel belong to crystals. */
export interface PanelShare {
  readonly peaks: number;
  readonly explained: number;
}

/** A panel of whose peaks fewer belong to crystals than of those of the panels that are as far from the beam. */
export interface UnexplainedPanel extends PanelShare {
  readonly panel: number;
  /** The share of the peaks of those panels, 0 … 1, and how many of them are explained. */
  readonly expected: number;
  readonly usual: number;
}

/** Where a panel is whose peaks crystals did not explain. */
export interface FoundPanel extends UnexplainedPanel {
  /** The panel at whose place it is; its own index if it is at its own. */
  readonly at: number;
  readonly isTurned: boolean;
  /** The shift there in pixels along x and y of the laboratory, and its error. */
  readonly shiftPx: readonly [number, number];
  readonly errorPx: number;
  /** How many of its strongest peaks the crystals of the other panels explain there. */
  readonly there: number;
  /** The least intensity of its peaks that are no noise: 0 unless it has far more of them than such panels have. */
  readonly leastIntensity: number;
}

/** Fewest peaks of a panel that is judged, and crystals that judge it. */
const [fewestPeaks, fewestCrystals] = [15, 5];
/** A panel is looked for if its share is a smaller part of the expected one, and doubted if it is by far smaller. */
const [low, veryLow] = [0.75, 0.5];
/** In how many standard errors; peaks of one frame are explained together, which makes the variance larger. */
const [errors, together] = [5, 3];
/** The panels that are compared: those nearest in distance from the beam, this part of all, and at least three. */
const [partOfAll, fewestOthers] = [0.25, 3];
/** How far a panel is looked for, in pixels, and the greatest number of its peaks that are used. */
const [reach, mostPeaks] = [20, 300];
/** Places of other panels are tried if at most so many are not explained: exchanged modules may have several panels. */
const mostExchanged = 16;
/** The part of the expected number of peaks that a place must explain, and how many times what chance does. */
const [convincing, advantage] = [0.7, 3];
/** The place of another panel, or a half turn, must explain so many times as many peaks as the panel's own place. */
const better = 1.2;
/** Peaks this near to a shift, in pixels, show it. */
const near = 1.5;

/** Counts the peaks of each panel, and those of them that crystals explain, in frames that have crystals. */
export class PanelShares {
  readonly #peaks: Float64Array;
  readonly #explained: Float64Array;

  constructor(panels: number) {
    this.#peaks = new Float64Array(panels);
    this.#explained = new Float64Array(panels);
  }

  /** Adds a frame: the panel of each peak, and 1 for each that is explained. */
  add(panel: ArrayLike<number>, explained: Uint8Array): void {
    for (let i = 0; i < explained.length; i++) {
      const at = panel[i] as number;
      this.#peaks[at] = (this.#peaks[at] as number) + 1;
      this.#explained[at] = (this.#explained[at] as number) + (explained[i] as number);
    }
  }

  get panels(): PanelShare[] {
    return Array.from(this.#peaks, (peaks, i) => ({ peaks, explained: this.#explained[i] as number }));
  }
}

/** 1 for each peak of a frame that one of its crystals explains. */
export function explainedFlags(count: number, crystals: readonly { readonly peaks: Iterable<number> }[]): Uint8Array {
  const explained = new Uint8Array(count);
  for (const { peaks } of crystals) for (const i of peaks) explained[i] = 1;
  return explained;
}

/** The peaks of each panel, and how many of them crystals explain. */
export function sharesOf(panels: number, frames: readonly IndexedPeaks[]): PanelShare[] {
  const shares = new PanelShares(panels);
  for (const { panel, explained, cells } of frames) if (cells.length > 0) shares.add(panel, explained);
  return shares.panels;
}

const middleOf = (panel: Panel): readonly [number, number] => {
  const { corner, fs, ss } = placed(panel);
  const [w, h] = [widthOf(panel) / 2, heightOf(panel) / 2];
  return [corner[0] + w * fs[0] + h * ss[0], corner[1] + w * fs[1] + h * ss[1]];
};

/**
 * The panels whose peaks are explained far less than those of the panels as far from the beam, which see reflections of
 * the same resolution. One that has as many explained peaks as they have, and others beside, has bad pixels.
 */
export function unexplainedPanels(
  { panels }: Geometry,
  shares: readonly PanelShare[],
  [x, y]: Beam['shiftM'],
): UnexplainedPanel[] {
  const judged = shares.flatMap(({ peaks }, i) => (peaks >= fewestPeaks ? [i] : []));
  const share = (i: number): number => (shares[i] as PanelShare).explained / (shares[i] as PanelShare).peaks;
  const highest = judged.reduce((most, i) => Math.max(most, share(i)), 0);
  const radii = panels.map(middleOf).map((at) => Math.hypot(at[0] + x, at[1] + y));
  const order = judged.sort((i, j) => (radii[i] as number) - (radii[j] as number));
  const count = Math.max(fewestOthers, Math.ceil(partOfAll * panels.length));
  return order
    .flatMap((panel, place): UnexplainedPanel[] => {
      // No panel can be low whose share is not, beside the highest one.
      if (share(panel) >= low * highest) return [];
      return lowAt(
        panel,
        nearest(order, place, radii, count).map((i) => shares[i] as PanelShare),
        shares,
      );
    })
    .sort((unexplainedPanel, other) => unexplainedPanel.panel - other.panel);
}

/** The panels beside one in an order by distance from the beam that are nearest to it in distance. */
function nearest(order: readonly number[], place: number, radii: readonly number[], count: number): number[] {
  const radius = (at: number): number => radii[order[at] as number] as number;
  let [first, end] = [place, place + 1];
  const own = radius(place);
  while (end - first <= count && (first > 0 || end < order.length)) {
    const isBelow = first > 0 && (end === order.length || own - radius(first - 1) <= radius(end) - own);
    if (isBelow) first--;
    else end++;
  }
  return order.slice(first, end).filter((i) => i !== order[place]);
}

/** A panel, if its peaks are explained less than those of others. */
function lowAt(panel: number, others: readonly PanelShare[], shares: readonly PanelShare[]): UnexplainedPanel[] {
  const { peaks, explained } = shares[panel] as PanelShare;
  if (others.length === 0) return [];
  const expected = median(others.map((panelShare) => panelShare.explained / panelShare.peaks));
  const usual = median(others.map((panelShare) => panelShare.explained));
  const missing = expected * peaks - explained;
  const isReal = missing > errors * Math.sqrt(together * peaks * expected * (1 - Math.min(0.95, expected)));
  const isLow = explained < low * expected * peaks && explained < low * usual;
  return isReal && isLow ? [{ panel, peaks, explained, expected, usual }] : [];
}

/** Those of which hardly anything is explained, which are doubted. */
export const isDoubtfulPanel = ({ peaks, explained, expected }: UnexplainedPanel): boolean =>
  explained < veryLow * expected * peaks;

/** Looks for panels with the crystals of the others; those that are not found are left out. */
export function foundPanels(
  { panels }: Geometry,
  frames: readonly IndexedPeaks[],
  unexplained: readonly UnexplainedPanel[],
): FoundPanel[] {
  const indexed = frames.filter(({ cells }) => cells.length > 0);
  if (unexplained.length === 0 || indexed.length < fewestCrystals) return [];
  const places = panels.map(placed);
  const limit = excitationLimit(places, indexed);
  return unexplained.flatMap((unexplainedPanel): FoundPanel[] => {
    const own = panels[unexplainedPanel.panel] as Panel;
    const peaks = peaksOn(unexplainedPanel, indexed).slice(0, mostPeaks);
    const exchanged = unexplained.length > mostExchanged ? [] : unexplained.map(({ panel }) => panel);
    const twins = exchanged.filter((i) => i !== unexplainedPanel.panel && isAlike(own, panels[i] as Panel));
    const tried = [unexplainedPanel.panel, ...twins].flatMap((at) =>
      [false, true].map((isTurned) => {
        const place = placeOf(places[at] as PlacedPanel, own, isTurned);
        return { at, isTurned, ...shiftAt(place, peaks, limit) };
      }),
    );
    const [same] = tried;
    const [best] = [...tried].sort((a, b) => b.count - a.count);
    if (!same || !best) return [];
    const found = best.count > better * same.count ? best : same;
    const needed = Math.max(convincing * unexplainedPanel.expected * peaks.length, advantage * found.byChance + errors);
    if (found.count < needed) return [];
    const { at, isTurned, shiftPx, errorPx } = found;
    return [
      {
        ...unexplainedPanel,
        at,
        isTurned,
        shiftPx,
        errorPx,
        there: found.count,
        leastIntensity: leastOf(unexplainedPanel, indexed),
      },
    ];
  });
}

const isAlike = (a: Panel, b: Panel): boolean =>
  widthOf(a) === widthOf(b) && heightOf(a) === heightOf(b) && a.resolution === b.resolution;

/** The place of a panel; turned by half a turn in its plane, its pixels begin at the opposite corner. */
function placeOf({ corner, fs, ss }: PlacedPanel, panel: Panel, isTurned: boolean): PlacedPanel {
  if (!isTurned) return { corner, fs, ss };
  const [w, h] = [widthOf(panel), heightOf(panel)];
  return {
    corner: [corner[0] + w * fs[0] + h * ss[0], corner[1] + w * fs[1] + h * ss[1], corner[2] + w * fs[2] + h * ss[2]],
    fs: [-fs[0], -fs[1], -fs[2]],
    ss: [-ss[0], -ss[1], -ss[2]],
  };
}

/** A peak of a panel, with its frame. */
interface PanelPeak {
  readonly frame: IndexedPeaks;
  readonly intensity: number;
  readonly fs: number;
  readonly ss: number;
}

/**
 * The strongest peaks of a panel, as many as such panels have: at the wrong distance from the beam, where the background
 * is another one, many peaks are noise.
 */
function peaksOn({ panel, usual }: UnexplainedPanel, frames: readonly IndexedPeaks[]): PanelPeak[] {
  const all = frames.flatMap((frame) =>
    Array.from({ length: frame.count }, (_, i) => i)
      .filter((i) => frame.panel[i] === panel)
      .map((i) => ({
        frame,
        fs: frame.fs[i] as number,
        ss: frame.ss[i] as number,
        intensity: frame.intensity[i] as number,
      })),
  );
  return all.sort((a, b) => b.intensity - a.intensity).slice(0, Math.max(fewestPeaks, Math.round(usual)));
}

const leastOf = (unexplainedPanel: UnexplainedPanel, frames: readonly IndexedPeaks[]): number =>
  unexplainedPanel.peaks > 2 * unexplainedPanel.usual ? (peaksOn(unexplainedPanel, frames).at(-1)?.intensity ?? 0) : 0;

/** The indices of a peak at a place, which need not be whole, for a crystal. */
function exactIndices(
  cell: Cell,
  { corner, fs, ss }: PlacedPanel,
  { frame: { beam }, fs: f, ss: s }: Pick<PanelPeak, 'frame' | 'fs' | 'ss'>,
) {
  const x = corner[0] + f * fs[0] + s * ss[0] + beam.shiftM[0];
  const y = corner[1] + f * fs[1] + s * ss[1] + beam.shiftM[1];
  const z = corner[2] + f * fs[2] + s * ss[2] + beam.distanceM;
  const k = 1 / (beam.wavelengthA * Math.hypot(x, y, z));
  const q = [k * x, k * y, k * z - 1 / beam.wavelengthA] as const;
  return cell.map((row) => row[0] * q[0] + row[1] * q[1] + row[2] * q[2]);
}

/** Excitation errors in 1/Å of nodes that are seen: three scatters of those of explained peaks. */
function excitationLimit(places: readonly PlacedPanel[], frames: readonly IndexedPeaks[]): number {
  const found: number[] = [];
  const [ray, planes] = [new Ray(), places.map(planeOf)];
  for (const frame of frames) {
    const [cell] = frame.cells;
    if (!cell || found.length > 2000) continue;
    ray.from(reciprocal(cell), frame.beam);
    for (let i = 0; i < frame.count; i++) {
      if (frame.explained[i] !== 1) continue;
      const panel = frame.panel[i] as number;
      const peak = { frame, fs: frame.fs[i] as number, ss: frame.ss[i] as number };
      const exact = exactIndices(cell, places[panel] as PlacedPanel, peak);
      const whole = exact.map(Math.round);
      // In a frame of several crystals it is that of another one.
      const isNode = exact.every((value, axis) => Math.abs(value - (whole[axis] as number)) < 0.25);
      if (isNode && ray.meet(whole, 0, planes[panel] as Plane)) found.push(Math.abs(ray.excitation));
    }
  }
  return found.length === 0 ? 0 : (3 * median(found)) / 0.6745;
}

const side = 2 * reach + 1;

/** The shift of a panel at a place for which most of its peaks are at nodes of the crystals. */
function shiftAt(
  place: PlacedPanel,
  peaks: readonly PanelPeak[],
  limit: number,
): {
  readonly count: number;
  readonly byChance: number;
  readonly shiftPx: readonly [number, number];
  readonly errorPx: number;
} {
  const differences = differencesAt(place, peaks, limit);
  const histogram = new Float64Array(side * side);
  let total = 0;
  for (const [f, s] of differences) {
    const at = (Math.round(s) + reach) * side + Math.round(f) + reach;
    histogram[at] = (histogram[at] as number) + 1;
    total++;
  }
  const around = (column: number, row: number): number => {
    let sum = 0;
    for (let r = Math.max(0, row - 1); r <= Math.min(side - 1, row + 1); r++)
      for (let c = Math.max(0, column - 1); c <= Math.min(side - 1, column + 1); c++)
        sum += histogram[r * side + c] as number;
    return sum;
  };
  let best = { count: 0, f: 0, s: 0 };
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const count = around(column, row);
      if (count > best.count) best = { count, f: column - reach, s: row - reach };
    }
  const byChance = (9 * Math.max(0, total - best.count)) / (side * side);
  const close = differences.filter(([f, s]) => Math.hypot(f - best.f, s - best.s) < near);
  if (close.length === 0) return { count: 0, byChance, shiftPx: [0, 0], errorPx: 0 };
  const [f, s] = [0, 1].map((k) => median(close.map((one) => one[k] as number))) as [number, number];
  const scatter = median(close.map((one) => Math.hypot(one[0] - f, one[1] - s)));
  const { fs, ss } = place;
  const pixel = Math.hypot(...fs);
  return {
    count: best.count,
    byChance,
    shiftPx: [(f * fs[0] + s * ss[0]) / pixel, (f * fs[1] + s * ss[1]) / pixel],
    errorPx: scatter / Math.sqrt(close.length),
  };
}

/** Differences of the nodes that crystals predict near peaks, in pixels along both scans of the place. */
function differencesAt(place: PlacedPanel, peaks: readonly PanelPeak[], limit: number): (readonly [number, number])[] {
  const [ray, plane] = [new Ray(), planeOf(place)];
  const found: (readonly [number, number])[] = [];
  const stars = new Map<Cell, Cell>();
  const pixelM = Math.hypot(...place.fs);
  for (const peak of peaks)
    for (const cell of peak.frame.cells) {
      const own = stars.get(cell) ?? reciprocal(cell);
      stars.set(cell, own);
      const { beam } = peak.frame;
      ray.from(own, beam);
      const exact = exactIndices(cell, place, peak);
      const perPixel = pixelM / (beam.wavelengthA * beam.distanceM);
      const spans = cell.map((row, i) => {
        const far = reach * Math.SQRT2 * perPixel * Math.hypot(...row);
        return [Math.ceil((exact[i] as number) - far), Math.floor((exact[i] as number) + far)] as const;
      });
      const [hs, ks, ls] = spans as [(typeof spans)[0], (typeof spans)[0], (typeof spans)[0]];
      const node = [0, 0, 0];
      for (let h = hs[0]; h <= hs[1]; h++)
        for (let k = ks[0]; k <= ks[1]; k++)
          for (let l = ls[0]; l <= ls[1]; l++) {
            [node[0], node[1], node[2]] = [h, k, l];
            if (!ray.meet(node, 0, plane) || Math.abs(ray.excitation) > limit) continue;
            const [f, s] = [ray.f - peak.fs, ray.s - peak.ss];
            if (Math.abs(f) <= reach && Math.abs(s) <= reach) found.push([f, s]);
          }
    }
  return found;
}

/** A geometry with the panels at the places that were found. */
export function withFoundPanels(geometry: Geometry, found: readonly FoundPanel[]): Geometry {
  const panels = [...geometry.panels];
  for (const { panel: index, at, isTurned, shiftPx } of found) {
    const [own, there] = [geometry.panels[index] as Panel, geometry.panels[at] as Panel];
    const [w, h] = isTurned ? [widthOf(own), heightOf(own)] : [0, 0];
    const sign = isTurned ? -1 : 1;
    const turned = ([x, y, z]: Panel['fs']): Panel['fs'] => [sign * x + 0, sign * y + 0, sign * z + 0];
    const corner = (k: 0 | 1): number =>
      Number((there.corner[k] + w * there.fs[k] + h * there.ss[k] + shiftPx[k]).toFixed(4));
    panels[index] = {
      ...own,
      corner: [corner(0), corner(1)],
      offsetM: there.offsetM + (w * there.fs[2] + h * there.ss[2]) / there.resolution,
      fs: turned(there.fs),
      ss: turned(there.ss),
    };
  }
  return { ...geometry, panels };
}

/** The motions of a refinement together with the places of panels from which it began. */
export function movedWithFound(
  { panels }: Geometry,
  found: readonly FoundPanel[],
  moved: readonly MovedUnit[],
): MovedUnit[] {
  const names = found.map(({ panel }) => panels[panel]?.name);
  const others = moved.filter(({ name }) => name === undefined || !names.includes(name));
  const whole = others.filter(({ name }) => name === undefined);
  return [
    ...whole,
    ...found.map((foundPanel): MovedUnit => {
      const { panel: index, at, isTurned, shiftPx, errorPx, peaks, explained, there } = foundPanel;
      const [own, place] = [panels[index] as Panel, panels[at] as Panel];
      const fine = moved.find(({ name }) => name === own.name);
      const pixelM = 1 / own.resolution;
      const [from, to] = [middleOf(own), middleOf(place)];
      const shift = (k: 0 | 1): number => to[k] - from[k] + shiftPx[k] * pixelM + (fine?.shiftM[k] ?? 0);
      const [tx, ty, tz] = fine?.turnRad ?? [0, 0, 0];
      const error = errorPx * pixelM;
      return {
        name: own.name,
        shiftM: [shift(0), shift(1), place.offsetM - own.offsetM + (fine?.shiftM[2] ?? 0)],
        shiftErrorM: fine?.shiftErrorM ?? [error, error, 0],
        turnRad: [tx, ty, tz + (isTurned ? Math.PI : 0)],
        turnErrorRad: fine?.turnErrorRad ?? [0, 0, 0],
        pixelM,
        pairs: fine?.pairs ?? there,
        misplaced: {
          peaks,
          explained,
          ...(at === index ? {} : { at: place.name }),
          isTurned,
        },
      };
    }),
    ...others.filter(({ name }) => name !== undefined),
  ];
}

/** Greatest number of panels that are named in a sentence. */
const maxNamed = 4;
const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;

/** A doubt about panels whose peaks crystals do not explain; undefined without any. */
export function unexplainedText({ panels }: Geometry, unexplained: readonly UnexplainedPanel[]): string | undefined {
  const doubtful = unexplained.filter(isDoubtfulPanel).sort((a, b) => b.peaks - a.peaks);
  if (doubtful.length === 0) return undefined;
  const named = doubtful
    .slice(0, maxNamed)
    .map(
      ({ panel, peaks, explained, expected }) =>
        `${panels[panel]?.name ?? panel} ${percent(explained / peaks)} of ${peaks} (panels as far from the beam: ` +
        `${percent(expected)})`,
    );
  return (
    `the crystals do not explain the peaks of ${counted(doubtful.length, 'panel')} as those of the others: ` +
    `${named.join('; ')}${doubtful.length > maxNamed ? '; …' : ''}; ` +
    'their reflections are measured in the wrong places: check the corners and the directions of these panels in the ' +
    'geometry, or mask them'
  );
}
