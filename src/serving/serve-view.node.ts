/** The viewer for files of this computer, as `ewald view` opens it. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expects } from '../base/arguments.js';
import { EwaldError } from '../base/errors.js';
import { fileReason } from '../base/file-errors.js';
import { integer, knownOptions } from '../base/options.js';
import type { RunView } from '../pipeline/sinks/run-view.js';
import { PageServer } from './server.js';
import { framesOfStream, isStream, type NamedFrames } from './stream-frames.js';

/** Options of `serveView`. */
export interface ServeViewOptions {
  /** CrystFEL .geom file of the detector; default: the description in the file of the frames. */
  readonly geometry?: string;
  /** Known cell, a .cell or .pdb file; without one, frames are only searched for peaks. */
  readonly cell?: string;
  /** Port to listen on; default 0, which chooses a free one. */
  readonly port?: number;
  /** Address to listen on; default 127.0.0.1, which only this computer can reach. */
  readonly host?: string;
}

/** A viewer that is being served; as `view` of `ctx.pipeline`, it follows the run. */
export interface ServedView extends RunView {
  /** Address for the browser, with a token that lets its holder read the files. */
  readonly url: string;
  /** Ends the server. */
  close(): Promise<void>;
}

/**
 * Serves the viewer and the files that it shows: frames of any format, read and searched in the browser, or a stream,
 * whose frames are found by the names in it unless they are given. The server
 * answers only requests that know the token in its address, and offers only these files and neighbouring files of the
 * same data set. Without files, the page opens files that are dropped on it.
 *
 * Throws `Argument` for a port or an address that cannot be used, `File` for files that do not exist.
 */
export async function serveView(files: readonly string[], options: ServeViewOptions = {}): Promise<ServedView> {
  knownOptions('serveView', options, ['geometry', 'cell', 'port', 'host']);
  const { geometry, cell, host } = options;
  const texts = Array.isArray(files) && files.every((file) => typeof file === 'string');
  expects(texts, 'serveView: the files', files, 'a list of paths');
  const port = integer('serveView: port', options.port, 0, 0, 65535);
  const beside = [geometry, cell].filter((file) => file !== undefined);
  if (files.length === 0 && beside.length > 0)
    throw new EwaldError('Argument', 'a geometry and a cell belong to frames; name the files of the frames, too');
  const all = [...files, ...beside];
  for (const file of all) await checkFile(file);
  const named = await namedFrames(files);
  const server = await PageServer.listen({
    page: 'view.html',
    files: [...all.map((file) => resolve(file)), ...named.map(({ path }) => path)],
    names: new Map(named.map(({ as, path }) => [path, as])),
    port,
    ...(host === undefined ? {} : { host }),
  });
  return { url: server.url, close: server.close, runSink: (run) => server.live.sink(run) };
}

/** The frames of a stream that is given without them. */
async function namedFrames(files: readonly string[]): Promise<NamedFrames[]> {
  const streams: string[] = [];
  for (const file of files) if (await isStream(file)) streams.push(file);
  const [stream, second] = streams;
  if (second !== undefined)
    throw new EwaldError('Argument', `${stream} and ${second} are two streams; the viewer shows one at a time`);
  return stream !== undefined && files.length === 1 ? framesOfStream(stream) : [];
}

async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new EwaldError('File', `${path}: ${fileReason(cause)}`, { cause, detail: { path } });
  });
  if (!found.isFile())
    throw new EwaldError('File', `${path} is not a file; name the files of frames that are in it`, {
      detail: { path },
    });
}
