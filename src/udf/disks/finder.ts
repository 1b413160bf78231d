/** A disk finder planned on a context: correlation of frames with a pattern around expected positions. */

import type { FrameArray } from '../../bytes/dtype.js';
import { numberTypes } from '../../compute/arrays/numbers.js';
import type { BackendName } from '../../compute/backends/names.js';
import { pack } from '../../compute/layout/struct.js';
import { disksCorrelations, disksDescriptor, disksRefinements, udfNumbers } from '../../compute/layout/udf.js';
import type { Planner } from '../../compute/planner/planner.js';
import { checkedOptions, checkedValue, row } from '../../options/call-options.js';
import { lengthOf } from '../../util/buffers.js';
import { EwaldError } from '../../util/errors.js';
import { withArticle } from '../../util/options.js';
import { type Disposable, Resource } from '../../util/resource.js';
import type { PassDtype } from '../contract.js';
import { planRows } from '../pass/plan-rows.js';
import { correlationRow, refinementRow } from '../shared-rows.js';
import type { FoundDisks } from './contract.js';
import { disksFeature } from './kernels.js';
import { checkFits, checkPattern, cropSize, type DiskPattern, patternMask } from './patterns.js';

export type DiskCorrelation = keyof typeof disksCorrelations;
export type DiskRefinement = keyof typeof disksRefinements;

/** Options of a disk finder. */
export interface DiskFinderOptions {
  /** Pixels per row, and rows per frame. */
  readonly width: number;
  readonly height: number;
  readonly dtype: PassDtype;
  /** Disks of a frame. */
  readonly peaks: number;
  readonly pattern: DiskPattern;
  /** `fast` (default) correlates a crop around each position, `full` the whole frame. */
  readonly correlation?: DiskCorrelation | undefined;
  /**
   * How a maximum is refined: `parabola` (default) through its neighbours, `com`, the centre of mass of 5 × 5 pixels as
   * in LiberTEM-blobfinder, or `dft`, upsampling by 20, which is 11 times as slow.
   */
  readonly refine?: DiskRefinement | undefined;
  /** CPU threads, 0 (default): one per core. Results do not depend on it. */
  readonly threads?: number | undefined;
  readonly backend?: BackendName | undefined;
}

/** A planned disk finder. */
export interface DiskFinder extends Disposable {
  readonly backend: BackendName;
  readonly bytes: number;
  /**
   * Finds the disks of `count` frames; `positions` are (y, x) in whole pixels, of all frames or of each of them. Throws
   * `Shape`, `Argument`, `Disposed`.
   */
  run(frames: FrameArray, count: number, positions: Int32Array): Promise<FoundDisks>;
}

/** Empty results for some disks. */
export const emptyDisks = (disks: number): FoundDisks => ({
  centers: new Int32Array(2 * disks),
  refineds: new Float32Array(2 * disks),
  heights: new Float32Array(disks),
  elevations: new Float32Array(disks),
});

/** Rejects combinations that have no meaning. */
export function checkRefinement(what: string, correlation: DiskCorrelation, refine: DiskRefinement): void {
  if (correlation === 'full' && refine === 'dft')
    throw new EwaldError(
      'Argument',
      `${what}: refine 'dft' requires correlation 'fast': crops of a full correlation are not periodic, and their ` +
        'upsampled maximum may lie at the edge of its window',
    );
}

/** Rows of what a disk is correlated with and how its maximum is refined. */
export const correlationRows = {
  pattern: row.any,
  correlation: correlationRow,
  refine: refinementRow,
} as const;
const rows = { ...planRows, ...correlationRows, peaks: row.required(row.integer(1, 65536)) } as const;

/** Plans a disk finder. Throws `Argument`, `Shape`, `Unsupported`, `OutOfMemory`. */
export async function planDiskFinder(planner: Planner, options: DiskFinderOptions): Promise<DiskFinder> {
  const what = 'diskFinder';
  const wanted = checkedOptions(what, options, rows);
  const { width, height, dtype, peaks, correlation, refine, threads } = wanted;
  checkRefinement(what, correlation, refine);
  const pattern = checkPattern(what, wanted.pattern);
  checkFits(what, pattern, [height, width]);
  const search = cropSize(pattern);
  const pixels = width * height;
  const { backend, kernel } = await planner.plan(
    disksFeature,
    {
      fields: pack(disksDescriptor, {
        width,
        height,
        threads,
        peaks,
        search,
        dtype: udfNumbers[dtype],
        correlation: disksCorrelations[correlation],
        refine: disksRefinements[refine],
      }),
      pattern: Float32Array.from(
        patternMask(pattern, correlation === 'full' ? [height, width] : [2 * search, 2 * search]),
      ),
      frameBytes: pixels * numberTypes[dtype].BYTES_PER_ELEMENT,
      pixels,
      peaks,
    },
    wanted.backend,
  );
  const resource = new Resource('disk finder', planner.resource, kernel);
  return {
    backend: backend.name,
    bytes: kernel.bytes,
    async run(frames, count, positions) {
      resource.assertAlive();
      checkedValue('diskFinder.run: count', count, row.required(row.integer(0, 2 ** 31)));
      if (!(frames instanceof numberTypes[dtype]) || lengthOf(frames) < count * pixels)
        throw new EwaldError(
          'Shape',
          `diskFinder.run: the frames are not ${withArticle(numberTypes[dtype].name)} of at least ${count * pixels} numbers`,
        );
      const each = positions.length !== 2 * peaks;
      if (!(positions instanceof Int32Array) || (each && positions.length !== 2 * peaks * count))
        throw new EwaldError(
          'Shape',
          `diskFinder.run: the positions have ${positions?.length} numbers; expected an Int32Array of ${2 * peaks}, ` +
            `or of ${2 * peaks * count} for each frame`,
        );
      const foundDisks = emptyDisks(count * peaks);
      return resource.enqueue(async () => {
        if (count > 0) await kernel.run({ frames, count, peaks: positions, each, found: foundDisks });
        return foundDisks;
      });
    },
    dispose: () => resource.dispose(),
  };
}
