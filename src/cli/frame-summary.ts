/** What a run of frames came to: counts, cells, speed, the time of each stage. */

import { median } from '../base/median.js';
import type { StageBackends, StageTimes } from '../pipeline/frame.js';
import { Sampled } from '../pipeline/sampled.js';
import { bold, counted, dim, red, table, yellow } from './output.js';

/** What is counted of a frame. */
export interface CountedFrame {
  readonly hit: boolean;
  /** Lengths in Å and angles in degrees of its crystals. */
  readonly cells: readonly (readonly number[])[];
  /** Which of the known cells each of them is; absent: the first. */
  readonly which?: readonly number[];
  /** Crystals that their spots do not tell from others; those of an earlier run are not counted. */
  readonly ambiguous?: number;
  /** Fraction of its peaks that its crystals explain, 0 … 1; undefined without crystals, or for a frame of an earlier run. */
  readonly explained?: number | undefined;
  /** Undefined for a frame of an earlier run. */
  readonly ms?: StageTimes;
  readonly backends?: StageBackends;
}

/**
 * Below this fraction of explained peaks a run says so. Lattices of a wrong cell explain 8 to 20 % of the peaks of another
 * crystal, more than chance does; those of real stills with a geometry 1 % off still explain 25 % and more.
 */
const leastExplained = 0.22;

/** Fraction of the peaks of a frame that its crystals explain together. */
export function explainedShare(
  count: number,
  crystals: readonly { readonly peaks: Uint32Array }[],
): number | undefined {
  if (crystals.length === 0 || count === 0) return undefined;
  return new Set(crystals.flatMap(({ peaks }) => [...peaks])).size / count;
}

/** Counts frames as they come. */
export class FrameSummary {
  readonly #total: number | undefined;
  readonly #started = performance.now();
  readonly #ms: Record<keyof StageTimes, number> = { read: 0, peaks: 0, index: 0, integrate: 0 };
  /** Backends of the stages that have one, in the order in which they were met. */
  readonly #backends = { peaks: new Set<string>(), index: new Set<string>() };
  /** Of crystals, by the known cell they are. */
  readonly #parameters: Sampled<readonly number[]>[] = [];
  readonly #explained = new Sampled<number>();
  /** Frames of this session: those of an earlier one took no time here. */
  #timed = 0;
  done = 0;
  failed = 0;
  hits = 0;
  ambiguous = 0;
  indexed = 0;

  constructor(total: number | undefined) {
    this.#total = total;
  }

  add({ hit, cells, which = [], ambiguous = 0, explained, ms, backends }: CountedFrame): void {
    this.done++;
    this.ambiguous += ambiguous;
    if (hit) this.hits++;
    if (cells.length > 0) this.indexed++;
    if (explained !== undefined) this.#explained.add(explained);
    for (const [i, cell] of cells.entries()) {
      const known = which[i] ?? 0;
      const all = this.#parameters[known] ?? new Sampled();
      this.#parameters[known] = all;
      all.add(cell);
    }
    if (!ms) return;
    this.#timed++;
    for (const stage of ['peaks', 'index'] as const) if (backends?.[stage]) this.#backends[stage].add(backends[stage]);
    for (const [stage, took] of Object.entries(ms)) this.#ms[stage as keyof StageTimes] += took;
  }

  /** A frame that could not be read. */
  fail(): void {
    this.done++;
    this.failed++;
  }

  /** Fraction that is done, 0 … 1. */
  share(): number {
    return this.#total ? Math.min(1, this.done / this.#total) : 0;
  }

  /** One line while it runs. */
  status(): string {
    const share = (n: number): string => `${((100 * n) / Math.max(1, this.done)).toFixed(0)} %`;
    const all = this.#total === undefined ? '' : ` of ${this.#total}`;
    const rate = this.#rate();
    const left = this.#total === undefined || rate === 0 ? '' : `, ${clock((this.#total - this.done) / rate)} left`;
    return `${this.done}${all} frames, ${rate.toFixed(1)}/s, hits ${share(this.hits)}, indexed ${share(this.indexed)}${left}`;
  }

  #rate(): number {
    return (1000 * this.#timed) / Math.max(1, performance.now() - this.#started);
  }

  /** The end of the run, in words. */
  text(profile: boolean, stream: string | undefined): string {
    const lines = [
      `${bold(`${this.indexed} of ${this.done} frames indexed`)}, ${this.#parameters.reduce((sum, { seen }) => sum + seen, 0)} crystals, ${this.hits} hits` +
        `; ${this.#rate().toFixed(1)} frames/s${this.failed ? red(`; ${this.failed} could not be read`) : ''}`,
    ];
    if (this.#total !== undefined && this.done < this.#total)
      lines.push(`${this.#total - this.done} frames were not begun`);
    for (const [known, all] of this.#parameters.entries()) {
      // A known cell that no crystal was of, before one that some were.
      if (!all) continue;
      const middle = [0, 1, 2, 3, 4, 5].map((i) => median(all.kept.map((one) => one[i] ?? 0)).toFixed(2));
      const whose = this.#parameters.length > 1 ? `known cell ${known + 1}, ${counted(all.seen, 'crystal')}: ` : '';
      lines.push(dim(`${whose}median cell ${middle.slice(0, 3).join(' ')} Å  ${middle.slice(3).join(' ')}°`));
    }
    const explained = median(this.#explained.kept);
    if (this.#explained.seen > 0 && explained < leastExplained)
      lines.push(
        yellow(
          `the crystals explain only ${(100 * explained).toFixed(0)} % of the peaks of their frames (median): lattices of a wrong cell do so; ` +
            'check the cell (ewald cell finds one from the frames) and the geometry',
        ),
      );
    if (this.ambiguous > 0)
      lines.push(
        yellow(
          `ambiguous crystals: ${this.ambiguous}; other lattices explain their spots nearly as well (--json names them)`,
        ),
      );
    if (this.hits === 0 && this.failed < this.done)
      lines.push(
        'no frame is a hit: all have too few peaks; --threshold, --min-snr, --min-res and --min-peaks say what counts, ewald info FILE what values there are, ewald geometry check GEOM --frames FILE whether its panels fit',
      );
    else if (this.done > 0 && this.indexed === 0 && this.failed < this.done)
      lines.push('no frame was indexed: look at the peaks, the geometry (ewald info FILE) and the cell');
    if (profile) lines.push(this.#profile());
    if (stream !== undefined) lines.push(dim(`stream written to ${stream}`));
    return lines.join('\n');
  }

  #profile(): string {
    const frames = Math.max(1, this.#timed);
    const where: Readonly<Record<string, Set<string>>> = this.#backends;
    const rows = Object.entries(this.#ms).map(([stage, ms]) => [
      stage,
      (ms / frames).toFixed(2),
      [...(where[stage] ?? [])].join(', '),
    ]);
    const all = Object.values(this.#ms).reduce((sum, ms) => sum + ms, 0);
    const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
    const { rss } = process.memoryUsage();
    const most = process.resourceUsage().maxRSS * 1024;
    return [
      table(['stage', 'ms a frame', 'on'], [...rows, ['all', (all / frames).toFixed(2), '']], [1]),
      `memory ${megabytes(rss)}, at most ${megabytes(most)}`,
    ].join('\n');
  }
}

/** Seconds as people read them. */
function clock(seconds: number): string {
  if (!(seconds < 360_000)) return '…';
  const whole = Math.ceil(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
