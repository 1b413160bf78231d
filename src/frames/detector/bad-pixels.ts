/**
 * Bad pixels: those of every frame, combined from the geometry, the masks it names and the file's own mask; and those of
 * one frame, where masks differ between frames or between files.
 */

import { bytesOfArray, type FrameArray } from '../../bytes/dtype.js';
import type { Beam, Geometry, MaskSource, Panel } from '../../crystal/geometry/geometry.js';
import { badPixels, heightOf, reciprocalOf, widthOf } from '../../crystal/geometry/pixels.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { type Dataset, maskPath } from '../dataset.js';
import { indexInGroup, inGroups, isOfGroups } from '../group-paths.js';
import { frameSize } from './from-file.js';
import type { OpenOther } from './open-other.js';
import { arrangementOf, type NamedArray, type PixelArrangement, readNumbers, withArray } from './pixel-arrays.js';
import { inImageOrder } from './stacked.js';

/** A mask that a geometry names, and the panels that use it. */
interface UsedMask {
  readonly path: string;
  /** The file it is in; undefined: that of the frames. */
  readonly file: string | undefined;
  readonly users: { readonly panel: Panel; readonly mask: MaskSource }[];
}

/** The masks of a file of frames. */
interface FileMasks {
  /** Bad in all of its frames, and not already in those of the detector; undefined if there are none. */
  readonly fixed: Uint8Array | undefined;
  /** Number of pixels that it does not call bad, although the first file does. */
  readonly goodHere: number;
  /** Masks that differ from frame to frame. */
  readonly varying: readonly {
    readonly used: UsedMask;
    readonly named: NamedArray;
    readonly arrangement: PixelArrangement;
  }[];
}

/** How masks are read. */
interface MaskReading {
  readonly openOther: OpenOther;
  /** Whether `openOther` opens what the file of the frames has at a path. */
  readonly opensOwn: boolean;
  /** All pixels that are bad in every frame, if another thread knows them. */
  readonly known?: Uint8Array | undefined;
  /** Whether other files follow: what the first one marks is remembered, unless `ofFirst` has it from another thread. */
  readonly mayDiffer?: boolean | undefined;
  readonly ofFirst?: Uint32Array | undefined;
}

/** Largest number of files whose masks are kept. */
const maxFiles = 256;

export class BadPixels {
  /** Bad in every frame: 1 where bad, [ss, fs]. */
  readonly always: Uint8Array;
  /** Whether some frame may have further bad pixels. */
  readonly mayVary: boolean;
  /** Whether no mask of the first file differs from frame to frame. */
  areFixed = true;
  /** Indices of the pixels that are bad in every frame because the masks of the first file say so; of one file none. */
  ofFirst: Uint32Array = new Uint32Array(0);
  readonly #used: readonly UsedMask[];
  readonly #width: number;
  readonly #openOther: OpenOther;
  /** Whether `openOther` opens what the file of the frames has at a path. */
  readonly #opensOwn: boolean;
  readonly #files = new Map<string, Promise<FileMasks>>();
  /** What the last file's masks consist of: most files of a run have the same. */
  #last: { readonly numbers: readonly FrameArray[]; readonly masks: FileMasks } | undefined;

  /** Pixels of all panels. */
  readonly #pixels: number;

  /** Memory of a mask that is no longer needed, for that of the next file. */
  #spare: FrameArray | undefined;

  private constructor(geometry: Geometry, dataset: Dataset, { openOther, opensOwn, known }: MaskReading) {
    const { width, height } = frameSize(dataset);
    this.#width = width;
    this.#openOther = openOther;
    this.#opensOwn = opensOwn;
    this.#used = usedMasks(geometry);
    this.#pixels = geometry.panels.reduce((sum, panel) => sum + widthOf(panel) * heightOf(panel), 0);
    this.always = known ?? badPixels(geometry, { fs: width, ss: height });
    this.mayVary = dataset.mask !== undefined || this.#used.some(({ file }) => file === undefined);
  }

