/** Frames as an Eiger writes them: a master with the detector and the mask, and data files of a few frames each. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { open } from 'ewald/data';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { Hdf5Writer, type WriteNode } from '../../src/hdf5/writer.js';
import { codecsHere } from '../frames/hdf5-support.js';

/** A file that is written in memory, then in one piece. */
async function writeFile(
  path: string,
  codecs: Codecs,
  fill: (writer: Hdf5Writer) => Promise<Record<string, WriteNode>>,
): Promise<void> {
  const pieces: Uint8Array[] = [];
  const patches: (() => void)[] = [];
  let whole = new Uint8Array(0);
  const writer = await Hdf5Writer.create(
    {
      append: async (bytes) => void pieces.push(bytes.slice()),
      patch: async (at, bytes) => void patches.push(() => whole.set(bytes, at)),
    },
    codecs,
  );
  await writer.finish(await fill(writer));
  whole = new Uint8Array(Buffer.concat(pieces));
  for (const patch of patches) patch();
  writeFileSync(path, whole);
}

const kind = (name: string) => ({ attributes: { NX_class: name } });

/**
 * Writes the first frames of an NXmx file as NAME_master.h5 with data files of two frames each: u32 whose largest value
 * marks masked pixels, as an Eiger has them. Returns the paths of all files, the master first.
 */
export async function writeEiger(source: string, master: string, frames: number): Promise<string[]> {
  const codecs = await codecsHere();
  const dataset = await open(source);
  try {
    const [height = 0, width = 0] = dataset.shape.sig;
    const mask = (await dataset.mask?.()) ?? new Uint8Array(width * height);
    const { wavelengthA, distanceM, pixelSizeM, beamCentrePx } = dataset.meta;
    if (!wavelengthA || !distanceM || !pixelSizeM || !beamCentrePx) throw new Error(`${source} lacks its detector`);
    const names: string[] = [];
    for (let first = 0; first < frames; first += 2) {
      const count = Math.min(2, frames - first);
      const name = master.replace(/_master\.h5$/, `_data_${String(names.length + 1).padStart(6, '0')}.h5`);
      const counts = Uint32Array.from((await dataset.read(first, count)) as Uint16Array);
      for (let i = 0; i < counts.length; i++) if (mask[i % mask.length]) counts[i] = 0xffffffff;
      await writeFile(name, codecs, async (writer) => {
        const series = writer.series({ frames: count, signal: [height, width], dtype: 'u32' });
        await series.write(counts);
        return {
          entry: {
            ...kind('NXentry'),
            children: { data: { ...kind('NXdata'), children: { data: { frames: series } } } },
          },
        };
      });
      names.push(name);
    }
    const links = names.map((name, i) => [
      `data_${String(i + 1).padStart(6, '0')}`,
      { link: { file: basename(name), path: '/entry/data/data' } },
    ]);
    await writeFile(master, codecs, async () => ({
      entry: {
        ...kind('NXentry'),
        children: {
          data: { ...kind('NXdata'), children: Object.fromEntries(links) },
          instrument: {
            ...kind('NXinstrument'),
            children: {
              beam: { ...kind('NXbeam'), children: { incident_wavelength: { value: wavelengthA } } },
              detector: {
                ...kind('NXdetector'),
                children: {
                  description: { value: 'Dectris EIGER 1M' },
                  beam_center_x: { value: beamCentrePx.x },
                  beam_center_y: { value: beamCentrePx.y },
                  detector_distance: { value: distanceM },
                  x_pixel_size: { value: pixelSizeM.x },
                  y_pixel_size: { value: pixelSizeM.y },
                  bit_depth_image: { value: 32 },
                  detectorSpecific: {
                    ...kind('NXcollection'),
                    children: {
                      pixel_mask: { value: Uint32Array.from(mask), shape: [height, width] },
                      countrate_correction_count_cutoff: { value: 199_000 },
                    },
                  },
                },
              },
            },
          },
        },
      },
    }));
    return [master, ...names];
  } finally {
    await dataset.dispose();
    await codecs.dispose();
  }
}
