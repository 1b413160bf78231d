/**
 * The axes of a frame by the dimensions of a geometry (`dim0 = %`, `dim1 = 3`, `dim2 = ss`, `dim3 = fs`): how many they
 * are, and in which order a frame is an image: modules, then ss, then fs.
 */

import type { FrameArray } from '../../bytes/dtype.js';
import type { Geometry, Panel } from '../../crystal/geometry/geometry.js';
import { EwaldError } from '../../util/errors.js';

/** The dimensions of a panel as written in its geometry. */
export const writtenDimensions = (panel: Panel): string =>
  panel.dimensions.map((meaning, i) => `dim${i} = ${meaning}`).join(', ');

/** The modules that a panel names, slowest axis first. */
export const moduleOf = (panel: Panel): number[] =>
  panel.dimensions.filter((dimension): dimension is number => typeof dimension === 'number');

const dimensionKind = (dimension: Panel['dimensions'][number]): string =>
  typeof dimension === 'number' ? 'N' : dimension;

/** Whether panels agree about what each axis is; the numbers of their modules may differ. */
function haveSameKinds(a: Panel['dimensions'], b: Panel['dimensions']): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (dimensionKind(a[i] as 'ss') !== dimensionKind(b[i] as 'ss')) return false;
  return true;
}

/**
 * The axes of a stored frame in the order of an image: numbered axes, ss, fs. A geometry of usual frames has them in
 * order, [0, 1, …]. Throws `Unsupported` for layouts that cannot be read: events behind pixels, panels in several
 * datasets.
 */
export function imageAxes(geometry: Geometry): readonly number[] {
  const [first] = geometry.panels;
  if (!first) throw new EwaldError('Format', 'the geometry has no panel');
  const kinds = first.dimensions.map(dimensionKind);
  const axes = kinds.slice(kinds.findIndex((kind) => kind !== '%'));
  const isOnce = (kind: string): boolean => axes.filter((axis) => axis === kind).length === 1;
  if (axes.includes('%') || !isOnce('ss') || !isOnce('fs'))
    throw new EwaldError(
      'Unsupported',
      `the geometry has ${writtenDimensions(first)} for panel ${first.name}; only frames whose dimensions are %, ` +
        'and then ss and fs once each, with modules by number, can be read',
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
  const numbered = axes.flatMap((kind, axis) => (kind === 'N' ? [axis] : []));
  return [...numbered, axes.indexOf('ss'), axes.indexOf('fs')];
}

/** Whether stored frames are images as they are. */
export const areInOrder = (order: readonly number[]): boolean => order.every((axis, i) => axis === i);

/** Copies frames of `shape` into an order of their axes. */
export function reorder(
  from: FrameArray,
  shape: readonly number[],
  order: readonly number[],
  into: FrameArray,
): FrameArray {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((n, size) => n * size, 1));
  const length = shape.reduce((n, size) => n * size, 1);
  const axes = order.map((axis) => ({ size: shape[axis] as number, step: steps[axis] as number }));
  const sources = new Uint32Array(length);
  const index = new Array<number>(axes.length).fill(0);
  let source = 0;
  for (let i = 0; i < length; i++) {
    sources[i] = source;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const { size, step } = axes[axis] as (typeof axes)[number];
      source += step;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < size) break;
      index[axis] = 0;
      source -= step * size;
    }
  }
  for (let start = 0; start + length <= from.length; start += length)
    for (let i = 0; i < length; i++) into[start + i] = from[start + (sources[i] as number)] as number;
  return into;
}
