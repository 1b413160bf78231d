/** Regions of a scan as flags. */

import { readNpyFile } from '../../entries/command.node.js';
import { EwaldError } from '../../entries/index.node.js';
import type { Roi, Scan } from '../../entries/udf.node.js';

/** `3,17`, `0:10,5:20`, or a .npy file. */
export async function roiOf(
  flag: string,
  text: string | undefined,
  { shape: { nav } }: Scan,
  signal: AbortSignal,
): Promise<Roi | undefined> {
  if (text === undefined) return undefined;
  if (/\.npy$/i.test(text)) return (await readNpyFile(text, signal)).data;
  const parts = text.split(',');
  const ranges = parts.map((part, axis) => {
    const match = /^(\d*)(?:(:)(\d*))?$/.exec(part.trim());
    const length = nav[axis] ?? 0;
    const low = Number(match?.[1] || 0);
    const high = match?.[2] ? Number(match[3] || length) : low + 1;
    if (
      !match ||
      (part.trim() === '' && parts.length > 0) ||
      low >= high ||
      high > length ||
      parts.length !== nav.length
    )
      throw new EwaldError(
        'Argument',
        `${flag} is "${text}"; the scan is ${nav.join(' × ')}; expected a position or first:end of each axis, such ` +
          `as ${nav.map((n) => `0:${n}`).join(',')}, or a .npy file`,
      );
    return [low, high] as const;
  });
  const mask = new Uint8Array(nav.reduce((size, n) => size * n, 1));
  for (let flat = 0; flat < mask.length; flat++) {
    let left = flat;
    let inside = true;
    for (let axis = nav.length - 1; axis >= 0; axis--) {
      const at = left % (nav[axis] as number);
      left = Math.floor(left / (nav[axis] as number));
      const [low, high] = ranges[axis] as readonly [number, number];
      inside &&= at >= low && at < high;
    }
    mask[flat] = inside ? 1 : 0;
  }
  return mask;
}
