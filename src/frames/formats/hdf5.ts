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
    // A user block of 512 · 2ⁿ bytes may precede the signature. All places are asked at once, for files at an address.
    const places = Array.from({ length: 12 }, (_, n) => 512 * 2 ** n).filter((at) => at + 8 <= source.size);
    const found = await Promise.all(
      places.map((at) =>
        at + 8 <= head.length ? head.subarray(at, at + 8) : source.read(at, 8, { signal, alone: true }),
      ),
    );
    const at = places[found.findIndex(isAt)];
    return at === undefined
      ? undefined
      : { confidence: 0.9, why: `the HDF5 signature at byte ${at}, after a user block` };
  },
  open: openHdf5Frames,
};
