/** The data set of each frame of an HDF5 run that is divided by the counts of a region. */
import { viewAs } from '../../frames/dtype.js';
import { Hdf5Dataset } from '../../frames/hdf5/dataset.js';
import type { Hdf5Group } from '../../frames/hdf5/file.js';

/** The columns of a region in the order of its line in a stream. */
const columns = ['sum', 'sum_sq', 'max', 'npixel', 'x', 'y'] as const;

/** The data set of each frame, by the line that a stream of the run has; none if the run has no such region. */
export async function regionValues(
  entry: Hdf5Group,
  name: string,
  frames: number,
  setOf: (line: string) => string | undefined,
): Promise<readonly string[]> {
  const read: ArrayLike<number | bigint>[] = [];
  for (const column of columns) {
    const one = await entry.get(`roi/${name}/${column}`);
    if (!(one instanceof Hdf5Dataset) || one.shape.join() !== `${frames}` || one.filters.length > 0) return [];
    const bytes = await one.read({ start: [0], count: [frames] }, new Uint8Array(frames * one.type.size));
    read.push(viewAs(bytes, one.numbers?.dtype ?? 'f64') as ArrayLike<number | bigint>);
  }
  // The least number of 64 bits stands for the maximum of a frame without a count.
  const word = (value: number | bigint | undefined): string =>
    value === -(2n ** 63n) || Number.isNaN(Number(value)) ? 'nan' : `${value}`;
  return Array.from(
    { length: frames },
    (_, i) => setOf(`ewald/roi/${name} = ${read.map((values) => word(values[i])).join(' ')}`) ?? '',
  );
}
