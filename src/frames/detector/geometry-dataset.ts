/** Which dataset of a file a geometry means: the one answer for runs, checks, viewers and detectors. */

import type { Geometry } from '../../crystal/geometry/geometry.js';
import { argumentError } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import type { Dataset } from '../dataset.js';

/** Formats whose arrays have paths, as `data` of a geometry is one; geometries of the others state it in vain. */
const formatsWithPaths: readonly string[] = ['hdf5', 'zarr'];
const maxListed = 20;

/** The dataset that a geometry states; undefined: it leaves the choice to the file. */
export const statedDataset = ({ panels: [first] }: Geometry): string | undefined => first?.data;

/** The name of the array that a dataset was opened from; undefined for formats whose arrays have no paths. */
export const openedArray = ({ format, arrays }: Dataset): string | undefined =>
  formatsWithPaths.includes(format) ? arrays?.find(({ chosen }) => chosen)?.name : undefined;

const withoutSlash = (path: string): string => path.replace(/^\/+/, '');
const isSame = (a: string, b: string): boolean => withoutSlash(a) === withoutSlash(b);

/**
 * The path that a geometry means in the file of an open dataset; undefined if that is the open one. Throws `Argument`
 * if the file has no such array.
 */
export async function datasetMeant(geometry: Geometry, dataset: Dataset): Promise<string | undefined> {
  const stated = statedDataset(geometry);
  const opened = openedArray(dataset);
  if (stated === undefined || opened === undefined || isSame(stated, opened)) return undefined;
  if (dataset.arrays.some(({ name }) => isSame(name, stated))) return stated;
  // Links are not among the arrays; one may lead to the open array.
  const linked = await dataset.openOther?.(stated).catch(() => undefined);
  const target = linked && openedArray(linked);
  await linked?.dispose();
  // A group of one array would be opened as well, but CrystFEL does not read it.
  if (target !== undefined && !withoutSlash(target).startsWith(`${withoutSlash(stated)}/`))
    return isSame(target, opened) ? undefined : stated;
  const arrays = dataset.arrays.filter(({ shape }) => shape.length > 1);
  const listed = arrays.slice(0, maxListed).map(({ name, shape, dtype }) => `${name} (${shape.join(' × ')} ${dtype})`);
  const more = arrays.length > maxListed ? `, and ${arrays.length - maxListed} more` : '';
  throw argumentError(
    '',
    (said) =>
      `${dataset.name}: the geometry states data = ${stated}, but the file has no such array; it has ` +
      `${listed.join(', ')}${more}; correct the geometry, or name the array with ${said('dataset')}`,
    { path: dataset.name, stated, candidates: arrays.map(({ name }) => name) },
  );
}

/** Refuses frames of another dataset than the one that their geometry means. Throws `Argument`. */
export async function refuseOtherDataset(geometry: Geometry, dataset: Dataset): Promise<void> {
  const meant = await datasetMeant(geometry, dataset);
  if (meant === undefined) return;
  throw new EwaldError(
    'Argument',
    `${dataset.name}: its frames were opened from ${openedArray(dataset)}, but the geometry states data = ${meant}; ` +
      `open them with { dataset: '${meant}' }`,
    { detail: { path: dataset.name } },
  );
}

/** The geometry with the dataset that frames were read from, if the user named another than the geometry. */
export function ofDataset(geometry: Geometry, path: string | undefined): Geometry {
  const stated = statedDataset(geometry);
  if (!path || (stated !== undefined && isSame(stated, path))) return geometry;
  return { ...geometry, panels: geometry.panels.map((panel) => ({ ...panel, data: path })) };
}
