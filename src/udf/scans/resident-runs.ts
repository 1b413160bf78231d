/** Results of UDFs of the package from a scan in memory, without a pass over its frames. */

import type { Run } from '../execution/run.js';
import type { Arrays } from '../functions/dtypes.js';
import type { UdfCore } from '../room.js';
import { packNoCounts } from './frame-counts.js';
import type { ResidentScan } from './resident.js';
import type { ResidentSums } from './resident-scope.js';
import { residentOf } from './scan.js';
import { VirtualDetector, VirtualMoments } from './virtual-detectors.js';

/** The detectors that earlier runs have left on a resident scan: only pixels that enter or leave them are summed. */
class ResidentDetectors implements ResidentSums {
  readonly #scan: ResidentScan;
  readonly #detectors: VirtualDetector[] = [];
  #com: VirtualMoments | undefined;

  constructor(scan: ResidentScan) {
    this.#scan = scan;
  }

  /** The sums within a mask at every position; detectors are numbered by the order of the masks of a run. */
  sums(number: number, mask: ArrayLike<number>): Float64Array {
    const detector = (this.#isExact && this.#detectors[number]) || new VirtualDetector(this.#scan);
    this.#detectors[number] = detector;
    return detector.set(mask);
  }

  /** The moments within a mask, [positions, 3]. */
  moments(mask: ArrayLike<number>): Float64Array {
    this.#com = (this.#isExact && this.#com) || new VirtualMoments(this.#scan);
    return this.#com.moments('com', mask);
  }

  /** Sums of integers are exact. Those of reals are computed anew, since what leaves a mask may be infinite. */
  get #isExact(): boolean {
    const { planes } = this.#scan;
    return !(planes instanceof Float32Array || planes instanceof Float64Array);
  }
}

const known = new WeakMap<ResidentScan, ResidentDetectors>();

function detectorsOn(scan: ResidentScan): ResidentDetectors {
  const detectors = known.get(scan) ?? new ResidentDetectors(scan);
  known.set(scan, detectors);
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
    const given = await udf.definition.resident?.({ params, meta, scan, detectors: detectorsOn(scan), open });
    if (given === undefined) return undefined;
    all.push(given);
  }
  return scan.replaced ? [...all, { noCounts: packNoCounts(scan.replaced) }] : all;
}
