/** Maps of chips from streams: what their frames found in each well. */
import { EwaldError } from '../../../base/errors.js';
import { shellWords } from '../../../base/shell-words.js';
import { readRawStream } from '../../../crystal/stream/raw.js';
import { type ChipMap, ChipMaps } from '../../../io/chip/chip-map.js';
import { parseGrid } from '../../../io/chip/grid.js';
import type { Output } from '../../../io/files/write.js';
import type { FileInput, RunPlace } from '../inputs/place.js';
import { nameOfInput } from '../inputs/place-inputs.js';
import { fileOfChip, mapWriting, parseMapFile } from './map-files.js';
import { mapBytes } from './map-sink.js';
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
      `${streams.map((one) => nameOfInput(one, 'the stream')).join(', ')}: no frame has a well; ewald index writes ` +
        'them with --grid, --grid-file or --grid-fields',
    );
  return maps.maps;
}

/** Writes maps of the chips of streams; returns the names of the files. Throws as `streamMapsIn`, and `Argument`. */
export async function writeStreamMapsIn(
  place: RunPlace,
  streams: readonly FileInput[],
  { output, force = false }: { readonly output: readonly string[]; readonly force?: boolean | undefined },
): Promise<string[]> {
  const files = output.map(parseMapFile);
  const reads = { inputs: streams.filter((one) => typeof one === 'string') };
  await place.refuseSame(files.map(({ file }) => file));
  for (const map of files) await place.checkOutput(map.file, { force, ...reads, ...mapWriting(map) });
  const maps = await streamMapsIn(place, streams);
  // Everything is drawn before the first file is opened: a quantity that no frame has leaves none.
  const drawn: { readonly name: string; readonly bytes: Uint8Array; readonly writing: object }[] = [];
  for (const map of files)
    for (const [i, chip] of maps.entries())
      drawn.push({ name: fileOfChip(map.file, i), bytes: await mapBytes(chip, map), writing: mapWriting(map) });
  const outputs: Output[] = [];
  try {
    for (const { name, bytes, writing } of drawn) {
      const opened = await place.openOutput(name, { force, ...reads, ...writing });
      outputs.push(opened);
      await opened.write(bytes);
    }
    for (const opened of outputs) await opened.close();
  } catch (error) {
    for (const opened of outputs) await opened.discard();
    throw error;
  }
  return drawn.map(({ name }) => name);
}
