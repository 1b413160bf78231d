/** Passes over the frames of a scan, which analyses that wait at the same time share. */
import type { Analysis } from '../../stem/analyses/analysis.js';
import type { UdfContext } from '../../stem/context.js';
import { type NamedResult, namedChannels, type ResultBuffers } from '../../stem/output/named-results.js';
import { countTexts } from '../../udf/scans/count-texts.js';
import type { Scan } from '../../udf/scans/scan.js';

/** What an analysis has found, as a run writes it into files. */
export interface RunResult {
  readonly results: readonly NamedResult[];
  /** What they should be read with. */
  readonly notes: readonly string[];
}

/** Receives the share that is done and the results so far. */
type Tell = (done: number, found?: RunResult) => void;

/** The results of an analysis by the buffers of its function. */
export function runResultOf(analysis: Analysis, buffers: unknown): RunResult {
  const said = [...(analysis.faults?.(buffers) ?? []), ...(analysis.doubts?.(buffers) ?? [])];
  return {
    results: namedChannels(analysis, buffers as ResultBuffers),
    notes: [...new Set([...(analysis.notes ?? []), ...said, ...countTexts(analysis.scan).texts])],
  };
}

/** The same without notes, which take longer than a picture. */
export const pictureOf = (analysis: Analysis, buffers: unknown): RunResult => ({
  results: namedChannels(analysis, buffers as ResultBuffers),
  notes: [],
});

interface Waiting {
  readonly analysis: Analysis;
  readonly signal: AbortSignal;
  readonly tell: Tell;
  readonly resolve: (found: RunResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Analyses that pages ask for at once come within this time, ms. */
const gatherMs = 15;

export class PassQueue {
  readonly #ctx: UdfContext;
  readonly #scan: Scan;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Number of passes over the frames. */
  passes = 0;

  constructor(ctx: UdfContext, scan: Scan) {
    [this.#ctx, this.#scan] = [ctx, scan];
  }

  /** Whether no pass runs or is waited for. */
  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Runs an analysis in the next pass; `tell` receives what its partitions give. Rejects when it is aborted. */
  run(analysis: Analysis, signal: AbortSignal, tell: Tell): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ analysis, signal, tell, resolve, reject });
      this.#running ??= this.#loop();
    });
  }

  async #loop(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, gatherMs));
      const wanted = this.#waiting.splice(0).filter(({ signal, reject }) => {
        if (signal.aborted) reject(signal.reason);
        return !signal.aborted;
      });
      if (wanted.length > 0) await this.#pass(wanted);
    }
    this.#running = undefined;
  }

  async #pass(wanted: readonly Waiting[]): Promise<void> {
    const ending = new AbortController();
    // The pass ends when nobody waits for any of its results.
    const stop = (): void => {
      if (wanted.every(({ signal }) => signal.aborted)) ending.abort();
    };
    for (const { signal } of wanted) signal.addEventListener('abort', stop, { once: true });
    try {
      const found = await this.#results(wanted, ending.signal);
      for (const [i, { resolve }] of wanted.entries()) resolve(found[i] as RunResult);
    } catch (error) {
      if (wanted.length === 1 || ending.signal.aborted) for (const { reject } of wanted) reject(error);
      // What one of them does not take is no reason for the others.
      else for (const waiting of wanted) await this.#pass([waiting]);
    } finally {
      for (const { signal } of wanted) signal.removeEventListener('abort', stop);
    }
  }

  async #results(wanted: readonly Waiting[], signal: AbortSignal): Promise<RunResult[]> {
    const analyses = wanted.map(({ analysis }) => analysis);
    const isTwice = analyses.some(({ next }) => next !== undefined);
    this.passes += isTwice ? 2 : 1;
    const ready = await this.#ctx.prepare(analyses, { signal });
    let last: readonly unknown[] = [];
    const parts = this.#ctx.runUdfIter(
      this.#scan,
      ready.map(({ udf }) => udf),
      { signal },
    );
    for await (const { buffers, progress } of parts) {
      last = buffers as readonly unknown[];
      const share = progress.frames / progress.totalFrames;
      if (share < 1) for (const [i, { tell }] of wanted.entries()) tell(share, partOf(ready[i] as Analysis, last[i]));
    }
    return ready.map((analysis, i) => runResultOf(analysis, last[i]));
  }
}

/** Results of a part of the scan; none while they are not yet what an analysis needs. */
function partOf(analysis: Analysis, buffers: unknown): RunResult | undefined {
  try {
    return pictureOf(analysis, buffers);
  } catch {
    return undefined;
  }
}