  /**
   * Reads the masks of the first file, unless all bad pixels are `known` and no mask differs from frame to frame. Throws
   * `Format` for a mask that cannot be read, `Shape` for one that does not fit.
   */
  static async open(geometry: Geometry, dataset: Dataset, reading: MaskReading): Promise<BadPixels> {
    const bad = new BadPixels(geometry, dataset, reading);
    if (reading.known) {
      bad.#files.set(dataset.name, Promise.resolve({ fixed: undefined, goodHere: 0, varying: [] }));
      bad.ofFirst = reading.ofFirst ?? bad.ofFirst;
      return bad;
    }
    const before = reading.mayDiffer && bad.mayVary ? bad.always.slice() : undefined;
    const { varying } = await bad.#of(dataset, bad.always);
    bad.areFixed = varying.length === 0 && dataset.maskVaries !== true;
    if (before) bad.ofFirst = changedAt(before, bad.always);
    return bad;
  }

  /** The pixels that are bad in a frame; undefined if they are those of every frame. */
  async of(dataset: Dataset, frame: number, signal?: PlatformSignal): Promise<Uint8Array | undefined> {
    if (!this.mayVary && dataset.mask !== undefined) throw withMask(dataset);
    if (!this.mayVary && this.#used.length === 0) return undefined;
    const { fixed, varying } = await this.#of(dataset);
    const own = dataset.maskVaries ? await dataset.mask?.({ frame, signal }) : undefined;
    if (!own && varying.length === 0) return fixed;
    const bad = (fixed ?? this.always).slice();
    mark(bad, own);
    for (const { used, named, arrangement } of varying)
      await withArray(ofFrame(named, dataset, frame), this.#openOther, async (array) => {
        const { length } = arrangement;
        const { groups } = dataset;
        const index = groups && isOfGroups(named.path) ? indexInGroup(groups, frame) : frame;
        const first = arrangement.varies ? index * length : 0;
        const numbers = await readNumbers(array, first, length, { signal });
        this.#mark(bad, used, inImageOrder(dataset, numbers, arrangement.ofModule), arrangement);
      });
    return bad;
  }

