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
