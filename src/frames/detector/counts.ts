/**
 * Which values of a frame are counts: the one decision from which the finder, the background, the integration, the
 * report and the viewer start. A pixel has no count if it is bad, or if its value is outside the valid range; it is
 * saturated if its value is above the limit of its panel or of its own.
 */

import type { DataType, FrameArray } from '../../bytes/dtype.js';
import type { BadValue, Geometry, Panel } from '../../crystal/geometry/geometry.js';
import { EwaldError } from '../../util/errors.js';
import { countMarkers, countRange } from '../count-limits.js';
import type { Dataset, Metadata } from '../dataset.js';
import { frameSize } from './from-file.js';
import type { OpenOther } from './open-other.js';
import { arrangementOf, readNumbers, withArray } from './pixel-arrays.js';
import { inImageOrder } from './stacked.js';

/** The value that stands for a pixel without a count, by type: the one that no count reaches. */
const noCounts: Partial<Record<DataType, number>> = {
  u8: 2 ** 8 - 1,
  u16: 2 ** 16 - 1,
  u32: 2 ** 32 - 1,
  i8: -(2 ** 7),
  i16: -(2 ** 15),
  i32: -(2 ** 31),
  f32: Number.NaN,
};

/** The largest value of an integer type: what a counter or a converter that is full shows. */
const largest: Partial<Record<DataType, number>> = {
  u8: 2 ** 8 - 1,
  u16: 2 ** 16 - 1,
  u32: 2 ** 32 - 1,
  i8: 2 ** 7 - 1,
  i16: 2 ** 15 - 1,
  i32: 2 ** 31 - 1,
};

/** The largest number of 32-bit reals, as which all reals are searched. */
const largestReal = (2 - 2 ** -23) * 2 ** 127;

const isSame = (a: BadValue) => (b: BadValue) => a.when === b.when && a.value === b.value;

/** Whether every panel declares a value bad at an end of the range, so that the range alone expresses it. */
const isLimit = ({ panels }: Geometry, flag: BadValue): boolean =>
  flag.when !== 'equal' && panels.every(({ badValues }) => badValues.some(isSame(flag)));

/** The values of each panel that are bad and not expressed by the range. */
const flagsOf = (geometry: Geometry): { readonly panel: Panel; readonly flags: readonly BadValue[] }[] =>
  geometry.panels.flatMap((panel) => {
    const flags = panel.badValues.filter((flag) => !isLimit(geometry, flag));
    return flags.length > 0 ? [{ panel, flags }] : [];
  });

/** The range outside of which a value is not a count, according to the file and the geometry. */
function rangeOf(meta: Metadata, geometry: Geometry, reserved: readonly number[]): readonly [number, number] {
  const markers = [...(meta.markers ?? []), ...reserved];
  let [least, greatest] = countRange({ underload: meta.underload, markers });
  for (const flag of geometry.panels[0]?.badValues.filter((badValue) => isLimit(geometry, badValue)) ?? []) {
    if (flag.when === 'less') least = Math.max(least, flag.value);
    if (flag.when === 'more') greatest = Math.min(greatest, flag.value);
  }
  return [least, greatest];
}

const isBad = (value: number, flags: readonly BadValue[]): boolean => {
  for (const flag of flags) {
    if (flag.when === 'less' ? value < flag.value : flag.when === 'more' ? value > flag.value : value === flag.value)
      return true;
  }
  return false;
};

/** How bad pixels change. */
interface MaskChanges {
  /** Whether some frame may have other bad pixels than the first one. */
  readonly mayVary: boolean;
  /** Whether all frames have the same, as far as that is known: those of the first file, and of others that follow. */
  readonly areFixed: boolean;
}

/** The decision for the frames of a detector. */
export class Counts {
  /** Values outside [least, greatest] are not counts. */
  readonly validRange: readonly [number, number];
  /** Whether a frame may have pixels without a count that neither the bad pixels nor the range express. */
  readonly hasFlags: boolean;
  readonly #flags: ReturnType<typeof flagsOf>;
  readonly #width: number;
  readonly #noCount: number;

