/** Refuses files that the viewer cannot show, in words and before its page is opened. */
import { EwaldError } from '../../base/errors.js';
import { givenCells, givenGeometry } from '../../serial/pipeline/inputs/given.js';
import { inputKindIn } from '../../serial/pipeline/inputs/inputs.js';
import { runPlace } from '../../serial/pipeline/inputs/place.node.js';

const endsWith = (file: string, ...endings: string[]): boolean =>
  endings.some((ending) => file.toLowerCase().endsWith(ending));

/**
 * Reads a geometry and a cell, and looks at the beginning of every other file, which the page reads. `files` are sorted
 * by their endings, as the page sorts files that are dropped on it. Throws `Format` for what is not what it should be.
 */
export async function checkShown(
  files: readonly string[],
  geometry: string | undefined,
  cell: string | undefined,
  warn: (text: string) => void,
): Promise<void> {
  const named = files.filter((file) => endsWith(file, '.geom'));
  for (const file of geometry === undefined ? named : [geometry, ...named]) {
    const given = await givenGeometry(file, runPlace);
    for (const warning of given?.geometry.warnings ?? []) warn(`${given?.name}: ${warning}`);
  }
  const cells = files.filter((file) => endsWith(file, '.cell', '.pdb'));
  await givenCells(cell === undefined ? cells : [cell, ...cells], runPlace);
  for (const file of files) {
    if (named.includes(file) || cells.includes(file) || endsWith(file, '.stream')) continue;
    const kind = await inputKindIn(runPlace, file);
    if (kind === 'frames' || kind === 'stream') continue;
    throw new EwaldError(
      'Format',
      `${file} holds no frames in a format that is recognised; expected detector frames, a stream, a .geom or a .cell` +
        ' file. Numbers without a header become frames by ewald convert --dtype … --sig-shape …',
      { detail: { path: file } },
    );
  }
}
