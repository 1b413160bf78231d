/** Where the frames of a file of hits were recorded, loaded for the files that may say so. */
import { recordedNames } from '../../entries/pages.js';
import type { OpenDataset } from './open-dataset.js';

/** In words, a text for each frame; undefined for other files. */
export async function recordedPlaces(dataset: OpenDataset): Promise<readonly string[] | undefined> {
  return (await recordedNames(dataset))?.map((name) => `recorded as ${name}`);
}
