/** `simulateSpotLists`: spot lists with known truth as a folder of files. */

import { join } from 'node:path';
import { flat } from '../crystal/cell.js';
import { isCentred } from '../crystal/centring.js';
import { writeWhole } from '../frames/files/write.js';
import { formatSpotList } from '../frames/spot-list.js';
import { checkedOptions, row } from '../options/call-options.js';
import { progressOf } from '../util/callbacks.js';
import { isEwaldError } from '../util/errors.js';
import type { SimulationWriting } from './describe.js';
import { beginFolder } from './list-folder.node.js';
import { simulationWritingRows, spotSimulationRows } from './parameters.js';
import { type SpotSimulation, simulateSpotImages } from './spots.js';

const rows = { ...simulationWritingRows, ...row.others('inputs', 'onProgress'), signal: row.signal } as const;

/** The files of simulated lists. */
export interface SimulatedLists {
  readonly lists: readonly string[];
  readonly truth: string;
}

/**
 * Writes the spot lists of simulated stills into a folder: spots-001.txt and so on, x y z in 1/angstrom with the cell
 * in the first line, and truth.json with the orientations and the owner of each spot.
 *
 * Lists of an earlier simulation are refused, or with `force` replaced when the new ones are complete. When `signal`
 * fires, the lists that are finished stay with their truth, except where they would replace a complete simulation:
 * then `Aborted` is thrown. Throws `Argument`, `File`.
 */
export async function simulateSpotLists(
  folder: string,
  simulation: SpotSimulation,
  writing: SimulationWriting = {},
): Promise<SimulatedLists> {
  const { force, inputs = [], signal } = checkedOptions('simulateSpotLists', writing, rows);
  const report = progressOf('simulateSpotLists', writing);
  const {
    images = 1,
    seed = 0,
    spurious = 0,
    noisePx = spotSimulationRows.noisePx.range.fallback,
    cell,
    centring = 'P',
  } = simulation;
  const files = await beginFolder(folder, inputs, force);
  const { lock, path } = files;
  const lists: { file: string; lattices: number[][]; owner: number[] }[] = [];
  const digits = Math.max(3, String(images).length);
  try {
    for await (const image of simulateSpotImages(simulation, signal)) {
      const number = lists.length + 1;
      const file = `spots-${String(number).padStart(digits, '0')}.txt`;
      const comment = `simulated: seed ${seed}, image ${number}, ${image.spots.length / 3} spots, ${image.lattices.length} crystal(s), ${spurious} spurious, noise ${noisePx} px`;
      // A line of the list cannot state a centring: without it the cell would be read as a primitive one.
      const known = isCentred(centring) ? undefined : cell;
      const about = known
        ? 'line 1: known cell a b c in angstrom; then x y z in 1/angstrom'
        : `cell of centring ${centring}: give it with -p; x y z in 1/angstrom`;
      await writeWhole(join(path, file), formatSpotList(known, image.spots, [comment, about]), { lock });
      lists.push({ file, lattices: image.lattices.map(flat), owner: [...image.owner] });
      report(number, images);
    }
  } catch (error) {
    if ((!isEwaldError(error, 'Aborted') && error !== report.failure) || files.replaces) {
      await files.discard();
      throw error;
    }
  }
  try {
    const truth = { format: 'ewald spot truth 1', options: simulation, lists };
    await writeWhole(join(path, 'truth.json'), `${JSON.stringify(truth)}\n`, { lock });
    await files.close();
  } catch (error) {
    await files.discard();
    throw error;
  }
  if (report.failure) throw report.failure;
  return { lists: lists.map(({ file }) => join(folder, file)), truth: join(folder, 'truth.json') };
}
