/** Maps of chips from streams: what their frames found in each well. */

import { readRawStream } from '../../crystal/stream/raw.js';
import { shellWords } from '../../options/shell-words.js';
import { EwaldError } from '../../util/errors.js';
import { type ChipMap, ChipMaps } from '../chip/chip-map.js';
import { parseGrid } from '../chip/grid.js';
import type { FileInput, RunPlace } from '../inputs/place.js';
import { nameOfInput } from '../inputs/place-inputs.js';
import { addChunk } from './mapped-frame.js';

/** The rows and columns of the run that wrote a stream; undefined for one that was given positions. */
function sizeOf(head: string): { readonly rows: number; readonly columns: number } | undefined {
  const words = shellWords(head.split('\n')[2] ?? '');
  const at = words.findIndex((word) => word === '--grid' || word.startsWith('--grid='));
  const text = at < 0 ? undefined : words[at]?.slice('--grid='.length) || words[at + 1];
  return text === undefined ? undefined : parseGrid(text);
}

/** The chips of streams, such as the shards of a run. Throws `Format` for streams without wells, `File`. */
export async function streamMapsIn(place: RunPlace, streams: readonly FileInput[]): Promise<ChipMap[]> {
  let maps: ChipMaps | undefined;
  let frames = 0;
  for (const input of streams) {
    const name = nameOfInput(input, 'the stream');
    const stream = await readRawStream(place.linesOf(input), name);
    maps ??= new ChipMaps(sizeOf(stream.head));
    for await (const chunk of stream.chunks()) if (addChunk(maps, undefined, chunk)) frames++;
  }
  if (!maps || frames === 0)
    throw new EwaldError(
      'Format',
      `${streams.map((stream) => nameOfInput(stream, 'the stream')).join(', ')}: no frame has a well; ewald index writes ` +
        'them with --grid, --grid-file or --grid-fields',
    );
  return maps.maps;
}
