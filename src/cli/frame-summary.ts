/** What a run of frames came to: counts, cells, speed, the time of each stage. */
import type { StageTimes } from '../pipeline/frame.js';
import type { PipelineItem } from '../pipeline/run.js';
import { bold, dim, red, table } from './output.js';

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** Counts frames as they come. */
export class FrameSummary {
  readonly #total: number;
  readonly #started = performance.now();
  readonly #ms: Record<keyof StageTimes, number> = { read: 0, peaks: 0, index: 0, integrate: 0 };
  readonly #parameters: number[][] = [];
  done = 0;
  failed = 0;
  hits = 0;
  indexed = 0;

  constructor(total: number) {
    this.#total = total;
  }

  add({ result, error }: PipelineItem): void {
    this.done++;
    if (error) {
      this.failed++;
      return;
    }
    if (result.hit) this.hits++;
    if (result.crystals.length > 0) this.indexed++;
    for (const { lengths, angles } of result.crystals) this.#parameters.push([...lengths, ...angles]);
    for (const [stage, ms] of Object.entries(result.ms)) this.#ms[stage as keyof StageTimes] += ms;
  }

  /** One line while it runs. */
  status(): string {
    const share = (n: number): string => `${((100 * n) / Math.max(1, this.done)).toFixed(0)} %`;
    return `${this.done} of ${this.#total} frames, ${this.#rate().toFixed(1)}/s, hits ${share(this.hits)}, indexed ${share(this.indexed)}`;
  }

  #rate(): number {
    return (1000 * this.done) / Math.max(1, performance.now() - this.#started);
  }

  /** The end of the run, in words. */
  text(profile: boolean, stream: string | undefined): string {
    const lines = [
      `${bold(`${this.indexed} of ${this.done} frames indexed`)}, ${this.#parameters.length} crystals, ${this.hits} hits` +
        `; ${this.#rate().toFixed(1)} frames/s${this.failed ? red(`; ${this.failed} could not be read`) : ''}`,
    ];
    if (this.done < this.#total) lines.push(`${this.#total - this.done} frames were not begun`);
    if (this.#parameters.length > 0) {
      const middle = [0, 1, 2, 3, 4, 5].map((i) => median(this.#parameters.map((one) => one[i] ?? 0)).toFixed(2));
      lines.push(dim(`median cell ${middle.slice(0, 3).join(' ')} Å  ${middle.slice(3).join(' ')}°`));
    }
    if (this.done > 0 && this.indexed === 0 && this.failed < this.done)
      lines.push('no frame was indexed: look at the peaks, the geometry (ewald info FILE) and the cell');
    if (profile)
      lines.push(
        table(
          ['stage', 'ms a frame'],
          Object.entries(this.#ms).map(([stage, ms]) => [stage, (ms / Math.max(1, this.done)).toFixed(2)]),
          [1],
        ),
      );
    if (stream !== undefined) lines.push(dim(`stream written to ${stream}`));
    return lines.join('\n');
  }
}
