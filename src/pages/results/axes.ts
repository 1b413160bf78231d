/** Axes in words. */
import type { StoredAxis } from '../../entries/pages.js';
import { shown } from './numbers.js';

/** The name of an axis, with its unit where its numbers have one. */
export const axisText = ({ name, unit, step }: StoredAxis): string =>
  step === undefined ? name : `${name} (${unit ?? ''})`;

/** A place on an axis: the number of the element, and where it is. */
export function placeText({ name, first = 0, step, unit = '' }: StoredAxis, i: number): string {
  return step === undefined ? `${name} ${i}` : `${name} ${i} (${shown(first + i * step)} ${unit})`;
}

/** From where to where an axis is. */
export const spanText = ({ name, length, first = 0, step = 1, unit = '' }: StoredAxis): string =>
  `${name} from ${shown(first)} to ${shown(first + (length - 1) * step)} ${unit}`;