  /**
   * Number of pixels that are bad in every frame of the run because the first file calls them so, and good by the masks
   * of this one: a plan has one mask, and they are left out here as well.
   */
  async goodHere(dataset: Dataset): Promise<number> {
    return this.ofFirst.length === 0 ? 0 : (await this.#of(dataset)).goodHere;
  }

  /** The masks of a file; its bad pixels are marked in `into`, or in a copy of those of the detector. */
  #of(dataset: Dataset, into?: Uint8Array): Promise<FileMasks> {
    const { name } = dataset;
    const known = this.#files.get(name);
    if (known) return known;
    const reading = this.#read(dataset, into);
    this.#files.set(name, reading);
    reading.catch(() => this.#files.delete(name));
    const [oldest] = this.#files.keys();
    if (this.#files.size > maxFiles && oldest !== undefined) this.#files.delete(oldest);
    return reading;
  }

  async #read(dataset: Dataset, into: Uint8Array | undefined): Promise<FileMasks> {
    const own = dataset.maskVaries ? undefined : await dataset.mask?.();
    const numbers: FrameArray[] = own ? [own] : [];
    const varying: FileMasks['varying'][number][] = [];
    const fixed: { readonly used: UsedMask; readonly values: FrameArray; readonly arrangement: PixelArrangement }[] =
      [];
    for (const used of this.#used) {
      if (own && this.#isWithin(own, dataset, used)) continue;
      const named = { what: 'mask', file: used.file ?? dataset.name, path: used.path } as const;
      const inGroup = isOfGroups(used.path);
      await withArray(ofFrame(named, dataset, 0), this.#openOther, async (array) => {
        const { groups = [] } = dataset;
        const frames = inGroup ? groups.filter((group) => group === groups[0]).length : dataset.frames;
        const arrangement = arrangementOf(named, array, dataset, frames);
        if (arrangement.varies || inGroup) varying.push({ used, named, arrangement });
        else {
          const spare = this.#spare;
          this.#spare = undefined;
          const numbers = await readNumbers(array, 0, arrangement.length, { spare });
          fixed.push({ used, values: inImageOrder(dataset, numbers, arrangement.ofModule), arrangement });
        }
      });
    }
    numbers.push(...fixed.map(({ values }) => values));
    const last = this.#last;
    const areLast = varying.length === 0 && last?.numbers.length === numbers.length;
    if (areLast && numbers.every((each, i) => areSame(each, last.numbers[i] as FrameArray))) {
      this.#spare = fixed.at(-1)?.values;
      return last.masks;
    }
    const bad = into ?? this.always.slice();
    const ofFirst = into ? [] : this.ofFirst;
    for (const i of ofFirst) bad[i] = 0;
    mark(bad, own);
    for (const { used, values, arrangement } of fixed)
      refuseInverted(used, this.#mark(bad, used, values, arrangement), this.#pixels);
    let goodHere = 0;
    for (const i of ofFirst) {
      // A mask of each frame tells by frame.
      if (bad[i] === 0 && varying.length === 0 && !dataset.maskVaries) goodHere++;
      bad[i] = 1;
    }
    const masks = { fixed: into || areSame(bad, this.always) ? undefined : bad, goodHere, varying };
    if (varying.length === 0) this.#last = { numbers, masks };
    return masks;
  }

  /**
   * Whether a mask is the file's own, which has been read, and calls no pixel bad that is not: then it is not read a
   * second time, which would take as long as several frames.
   */
  #isWithin(own: Uint8Array, dataset: Dataset, { file, path, users }: UsedMask): boolean {
    const isOwn = this.#opensOwn && file === undefined && dataset[maskPath] === `/${path.replace(/^\/+/, '')}`;
    if (!isOwn || users.some(({ mask }) => mask.goodBits !== 0)) return false;
    // If the file calls most pixels bad, the bits decide whether the mask is inverted.
    const bad = users.reduce((sum, { panel }) => sum + countIn(own, panel, this.#width), 0);
    return bad <= maxMarked * pixelsOf(users);
  }

  /** Marks what a mask calls bad; returns how many pixels it marks. */
  #mark(
    bad: Uint8Array,
    { users }: UsedMask,
    values: ArrayLike<number | bigint>,
    { ofModule }: PixelArrangement,
  ): number {
    let marked = 0;
    for (const { panel, mask } of users)
      marked += markByBits(bad, values, panel, this.#width, [mask.goodBits >>> 0, mask.badBits >>> 0], ofModule);
    return marked;
  }
}

/** Indices at which two masks differ. */
function changedAt(a: Uint8Array, b: Uint8Array): Uint32Array {
  const found: number[] = [];
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) found.push(i);
  return Uint32Array.from(found);
}

/** The values of a run whose first file has no mask leave none for the pixels that a mask calls bad. */
const withMask = ({ name }: Dataset): EwaldError =>
  new EwaldError(
    'Format',
    `${name} has a mask, and the first file has none; index these frames in another run, or begin with one of them`,
    { detail: { path: name } },
  );

/** A mask of all frames that leaves less than a tenth of its panels is inverted. */
const maxMarked = 0.9;

/** Pixels of the panels that use a mask. */
const pixelsOf = (users: UsedMask['users']): number =>
  users.reduce((sum, { panel }) => sum + widthOf(panel) * heightOf(panel), 0);

/** Number of bad pixels on a panel. */
function countIn(bad: Uint8Array, { minFs, maxFs, minSs, maxSs }: Panel, width: number): number {
  let count = 0;
  for (let ss = minSs; ss <= maxSs; ss++)
    for (let i = ss * width + minFs, end = ss * width + maxFs; i <= end; i++) if (bad[i] !== 0) count++;
  return count;
}

/** Refuses a mask that may be inverted; of a detector of `all` pixels, dead modules of less than half of it may be whole. */
function refuseInverted({ path, file, users }: UsedMask, marked: number, all: number): void {
  const pixels = pixelsOf(users);
  if (marked <= maxMarked * pixels || (marked === pixels && 2 * pixels < all)) return;
  throw new EwaldError(
    'Format',
    `the mask ${file === undefined ? '' : `${file} `}${path} marks ${Math.floor((100 * marked) / pixels)} % of the ` +
      'pixels of its panels as bad, as if good and bad were exchanged; check mask_good and mask_bad (for masks that ' +
      'are 0 where pixels are good: mask_good = 0x0 and mask_bad = 0xffff)',
  );
}

/** The mask of a frame whose events are groups. */
const ofFrame = (named: NamedArray, { groups }: Dataset, frame: number): NamedArray => ({
  ...named,
  path: inGroups(named.path, groups?.[frame]),
});

/** The masks of a geometry, each once. */
function usedMasks({ panels }: Geometry): UsedMask[] {
  const masks = new Map<string, UsedMask>();
  for (const panel of panels)
    for (const mask of panel.masks) {
      const key = `${mask.file ?? ''}\n${mask.path}`;
      const used = masks.get(key) ?? { path: mask.path, file: mask.file, users: [] };
      used.users.push({ panel, mask });
      masks.set(key, used);
    }
  return [...masks.values()];
}

/** Arrays as words of four bytes; as bytes, if one of them does not consist of whole words. */
function wordsOf(arrays: readonly FrameArray[]): (Int32Array | Uint8Array)[] {
  const isAligned = arrays.every(({ byteOffset, byteLength }) => (byteOffset | byteLength) % 4 === 0);
  return arrays.map(({ buffer, byteOffset, byteLength }) =>
    isAligned ? new Int32Array(buffer, byteOffset, byteLength / 4) : new Uint8Array(buffer, byteOffset, byteLength),
  );
}

/** How Node compares bytes, ten times as fast as a loop: every file of a run may have a mask. */
const compareBytes = (globalThis as { Buffer?: { compare(a: Uint8Array, b: Uint8Array): number } }).Buffer?.compare;

/** Whether two arrays consist of the same bytes. */
function areSame(a: FrameArray, b: FrameArray): boolean {
  if (a.byteLength !== b.byteLength || a.BYTES_PER_ELEMENT !== b.BYTES_PER_ELEMENT) return false;
  if (compareBytes) return compareBytes(bytesOfArray(a), bytesOfArray(b)) === 0;
  const [x, y] = wordsOf([a, b]) as [Int32Array, Int32Array];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

/** Marks the pixels that a mask calls bad; returns how many. */
function markByBits(
  bad: Uint8Array,
  mask: ArrayLike<number | bigint>,
  { minFs, maxFs, minSs, maxSs, firstRow = 0 }: Panel,
  width: number,
  [good, wrong]: readonly [number, number],
  ofModule: boolean,
): number {
  let marked = 0;
  // A mask of a module has no rows for the modules above it.
  const before = ofModule ? firstRow * width : 0;
  for (let ss = minSs; ss <= maxSs; ss++)
    for (let i = ss * width + minFs, end = ss * width + maxFs; i <= end; i++) {
      // Unsigned, because masks use up to 32 bits. Numbers of 64 bits are rounded at the other end.
      const value = mask[i - before] ?? 0;
      const bits = Number(typeof value === 'bigint' ? value & 0xffffffffn : value) >>> 0;
      if ((bits & good) >>> 0 === good && (bits & wrong) === 0) continue;
      bad[i] = 1;
      marked++;
    }
  return marked;
}

/** Adds bad pixels to a mask. */
export function mark(bad: Uint8Array, more: Uint8Array | undefined): void {
  if (!more) return;
  // Most words of a mask have no bad pixel.
  const [words] = wordsOf([more]) as [Int32Array];
  const each = more.length / words.length;
  for (let w = 0; w < words.length; w++) {
    if (words[w] === 0) continue;
    for (let i = each * w; i < each * (w + 1); i++) if (more[i] !== 0) bad[i] = 1;
  }
}

/** Marks the pixels beyond a resolution, 1/d in 1/Å. */
export function markBeyond(bad: Uint8Array, geometry: Geometry, beam: Beam, width: number, maxInverseD: number): void {
  for (const panel of geometry.panels)
    for (let ss = panel.minSs; ss <= panel.maxSs; ss++)
      for (let fs = panel.minFs; fs <= panel.maxFs; fs++) {
        const q = reciprocalOf(panel, beam, fs - panel.minFs + 0.5, ss - panel.minSs + 0.5);
        if (Math.hypot(...q) > maxInverseD) bad[ss * width + fs] = 1;
      }
}
