/** `ewald stream map`: maps of the chips of streams as files. */
import type { Output } from '../../frames/files/write.js';
import { runPlace as place } from '../inputs/place.node.js';
import { fileOfChip, mapWriting, parseMapFile } from './map-files.js';
import { mapBytes } from './map-sink.js';
import { streamMapsIn } from './stream-maps.js';

/** Writes maps of the chips of streams; returns the files, and what is in doubt. Throws as `streamMapsIn`, and `Argument`. */
export async function writeStreamMaps(
  streams: readonly string[],
  { output, force = false }: { readonly output: readonly string[]; readonly force?: boolean | undefined },
): Promise<{ readonly files: string[]; readonly doubts: string[] }> {
  const files = output.map(parseMapFile);
  const reads = { inputs: streams };
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
  return { files: drawn.map(({ name }) => name), doubts: maps.flatMap(({ doubt }) => doubt ?? []) };
}
