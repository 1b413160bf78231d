/** Combines several frames into one: their sum, mean or maximum. */
import type { Dataset } from '../../entries/data.js';
import type { StackKind } from './protocol.js';

/** Combines frames, read one at a time; needs the memory of two frames. */
export async function stackOf(dataset: Dataset, first: number, count: number, kind: StackKind): Promise<Float32Array> {
  const length = dataset.frameLength;
  const total = new Float64Array(length).fill(kind === 'maximum' ? Number.NEGATIVE_INFINITY : 0);
  for (let frame = first; frame < first + count; frame++) {
    const data = await dataset.read(frame, 1);
    for (let i = 0; i < length; i++) {
      const value = Number(data[i]);
      if (kind === 'maximum') total[i] = Math.max(total[i] as number, value);
      else total[i] = (total[i] as number) + value;
    }
  }
  return Float32Array.from(total, kind === 'mean' ? (value) => value / count : undefined);
}
