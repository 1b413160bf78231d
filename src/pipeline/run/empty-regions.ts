/**
 * Regions of the detector whose reflections are predicted where the pixels have nothing, in all frames or in some of
 * them. Sums over the whole run, or over all panels, would hide them.
 */

import type { Geometry } from '../../crystal/geometry/geometry.js';
import { heightOf, widthOf } from '../../crystal/geometry/pixels.js';
import { counted } from '../../util/amounts.js';
import type { FrameRecord } from '../record.js';
import { accountRow, regionKey, regionOf } from '../stages/crystal-account.js';
import type { FrameOrigin } from '../streams/chunk.js';
import { stretchText } from './stretch-text.js';

/** Stretches of a run, which are joined in pairs when there are more. */
const mostStretches = 16;
/** Fewest crystals and reflections by which a region is judged, and least I/σ that the others have there. */
const least = { crystals: 8, reflections: 60, expected: 0.4 };
/** A region is empty if it has less than the first part of what is expected; shadows and gains have more than the second. */
const [empty, dim] = [0.2, 0.35];
/** In how many standard errors, as crystals scatter. */
const errors = 5;
/** Greatest number of regions that are named. */
const mostNamed = 4;

/** What the crystals of a stretch tell of a region. */
interface RegionSums {
  crystals: number;
  reflections: number;
  measured: number;
  expected: number;
  /** Sum of the squares of what a crystal lacks of `dim`. */
  squares: number;
  peaks: number;
}

interface Stretch {
  readonly first: FrameOrigin;
  last: FrameOrigin;
  frames: number;
  readonly regions: Map<number, RegionSums>;
}

/** A region whose reflections are empty. */
interface EmptyRegion extends RegionSums {
  readonly key: number;
  readonly first: FrameOrigin;
  readonly last: FrameOrigin;
  readonly isWhole: boolean;
}

const noSums = (): RegionSums => ({
  crystals: 0,
  reflections: 0,
  measured: 0,
  expected: 0,
  squares: 0,
  peaks: 0,
});

function addSums(to: RegionSums, from: RegionSums): void {
  to.crystals += from.crystals;
  to.reflections += from.reflections;
  to.measured += from.measured;
  to.expected += from.expected;
  to.squares += from.squares;
  to.peaks += from.peaks;
}

/** The sums of a key, which are new if it has none. */
function sumsAt(regions: Map<number, RegionSums>, key: number): RegionSums {
  let sums = regions.get(key);
  if (!sums) {
    sums = noSums();
    regions.set(key, sums);
  }
  return sums;
}

const lacking = ({ expected, measured }: Pick<RegionSums, 'expected' | 'measured'>): number =>
  dim * expected - measured;

/** Collects what the frames of a run, in their order, tell of regions. */
export class EmptyRegions {
  #stretches: Stretch[] = [];
  /** Frames of a stretch that is full. */
  #length = 1;
  readonly #panels: Geometry['panels'];

  constructor({ panels }: Geometry) {
    this.#panels = panels;
  }

  /** Adds a frame. */
  add({ origin, crystals, peaks }: Pick<FrameRecord, 'origin' | 'crystals' | 'peaks'>): void {
    const accounts = crystals.flatMap(({ account }) => account ?? []);
    if (accounts.length === 0) return;
    const { regions } = this.#stretchFor(origin);
    for (const { regions: rows } of accounts)
      for (let at = 0; at < rows.length; at += accountRow) {
        const [key, reflections, measured, expected] = rows.subarray(at, at + accountRow) as unknown as number[];
        const squares = lacking({ expected: expected as number, measured: measured as number }) ** 2;
        addSums(sumsAt(regions, key as number), {
          crystals: 1,
          reflections: reflections as number,
          measured: measured as number,
          expected: expected as number,
          squares,
          peaks: 0,
        });
      }
    for (let i = 0; i < peaks.panel.length; i++) {
      const panel = peaks.panel[i] as number;
      const { minFs = 0, minSs = 0 } = this.#panels[panel] ?? {};
      sumsAt(regions, regionKey(panel, (peaks.fs[i] as number) - minFs, (peaks.ss[i] as number) - minSs)).peaks++;
    }
  }

