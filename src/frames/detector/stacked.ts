/**
 * Presents frames of more than two axes, [modules, …, ss, fs], as one image: modules stacked vertically in the order of
 * the file. A geometry states by `dim1 = 3` that a panel belongs to module 3; its rows are shifted to match. Axes in
 * another order, such as a number behind fs, are brought into this one.
 */

import { allocateFrames, type FrameArray, wordsOf } from '../../bytes/dtype.js';
import type { BadRegion, Geometry, Panel } from '../../crystal/geometry/geometry.js';
import { argumentError, setting } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import { rivalsIn } from '../candidates.js';
import {
  changedFiles,
  type Dataset,
  type DatasetShape,
  type ListedPeaks,
  type ReadFramesOptions,
  readPacked,
  unlitOf,
} from '../dataset.js';
import type { FormatOptions } from '../format.js';
import { areInOrder, imageAxes, moduleOf, reorder, writtenDimensions } from './frame-axes.js';
import { geometryFromFile } from './from-file.js';
import { datasetMeant, statedDataset } from './geometry-dataset.js';

/** Opens a file of frames: one of its arrays, or its own choice. */
type OpenFrames = (how: Pick<FormatOptions, 'dataset' | 'sigShape'>) => Promise<Dataset>;

/**
 * Opens the frames that a geometry means: those of the dataset `named` by the user, otherwise by the geometry, with the
 * number of axes that the geometry states; by default HDF5 frames have the last two axes. Throws `Argument` if the file
 * has no such dataset.
 */
export async function openStacked(
  open: OpenFrames,
  geometry: Geometry | undefined,
  named?: string | undefined,
): Promise<Dataset> {
  const axes = geometry ? imageAxes(geometry).length : 2;
  let path = named;
  let dataset = await open({ dataset: named }).catch((error: unknown) => {
    // Any of the arrays between which the file cannot choose tells what there is.
    const rivals = rivalsIn(error);
    const stated = geometry && named === undefined ? statedDataset(geometry) : undefined;
    if (stated === undefined) throw error;
    // A file may have more objects than are looked through; a path is opened by its name.
    if (rivals.length === 0) {
      path = stated;
      return open({ dataset: stated }).catch(() => Promise.reject(error));
    }
    path = rivals.includes(stated) ? stated : rivals[0];
    return open({ dataset: path });
  });
  try {
    const { meta, shape } = dataset;
    // Scans with electrons may have panels and no wavelength; one panel of two axes needs no geometry to be stacked.
    const isPlain = meta.wavelengthA === undefined && shape.sig.length === 2;
    if (!geometry && meta.panels && !isPlain) return stacked(dataset, geometryFromFile(dataset));
    const meant = geometry && named === undefined ? await datasetMeant(geometry, dataset) : undefined;
    if (meant !== undefined) {
      path = meant;
      await dataset.dispose();
      dataset = await open({ dataset: path });
    }
    const { sig: signal } = dataset.shape;
    const all = [...navigationOfArray(dataset), ...signal];
    if (!geometry || axes <= signal.length || axes > all.length) return stacked(dataset, geometry);
    await dataset.dispose();
    dataset = await open({ dataset: path, sigShape: all.slice(-axes) });
    return stacked(dataset, geometry);
  } catch (error) {
    await dataset.dispose();
    throw error;
  }
}

/** The axes of an array before those of a frame; those of arrays in several groups follow each other along the first. */
function navigationOfArray({ shape: { nav }, groups }: Dataset): readonly number[] {
  const arrays = groups ? new Set(groups.map((names) => names.join('/'))).size : 1;
  return nav.map((length, axis) => (axis === 0 ? length / arrays : length));
}

/** The axes of a frame before its modules were stacked: modules, ss, fs. */
export const moduleAxes = (dataset: Dataset): readonly number[] =>
  dataset instanceof StackedFrames ? dataset.axes : dataset.shape.sig;

/** The axes of a frame, and of a module by itself, in the order in which the file stores them. */
export function storedAxes(dataset: Dataset): {
  readonly frame: readonly number[];
  readonly module: readonly number[];
} {
  if (!(dataset instanceof StackedFrames)) return { frame: dataset.shape.sig, module: dataset.shape.sig.slice(-2) };
  const frame = dataset.file.shape.sig;
  const kept = dataset.order.slice(-2).sort((a, b) => a - b);
  return { frame, module: kept.map((axis) => frame[axis] as number) };
}

/** Numbers that the file stores like the pixels of a frame, or of a module, in the order of the image. */
export function inImageOrder(dataset: Dataset, numbers: FrameArray, ofModule = false): FrameArray {
  if (!(dataset instanceof StackedFrames) || areInOrder(dataset.order)) return numbers;
  const { order, file } = dataset;
  // A module by itself has only the axes ss and fs, as they are stored.
  const [ss = 0, fs = 0] = order.slice(-2);
  const kept = ofModule ? [ss, fs].sort((a, b) => a - b) : file.shape.sig.map((_, axis) => axis);
  const shape = kept.map((axis) => file.shape.sig[axis] as number);
  const into = new (numbers.constructor as new (length: number) => FrameArray)(numbers.length);
  return reorder(
    numbers,
    shape,
    (ofModule ? [ss, fs] : order).map((axis) => kept.indexOf(axis)),
    into,
  );
}

/** The frames as images with two axes. Throws `Shape` if they do not match the geometry. */
export function stacked(dataset: Dataset, geometry: Geometry | undefined): Dataset {
  if (!geometry || dataset instanceof StackedFrames) return dataset;
  const order = imageAxes(geometry);
  const axes = order.length;
  if (axes === 2 && areInOrder(order)) return dataset;
  const { sig: signal } = dataset.shape;
  if (signal.length !== axes)
    throw new EwaldError(
      'Shape',
      `${dataset.name}: frames are [${signal.join(', ')}], but the geometry ` +
        `(${writtenDimensions(geometry.panels[0] as Panel)}) describes frames of ${axes} axes; is it the geometry ` +
        'of this file? In JavaScript, pass sigShape to open',
    );
  return new StackedFrames(dataset, order);
}

