/** Passes frames to the JavaScript methods of UDFs, tile by tile, so that a tile is read from memory once. */

import { elementBytes, type FrameArray } from '../../bytes/dtype.js';
import { isEwaldError } from '../../util/errors.js';
import { Pace } from '../../util/pace.js';
import { product } from '../../util/product.js';
import { callMethod, checkNotTransferred, refuseReturned, settled, udfError } from '../functions/call-method.js';
import { numbersPerElement } from '../functions/dtypes.js';
import { type AnyDefinition, type AnyUdf, methodOf, type Tiling } from '../functions/udf.js';
import type { RunningUdf } from './running-udf.js';

/** Bytes of a tile, chosen to stay in the inner caches, unless the UDF says otherwise. */
const tileBytes = 2 ** 20;
const defaultDepth = 32;

/** The tiles of a definition; a function has been replaced by what it returns. */
const tilingOf = ({ tiling }: AnyDefinition): Tiling => (typeof tiling === 'object' ? tiling : {});

function depthOf({ definition }: AnyUdf, frameBytes: number): number {
  const wanted = tilingOf(definition).depth;
  if (wanted !== undefined) return Math.max(1, Math.floor(wanted));
  return Math.max(1, Math.min(defaultDepth, Math.floor(tileBytes / frameBytes)));
}

const isTiled = ({ definition }: AnyUdf): boolean => methodOf(definition) !== 'processPartition';

/** Frames of a tile that all of these UDFs see. */
export const tileDepth = (udfs: readonly AnyUdf[], frameBytes: number): number =>
  Math.min(defaultDepth, ...udfs.filter(isTiled).map((udf) => depthOf(udf, frameBytes)));

/** Passes frames first … end to one UDF's method; `frames` begin at `base`. */
function show(running: RunningUdf, frames: FrameArray, base: number, first: number, end: number): void {
  const { udf, meta, scope } = running;
  const { definition } = udf;
  const numbers = product(meta.sig) * numbersPerElement(meta.inputDtype);
  if (methodOf(definition) === 'processFrame') {
    let i = first;
    try {
      for (; i < end; i++) {
        running.point(i, i + 1);
        scope.frame = frames.subarray((i - base) * numbers, (i - base + 1) * numbers);
        scope.position = meta.positions[i];
        const given: unknown = definition.processFrame?.(scope as never);
        if (given !== undefined)
          refuseReturned(
            definition.name,
            'processFrame',
            settled(definition.name, 'processFrame', given),
            Object.keys(running.arrays),
          );
      }
    } catch (cause) {
      const where = `frame ${meta.positions[i]}`;
      // Memory that is gone is noticed at the next frame.
      if (!isEwaldError(cause)) checkNotTransferred(definition.name, `a frame before ${where}`, running.arrays, frames);
      throw udfError(definition.name, where, cause, running.arrays);
    }
    checkNotTransferred(
      definition.name,
      `frames ${meta.positions[first]} to ${meta.positions[end - 1]}`,
      running.arrays,
      frames,
    );
    return;
  }
  const perPixel = numbersPerElement(meta.inputDtype);
  const rows = meta.sig[0] ?? 1;
  const rowPixels = product(meta.sig) / rows;
  const rowBytes = rowPixels * elementBytes(meta.inputDtype) * (end - first);
  const bytes = tilingOf(definition).bytes ?? Number.POSITIVE_INFINITY;
  const step = Math.min(rows, Math.max(1, Math.floor(bytes / rowBytes)));
  for (let row = 0; row < rows; row += step) {
    const [low, high] = [row * rowPixels, Math.min(rows, row + step) * rowPixels];
    running.point(first, end, low, high);
    scope.tile =
      step === rows
        ? frames.subarray((first - base) * numbers, (end - base) * numbers)
        : cut(frames, first - base, end - base, numbers, perPixel * low, perPixel * high);
    scope.depth = end - first;
    scope.pixels = high - low;
    scope.firstPixel = low;
    scope.positions = meta.positions.subarray(first, end);
    callMethod(
      definition.name,
      'processTile',
      () => definition.processTile?.(scope as never),
      `frames ${meta.positions[first]} to ${meta.positions[end - 1]}`,
      running.arrays,
      frames,
    );
  }
}

/** The numbers low … high of some frames, concatenated. */
function cut(frames: FrameArray, first: number, end: number, numbers: number, low: number, high: number): FrameArray {
  const out = frames.slice(0, 0).constructor as new (length: number) => FrameArray;
  const tile = new out((end - first) * (high - low)) as Float64Array;
  for (let i = first; i < end; i++)
    tile.set((frames as Float64Array).subarray(i * numbers + low, i * numbers + high), (i - first) * (high - low));
  return tile;
}

/** Passes the frames [first, end) of a partition to the UDFs that run in JavaScript. */
export async function showAll(
  running: readonly RunningUdf[],
  frames: FrameArray,
  base: number,
  last: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (running.length === 0) return;
  const tiled = running.filter(({ udf }) => isTiled(udf));
  const [{ meta }] = running as [RunningUdf];
  const depth = tileDepth(
    tiled.map(({ udf }) => udf),
    product(meta.sig) * elementBytes(meta.inputDtype),
  );
  const pace = new Pace(signal);
  for (let first = base; tiled.length > 0 && first < last; first += depth) {
    const end = Math.min(last, first + depth);
    for (const runningUdf of tiled) show(runningUdf, frames, base, first, end);
    if (pace.due) await pace.rest();
  }
  for (const runningUdf of running) {
    const { definition } = runningUdf.udf;
    if (methodOf(definition) !== 'processPartition') continue;
    runningUdf.point(base, last, 0, product(runningUdf.meta.sig));
    Object.assign(runningUdf.scope, { frames, count: last - base, positions: runningUdf.meta.positions });
    const { index } = runningUdf.meta.partition;
    callMethod(
      definition.name,
      'processPartition',
      () => definition.processPartition?.(runningUdf.scope as never),
      `partition ${index} (frames ${runningUdf.meta.positions[0]} to ${runningUdf.meta.positions.at(-1)})`,
      runningUdf.arrays,
      frames,
    );
  }
}
