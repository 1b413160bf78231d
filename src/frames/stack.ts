/** Combines several frames into one: their sum, mean or maximum. */
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal } from '../util/options.js';
import type { Dataset } from './dataset.js';

export const stackKinds = ['sum', 'mean', 'maximum'] as const;
export type StackKind = (typeof stackKinds)[number];

/** Which frames are combined, and how. */
export interface Stacked {
  readonly first: number;
  readonly count: number;
  readonly kind: StackKind;
}

/** Combines frames, read one at a time; needs the memory of two frames. */
export async function stackOf(
  dataset: Pick<Dataset, 'read' | 'frameLength'>,
  { first, count, kind }: Stacked,
  signal?: PlatformSignal,
): Promise<Float32Array> {
  const length = dataset.frameLength;
  const total = new Float64Array(length).fill(kind === 'maximum' ? Number.NEGATIVE_INFINITY : 0);
  for (let frame = first; frame < first + count; frame++) {
    checkSignal(signal);
    const data = await dataset.read(frame, 1);
    for (let i = 0; i < length; i++) {
      const value = Number(data[i]);
      if (kind === 'maximum') total[i] = Math.max(total[i] as number, value);
      else total[i] = (total[i] as number) + value;
    }
  }
  return Float32Array.from(total, kind === 'mean' ? (value) => value / count : undefined);
}
