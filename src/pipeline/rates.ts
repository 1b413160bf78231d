/** The shares and the rate of a run over a time, from samples of its counts. */

/** The state of a run at a time; counts are those since its beginning. */
export interface RunSample {
  /** Seconds on the clock of the run. */
  readonly s: number;
  readonly frames: number;
  /** Undefined where frames are not searched. */
  readonly hits?: number | undefined;
  /** Frames with a crystal. */
  readonly indexed?: number | undefined;
  /** For how long the oldest unfinished frame has been waiting, s; undefined unless frames arrive during the run. */
  readonly lagS?: number | undefined;
  /** Bytes left for the outputs; undefined if unknown. */
  readonly diskBytes?: number | undefined;
  /** Memory of the process in bytes; undefined if unknown. */
  readonly memoryBytes?: number | undefined;
}

/** The shares and the rate of the frames of some time. */
export interface RunRates {
  readonly frames: number;
  /** Finished frames per second. */
  readonly rate: number;
  /** Of 1; undefined without frames, and where none is searched. */
  readonly hits: number | undefined;
  readonly indexed: number | undefined;
}

/** The last minute, of which rates are stated. */
export const minuteS = 60;

/** The shares and the rate between two samples. */
export function ratesBetween(before: RunSample, now: RunSample): RunRates {
  const frames = now.frames - before.frames;
  const share = (name: 'hits' | 'indexed'): number | undefined =>
    now[name] === undefined || frames === 0 ? undefined : (now[name] - (before[name] ?? 0)) / frames;
  return { frames, rate: frames / Math.max(1e-3, now.s - before.s), hits: share('hits'), indexed: share('indexed') };
}

/** The sample at the beginning of the last `seconds`; the first one where they do not reach back so far. */
export const sampleBefore = (samples: readonly RunSample[], now: RunSample, seconds: number): RunSample | undefined =>
  samples[
    Math.max(
      0,
      samples.findLastIndex(({ s }) => s <= now.s - seconds),
    )
  ];
