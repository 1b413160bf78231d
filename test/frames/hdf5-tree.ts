/** HDF5 files of a few groups, arrays and numbers, in memory. */
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import type { FrameArray } from '../../src/bytes/dtype.js';
import { Hdf5Writer, type WriteAttribute, type WriteNode } from '../../src/hdf5/writer.js';

/** Only frames are packed. */
const noCodecs = {} as Codecs;

/** The file with these children of its root. */
export async function treeFile(children: Record<string, WriteNode>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const writer = await Hdf5Writer.create(
    {
      append: async (bytes) => void parts.push(bytes.slice()),
      // The head of the file is the only part that is patched.
      patch: async (at, bytes) => parts[0]?.set(bytes, at),
    },
    noCodecs,
  );
  await writer.finish(children);
  return Buffer.concat(parts);
}

export const array = (
  value: FrameArray,
  shape: readonly number[],
  attributes: Record<string, WriteAttribute> = {},
) => ({
  value,
  shape,
  attributes,
});

export const number = (value: number, attributes: Record<string, WriteAttribute> = {}) => ({ value, attributes });

export const group = (children: Record<string, WriteNode>, nxClass?: string) => ({
  children,
  attributes: nxClass === undefined ? {} : { NX_class: nxClass },
});

/** An axis of NXtransformations. */
export const axis = (
  value: number | FrameArray,
  units: string,
  type: 'rotation' | 'translation',
  vector: readonly number[],
  dependsOn: string,
  more: Record<string, WriteAttribute> = {},
): WriteNode => {
  const attributes = {
    ...{ units, transformation_type: type, vector: Float64Array.from(vector), depends_on: dependsOn },
    ...more,
  };
  return typeof value === 'number' ? { value, attributes } : { value, shape: [value.length], attributes };
};