  #stretchFor(origin: FrameOrigin): Stretch {
    const latest = this.#stretches.at(-1);
    if (latest && latest.frames < this.#length) {
      latest.frames++;
      latest.last = origin;
      return latest;
    }
    if (this.#stretches.length === mostStretches) {
      this.#stretches = this.#stretches.flatMap((one, i) => {
        const next = this.#stretches[i + 1];
        if (i % 2 === 1 || !next) return [];
        for (const [key, sums] of next.regions) addSums(sumsAt(one.regions, key), sums);
        one.last = next.last;
        one.frames += next.frames;
        return [one];
      });
      this.#length *= 2;
    }
    const stretch = { first: origin, last: origin, frames: 1, regions: new Map<number, RegionSums>() };
    this.#stretches.push(stretch);
    return stretch;
  }

  /** The regions whose reflections are empty in the frames of a run, or in stretches of it. */
  #found(): EmptyRegion[] {
    const keys = new Set(this.#stretches.flatMap(({ regions }) => [...regions.keys()]));
    return [...keys].flatMap((key) => this.#emptyAt(key) ?? []).sort((a, b) => a.key - b.key);
  }

  /** The stretches in which a region lacks most, if it is empty there. */
  #emptyAt(key: number): EmptyRegion | undefined {
    const each = this.#stretches.map(({ regions }) => regions.get(key) ?? noSums());
    let [from, to, best] = [0, 0, 0];
    for (let begin = 0, sum = 0, i = 0; i < each.length; i++) {
      if (sum <= 0) [begin, sum] = [i, 0];
      sum += lacking(each[i] as RegionSums);
      if (sum > best) [from, to, best] = [begin, i, sum];
    }
    const sums = noSums();
    for (const regionSums of each.slice(from, to + 1)) addSums(sums, regionSums);
    const { crystals, reflections, measured, expected, squares } = sums;
    const scatter = Math.sqrt(Math.max(0, squares - lacking(sums) ** 2 / crystals));
    const isJudged =
      crystals >= least.crystals && reflections >= least.reflections && expected > least.expected * reflections;
    if (!isJudged || measured > empty * expected || lacking(sums) < errors * scatter) return undefined;
    const [first, last] = [this.#stretches[from] as Stretch, this.#stretches[to] as Stretch];
    const isWhole = from === 0 && to === each.length - 1;
    return { ...sums, key, first: first.first, last: last.last, isWhole };
  }

  /** How many regions are empty, but for panels of which something else is told, and what is doubtful about them. */
  told(told: ReadonlySet<number>): { readonly count: number; readonly text: string | undefined } {
    const found = this.#found().filter(({ key }) => !told.has(regionOf(key).panel));
    return { count: found.length, text: found.length > 0 ? this.#textOf(found) : undefined };
  }

  #textOf(found: readonly EmptyRegion[]): string {
    const named = found.slice(0, mostNamed).map(({ key, first, last, isWhole, ...sums }) => {
      const { panel, fs, ss } = regionOf(key);
      const one = this.#panels[panel];
      const [w, h] = one ? [widthOf(one), heightOf(one)] : [0, 0];
      const isPart = regionKey(0, w - 1, h - 1) > 0;
      const name = one?.name ?? String(panel);
      const { fs: pixels } = regionOf(1);
      const part = ` (fs ${fs} to ${Math.min(w, fs + pixels) - 1}, ss ${ss} to ${Math.min(h, ss + pixels) - 1})`;
      const ratio = (sum: number): string => (sum / sums.reflections).toFixed(2);
      return (
        `${name}${isPart ? part : ''}, ${isWhole ? 'in all frames' : stretchText(first, last)}: ` +
        `I/sigma ${ratio(sums.measured)} of ${counted(sums.reflections, 'reflection')} ` +
        `(others at their resolution: ${ratio(sums.expected)}), ${counted(sums.peaks, 'peak')}`
      );
    });
    return (
      `the reflections of ${counted(found.length, 'region')} of the detector are background: ${named.join('; ')}` +
      `${found.length > mostNamed ? '; …' : ''}. The detector saw nothing there, showed another frame, or has moved; ` +
      'reflections of no intensity spoil what is merged: mask these pixels, or leave these frames out'
    );
  }
}
