/** Results of UDFs of the package from a scan in memory, without a pass over its frames. */

import type { Run } from '../execution/run.js';
import type { Arrays } from '../functions/dtypes.js';
import type { UdfCore } from '../room.js';
import { packNoCounts } from './frame-counts.js';
import { areReals, type ResidentScan } from './resident.js';
import type { ResidentSums } from './resident-scope.js';
import { residentOf } from './scan.js';
import type { SummedPlanes } from './summed-planes.js';
import { VirtualDetector, VirtualMoments } from './virtual-detectors.js';

/** The detectors that earlier runs have left on a resident scan: only pixels that enter or leave them are summed. */
class ResidentDetectors implements ResidentSums {
  readonly #scan: ResidentScan;
  readonly #open: () => Promise<UdfCore>;
  readonly #detectors: VirtualDetector[] = [];
  readonly #passes = new Map<number, Promise<SummedPlanes | undefined>>();
  #com: VirtualMoments | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(scan: ResidentScan, open: () => Promise<UdfCore>) {
    [this.#scan, this.#open] = [scan, open];
  }

  /** The sums within a mask at every position; detectors are numbered by the order of the masks of a run. */
  sums(number: number, mask: ArrayLike<number>): Promise<Float64Array> {
    // Runs at the same time have the same detectors: each takes a copy of its sums before the next one moves them.
    const sums = this.#turn.then(() => this.#sums(number, mask)).then((image) => image.slice());
    this.#turn = sums.catch(() => undefined);
    return sums;
  }

  async #sums(number: number, mask: ArrayLike<number>): Promise<Float64Array> {
    if (this.#isExact && this.#isLarge(mask)) {
      const { SummedPlanes } = await import('./summed-planes.js');
      const known = this.#passes.get(number) ?? SummedPlanes.on(this.#scan, this.#open);
      this.#passes.set(number, known);
      const image = await (await known)?.set(mask);
      if (image) return image;
    }
    const detector = (this.#isExact && this.#detectors[number]) || new VirtualDetector(this.#scan);
    this.#detectors[number] = detector;
    return detector.set(mask);
  }

  /** The moments within a mask, [positions, 3]. */
  moments(mask: ArrayLike<number>): Float64Array {
    this.#com = (this.#isExact && this.#com) || new VirtualMoments(this.#scan);
    return this.#com.moments('com', mask);
  }

  /** Whether a mask has so many numbers that threads are worth their start. */
  #isLarge(mask: ArrayLike<number>): boolean {
    let area = 0;
    for (let p = 0; p < mask.length; p++) if (mask[p]) area++;
    return area * this.#scan.positions >= worthPass;
  }

  /** Sums of integers are exact. Those of reals are computed anew, since what leaves a mask may be infinite. */
  get #isExact(): boolean {
    return !areReals(this.#scan.planes);
  }
}

/** Numbers within a mask from which on the passes of the core sum them. */
const worthPass = 2 ** 24;

/** The detectors of each scan, by what opens the context that sums them. */
const known = new WeakMap<ResidentScan, WeakMap<() => Promise<UdfCore>, ResidentDetectors>>();

function detectorsOn(scan: ResidentScan, open: () => Promise<UdfCore>): ResidentDetectors {
  const own = known.get(scan) ?? new WeakMap<() => Promise<UdfCore>, ResidentDetectors>();
  known.set(scan, own);
  const detectors = own.get(open) ?? new ResidentDetectors(scan, open);
  own.set(open, detectors);
  return detectors;
}

/**
 * The results of a run of all positions without corrections, if its scan is in memory and every UDF can use that;
 * undefined otherwise.
 */
export async function residentResults(run: Run, open: () => Promise<UdfCore>): Promise<Arrays[] | undefined> {
  const { corrections, meta, parts } = run;
  const scan = residentOf(run.scan);
  if (!scan || corrections || meta.roi || meta.inputDtype !== meta.datasetDtype) return undefined;
  const all: Arrays[] = [];
  for (const { udf, params } of parts) {
    const arrays = await udf.definition.resident?.({ params, meta, scan, detectors: detectorsOn(scan, open), open });
    if (arrays === undefined) return undefined;
    all.push(arrays);
  }
  return scan.replaced ? [...all, { noCounts: packNoCounts(scan.replaced) }] : all;
}
