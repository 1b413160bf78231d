/** HDF5, recognised by its signature. The reader itself is in src/frames/hdf5. */
import type { Format } from '../format.js';
import { openHdf5Frames } from '../hdf5/frames.js';

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const isAt = (bytes: Uint8Array): boolean => signature.every((byte, i) => bytes[i] === byte);

export const hdf5: Format = {
  name: 'hdf5',
  title: 'HDF5 (NXmx, Eiger, CXI, EMD, hspy, DM5, …)',
  endings: ['h5', 'hdf5', 'hdf', 'nxs', 'cxi', 'emd', 'hspy', 'dm5', 'nx5', 'app5'],
  options: ['dataset', 'thresholdChannel', 'sigShape', 'order'],
  detect: ({ head }) => (isAt(head) ? { confidence: 1, why: 'the HDF5 signature at byte 0' } : undefined),
  async search({ source, head, signal }) {
    // A user block of 512 · 2ⁿ bytes may precede the signature.
    for (let at = 512; at + 8 <= source.size && at <= 2 ** 20; at *= 2) {
      const bytes = at + 8 <= head.length ? head.subarray(at, at + 8) : await source.read(at, 8, { signal });
      if (isAt(bytes)) return { confidence: 0.9, why: `the HDF5 signature at byte ${at}, after a user block` };
    }
    return undefined;
  },
  open: openHdf5Frames,
};