  /**
   * Only where bad pixels are not the same in all frames does their mark take a number that counts may reach: the largest
   * of u8 and u16, which saturated pixels show.
   */
  constructor(geometry: Geometry, meta: Metadata, width: number, dtype: DataType, masks: MaskChanges) {
    this.#flags = flagsOf(geometry);
    this.#width = width;
    this.hasFlags = this.#flags.length > 0;
    this.#noCount = noCounts[dtype] ?? Number.NaN;
    const isCounted = this.#noCount === largest[dtype];
    const isMarked = this.hasFlags || !masks.areFixed || (masks.mayVary && !isCounted);
    const needsMark = isMarked && !Number.isNaN(this.#noCount);
    // No count of 32 bits reaches what marks that there is none, whether the file says so or not.
    const reserved = [...(dtype === 'u32' ? countMarkers(dtype) : []), ...(needsMark ? [this.#noCount] : [])];
    const [least, greatest] = rangeOf(meta, geometry, reserved);
    // Infinity is no count; integers have none.
    const most = dtype in largest ? Number.POSITIVE_INFINITY : largestReal;
    this.validRange = [Math.max(least, -most), Math.min(greatest, most)];
  }

  /** Whether `markIn` can mark bad pixels of one frame: the value for them is none of a count. */
  get canMark(): boolean {
    const [least, greatest] = this.validRange;
    return !(this.#noCount >= least && this.#noCount <= greatest);
  }

  /** Marks pixels without a count that the range does not express, with a value outside of it. */
  markIn(frame: FrameArray, bad: Uint8Array | undefined): void {
    const numbers = frame as { [i: number]: number; readonly length: number };
    if (bad) for (let i = 0; i < bad.length; i++) if (bad[i] !== 0) numbers[i] = this.#noCount;
    for (const { panel, flags } of this.#flags)
      for (let ss = panel.minSs; ss <= panel.maxSs; ss++)
        for (let i = ss * this.#width + panel.minFs, end = i + panel.maxFs - panel.minFs; i <= end; i++)
          if (isBad(numbers[i] as number, flags)) numbers[i] = this.#noCount;
  }
}

/**
 * The geometry with the limit of saturation of each panel: the least of its own, of the file's, and of the type of the
 * frames, in which a full counter shows the largest number.
 */
export function withLimits(geometry: Geometry, { saturation }: Metadata, dtype: DataType): Geometry {
  const full = (largest[dtype] ?? Number.POSITIVE_INFINITY) - 1;
  const stated = saturation !== undefined && saturation > 0 ? saturation : Number.POSITIVE_INFINITY;
  const limit = Math.min(full, stated);
  if (geometry.panels.every(({ maximum }) => maximum <= limit)) return geometry;
  const panels = geometry.panels.map((panel) => (panel.maximum <= limit ? panel : { ...panel, maximum: limit }));
  return { ...geometry, panels };
}

/** Largest value of each pixel that is not saturated, where a geometry names maps of it; undefined without any. */
export async function saturationOf(
  geometry: Geometry,
  dataset: Dataset,
  openOther: OpenOther,
): Promise<Float32Array | undefined> {
  const { width, height } = frameSize(dataset);
  let limits: Float32Array | undefined;
  const read = new Map<string, Promise<{ values: FrameArray; ofModule: boolean }>>();
  for (const panel of geometry.panels) {
    const { saturationMap: path, saturationMapFile: file } = panel;
    if (path === undefined) continue;
    const named = { what: 'saturation map', file: file ?? dataset.name, path } as const;
    const key = `${named.file}\n${path}`;
    const map = withKey(read, key, () =>
      withArray(named, openOther, async (array) => {
        const { length, ofModule, varies } = arrangementOf(named, array, dataset);
        if (varies && dataset.frames > 1)
          throw new EwaldError(
            'Unsupported',
            `the saturation map ${path} of ${named.file} differs from frame to frame; expected one for all frames`,
          );
        const numbers = await readNumbers(array, 0, length);
        return { values: inImageOrder(dataset, numbers, ofModule), ofModule };
      }),
    );
    limits ??= new Float32Array(width * height).fill(Number.POSITIVE_INFINITY);
    const { values, ofModule } = await map;
    const before = ofModule ? (panel.firstRow ?? 0) * width : 0;
    for (let ss = panel.minSs; ss <= panel.maxSs; ss++)
      for (let i = ss * width + panel.minFs, end = i + panel.maxFs - panel.minFs; i <= end; i++)
        limits[i] = Math.min(panel.maximum, Number(values[i - before]));
  }
  return limits;
}

function withKey<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
