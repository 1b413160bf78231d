/** The viewer for files of this computer, as `ewald view` opens it. */
import { stat } from 'node:fs/promises';
import { expects } from '../base/arguments.js';
import { EwaldError } from '../base/errors.js';
import { fileReason } from '../base/file-errors.js';
import { integer, knownOptions } from '../base/options.js';
import { PageServer } from './server.js';

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

/** A viewer that is being served. */
export interface ServedView {
  /** Address for the browser, with a token that lets its holder read the files. */
  readonly url: string;
  /** Ends the server. */
  close(): Promise<void>;
}

/**
 * Serves the viewer and the files that it shows: frames of any format, read and searched in the browser. The server
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
  return PageServer.listen({ page: 'view.html', files: all, port, ...(host === undefined ? {} : { host }) });
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
