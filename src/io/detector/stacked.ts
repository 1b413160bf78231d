/**
 * Presents frames of more than two axes, [modules, …, ss, fs], as one image: modules stacked vertically in the order of
 * the file. A geometry states by `dim1 = 3` that a panel belongs to module 3; its rows are shifted to match.
 */

import { EwaldError } from '../../base/errors.js';
import { refusal, setting } from '../../base/parameters.js';
import type { BadRegion, Geometry, Panel } from '../../crystal/geometry/geometry.js';
import { rivalsIn } from '../data/candidates.js';
import type { Dataset, DatasetShape, ListedPeaks } from '../data/dataset.js';
import type { FormatOptions } from '../data/format.js';
import { geometryFromFile } from './from-file.js';
import { datasetMeant, statedDataset } from './geometry-dataset.js';

/** The dimensions of a panel as written in its geometry. */
const writtenDimensions = (panel: Panel): string =>
  panel.dimensions.map((meaning, i) => `dim${i} = ${meaning}`).join(', ');

/** The modules that a panel names, slowest axis first. */
const moduleOf = (panel: Panel): number[] => panel.dimensions.filter((one): one is number => typeof one === 'number');

const dimensionKind = (dimension: Panel['dimensions'][number]): string =>
  typeof dimension === 'number' ? 'N' : dimension;

/** Whether panels agree about what each axis is; the numbers of their modules may differ. */
function haveSameKinds(a: Panel['dimensions'], b: Panel['dimensions']): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (dimensionKind(a[i] as 'ss') !== dimensionKind(b[i] as 'ss')) return false;
  return true;
}

/**
 * The number of axes of a frame according to a geometry: ss, fs, and one for each number among the dimensions. Throws
 * `Unsupported` for layouts that cannot be read: rows along ss, panels in several datasets.
 */
function frameAxes(geometry: Geometry): number {
  const [first] = geometry.panels;
  if (!first) throw new EwaldError('Format', 'the geometry has no panel');
  if (!/^(%,)*(N,)*ss,fs$/.test(first.dimensions.map(dimensionKind).join()))
    throw new EwaldError(
      'Unsupported',
      `the geometry has ${writtenDimensions(first)} for panel ${first.name}; only frames with the dimensions %, ` +
        'then modules by number, then ss, then fs can be read',
    );
  for (const panel of geometry.panels) {
    if (!haveSameKinds(panel.dimensions, first.dimensions))
      throw new EwaldError(
        'Unsupported',
        `the geometry has ${writtenDimensions(first)} for panel ${first.name} but ${writtenDimensions(panel)} for ` +
          `panel ${panel.name}; all panels must have the same dimensions`,
      );
    if (panel.data !== first.data)
      throw new EwaldError(
        'Unsupported',
        `the geometry has panel ${first.name} in ${first.data} and panel ${panel.name} in ${panel.data}; all ` +
          'panels must be in one dataset',
      );
  }
  return moduleOf(first).length + 2;
}

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
  const axes = geometry ? frameAxes(geometry) : 2;
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
    if (!geometry && dataset.meta.panels) return stacked(dataset, geometryFromFile(dataset));
    const meant = geometry && named === undefined ? await datasetMeant(geometry, dataset) : undefined;
    if (meant !== undefined) {
      path = meant;
      await dataset.dispose();
      dataset = await open({ dataset: path });
    }
    const { nav: navigation, sig: signal } = dataset.shape;
    const all = [...navigation, ...signal];
    if (!geometry || axes <= signal.length || axes > all.length) return stacked(dataset, geometry);
    await dataset.dispose();
    dataset = await open({ dataset: path, sigShape: all.slice(-axes) });
    return stacked(dataset, geometry);
  } catch (error) {
    await dataset.dispose();
    throw error;
  }
}

/** The axes of a frame as the file has them, of images made by `stacked` as well. */
export const storedAxes = (dataset: Dataset): readonly number[] =>
  dataset instanceof StackedFrames ? dataset.file.shape.sig : dataset.shape.sig;

/** The frames as images with two axes. Throws `Shape` if they do not match the geometry. */
export function stacked(dataset: Dataset, geometry: Geometry | undefined): Dataset {
  if (!geometry || dataset instanceof StackedFrames) return dataset;
  const axes = frameAxes(geometry);
  if (axes === 2) return dataset;
  const { sig: signal } = dataset.shape;
  if (signal.length !== axes)
    throw new EwaldError(
      'Shape',
      `${dataset.name}: frames are [${signal.join(', ')}], but the geometry ` +
        `(${writtenDimensions(geometry.panels[0] as Panel)}) describes frames of ${axes} axes; is it the geometry ` +
        'of this file? In JavaScript, pass sigShape to open',
    );
  return new StackedFrames(dataset);
}

/** The geometry of the images made by `stacked`. Throws `Shape` for modules that the frames lack. */
export function stackedGeometry(geometry: Geometry, dataset: Dataset): Geometry {
  if (!(dataset instanceof StackedFrames) || frameAxes(geometry) === 2) return geometry;
  const { sig: signal } = dataset.file.shape;
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

/** Only the shape changes: modules are already consecutive in memory. */
class StackedFrames implements Dataset {
  /** The dataset as stored in the file. */
  readonly file: Dataset;
  readonly shape: DatasetShape;
  readonly mask?: NonNullable<Dataset['mask']>;
  readonly maskVaries: boolean | undefined;
  readonly groups: Dataset['groups'];
  readonly openOther?: NonNullable<Dataset['openOther']>;
  readonly field?: NonNullable<Dataset['field']>;

  constructor(file: Dataset) {
    this.file = file;
    const { nav: navigation, sig: signal } = file.shape;
    const columns = signal.at(-1) ?? 1;
    this.shape = { nav: navigation, sig: [file.frameLength / columns, columns] };
    [this.maskVaries, this.groups] = [file.maskVaries, file.groups];
    if (file.mask) this.mask = (options) => file.mask?.(options) as Promise<Uint8Array>;
    if (file.openOther) this.openOther = (path, other) => file.openOther?.(path, other) as Promise<Dataset>;
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
  read(...words: Parameters<Dataset['read']>) {
    return this.file.read(...words);
  }
  async peaks(): Promise<ListedPeaks> {
    throw refusal(
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
