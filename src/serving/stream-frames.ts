/** Finds the files of frames that a stream names. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { EwaldError } from '../base/errors.js';
import { marks } from '../crystal/stream/stream.js';
import { linesOf } from '../files/lines.js';

/** A file of frames, and the name by which a stream refers to it. */
export interface NamedFrames {
  readonly path: string;
  readonly as: string;
}

const prefix = 'Image filename: ';

/** Whether a file is a stream, by its first line. */
export async function isStream(path: string): Promise<boolean> {
  for await (const line of linesOf(path)) return line.startsWith(marks.format);
  return false;
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/**
 * Finds the files of frames that a stream names: under the name itself, from this folder or from the stream's, or under
 * its last part next to the stream. Throws `File` for the first one that is not found.
 */
export async function framesOfStream(stream: string): Promise<NamedFrames[]> {
  const found = new Map<string, string>();
  for await (const line of linesOf(stream)) {
    if (!line.startsWith(prefix)) continue;
    const as = line.slice(prefix.length).trim();
    if (found.has(as)) continue;
    const folder = dirname(stream);
    const places = [resolve(as), resolve(folder, as), join(folder, basename(as))];
    const path = await firstFile(places);
    if (path === undefined)
      throw new EwaldError(
        'File',
        `${stream} names the frames ${as}, which are neither there nor next to it; name their file, too: ` +
          `ewald view ${stream} ${basename(as)}`,
        { detail: { path: as } },
      );
    found.set(as, path);
  }
  return [...found].map(([as, path]) => ({ as, path }));
}

async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isFile(path)) return path;
  return undefined;
}