/** The geometry of the images made by `stacked`. Throws `Shape` for modules that the frames lack. */
export function stackedGeometry(geometry: Geometry, dataset: Dataset): Geometry {
  if (!(dataset instanceof StackedFrames)) return geometry;
  const order = imageAxes(geometry);
  // It was stacked before.
  if (order.length === 2 && areInOrder(order)) return geometry;
  const signal = dataset.axes;
  const modules = signal.slice(0, -2);
  const [rows = 0, columns = 0] = signal.slice(-2);
  const regions: BadRegion[] = geometry.badRegions.filter((region) => !('minFs' in region));
  const panels = geometry.panels.map((panel) => {
    const place = moduleOf(panel);
    if (place.some((n, axis) => n < 0 || n >= (modules[axis] ?? 0)) || panel.maxFs >= columns || panel.maxSs >= rows)
      throw new EwaldError(
        'Shape',
        `the panel ${panel.name} (${writtenDimensions(panel)}) ends at fs ${panel.maxFs}, ss ${panel.maxSs}, but ` +
          `a frame has ${modules.join(' x ')} modules of ${columns} x ${rows} pixels; is it the geometry of ` +
          'this detector?',
      );
    const firstRow = rows * place.reduce((index, n, axis) => index * (modules[axis] ?? 1) + n, 0);
    for (const region of geometry.badRegions) {
      if (!('minFs' in region) || (region.panel !== undefined && region.panel !== panel.name)) continue;
      const { minSs, maxSs } = region;
      regions.push({ ...region, panel: panel.name, minSs: minSs + firstRow, maxSs: maxSs + firstRow });
    }
    return {
      ...panel,
      minSs: panel.minSs + firstRow,
      maxSs: panel.maxSs + firstRow,
      dimensions: ['%', 'ss', 'fs'] as const,
      firstRow,
    };
  });
  return { ...geometry, panels, badRegions: regions };
}

/** Modules that are consecutive in memory only change their shape. */
class StackedFrames implements Dataset {
  /** The dataset as stored in the file. */
  readonly file: Dataset;
  /** The axes of a stored frame in the order of the image. */
  readonly order: readonly number[];
  /** Their sizes in that order: modules, ss, fs. */
  readonly axes: readonly number[];
  readonly shape: DatasetShape;
  readonly mask?: NonNullable<Dataset['mask']>;
  readonly maskVaries: boolean | undefined;
  readonly groups: Dataset['groups'];
  readonly events: Dataset['events'];
  readonly openOther?: NonNullable<Dataset['openOther']>;
  readonly field?: NonNullable<Dataset['field']>;
  readonly [changedFiles]?: Dataset[typeof changedFiles];
  readonly [readPacked]?: Dataset[typeof readPacked];
  readonly [unlitOf]?: Dataset[typeof unlitOf];

  constructor(file: Dataset, order: readonly number[]) {
    [this.file, this.order] = [file, order];
    const { nav: navigation, sig: signal } = file.shape;
    this.axes = order.map((axis) => signal[axis] as number);
    const columns = this.axes.at(-1) ?? 1;
    this.shape = { nav: navigation, sig: [file.frameLength / columns, columns] };
    [this.maskVaries, this.groups, this.events] = [file.maskVaries, file.groups, file.events];
    if (file.mask)
      this.mask = async (options) => inImageOrder(this, (await file.mask?.(options)) as Uint8Array) as Uint8Array;
    if (file.openOther) this.openOther = (path, other) => file.openOther?.(path, other) as Promise<Dataset>;
    if (areInOrder(order)) this[readPacked] = file[readPacked];
    if (file[unlitOf]) this[unlitOf] = file[unlitOf];
    if (file[changedFiles]) this[changedFiles] = file[changedFiles];
    if (file.field) this.field = (name) => file.field?.(name) as ReturnType<NonNullable<Dataset['field']>>;
  }

  get format() {
    return this.file.format;
  }
  get name() {
    return this.file.name;
  }
  get dtype() {
    return this.file.dtype;
  }
  get frames() {
    return this.file.frames;
  }
  get frameLength() {
    return this.file.frameLength;
  }
  get meta() {
    return this.file.meta;
  }
  get notes() {
    return this.file.notes;
  }
  get arrays() {
    return this.file.arrays;
  }
  get sizes() {
    return this.file.sizes;
  }
  get filters() {
    return this.file.filters;
  }
  get chunkFrames() {
    return this.file.chunkFrames;
  }
  partitions(bytes?: number) {
    return this.file.partitions(bytes);
  }
  async read(first: number, count: number, into?: FrameArray, options?: ReadFramesOptions): Promise<FrameArray> {
    if (areInOrder(this.order)) return this.file.read(first, count, into, options);
    const stored = await this.file.read(first, count, undefined, options);
    const image = into ? wordsOf(into) : allocateFrames(this.dtype, stored.length);
    if (image.length < stored.length || image.constructor !== stored.constructor)
      return this.file.read(first, count, into, options);
    return reorder(stored, this.file.shape.sig, this.order, image);
  }
  async peaks(): Promise<ListedPeaks> {
    throw argumentError(
      '',
      (said) =>
        `${this.name}: its frames have several modules, and peak lists do not state the module of a peak; use ` +
        setting(said, 'finder', 'peakfinder8'),
      {},
      'Unsupported',
    );
  }
  dispose() {
    return this.file.dispose();
  }
}
