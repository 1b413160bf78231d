/**
 * `ewald/view`: the viewer for files of this computer. Node alone; the page itself is dist/view.html.
 *
 *     import { serveView } from 'ewald/view';
 *     const { url, close } = await serveView(['run.h5'], { geometry: 'det.geom', cell: 'lyso.cell' });    // ewald view
 *     await serveView(['/data/run7'], { follow: true, geometry: 'det.geom' });    // ewald view /data/run7 --follow
 *
 *     await saveView(['run.h5'], 'run.html', { geometry: 'det.geom' });    // ewald view run.h5 -g det.geom --save run.html
 *
 * @module
 */
import { bindSaveView } from '../server/save-view.node.js';
import { bindServeView, type ServeView } from '../server/serve-view.node.js';

/**
 * Writes what the viewer shows of files as one .html file that opens without a server and asks for no address: of a scan
 * the virtual image of all pixels, the sum of the patterns and the centres of mass; of frames the first 12, or those of
 * `first` and `frames`, with their peaks, and with a `cell` the reflections of their crystals. The numbers themselves are
 * in it. Returns in words what the page lacks of them.
 *
 * Throws `Argument` for a name that does not end in .html, a file that exists, and streams and folders; otherwise as
 * `serveView`.
 */
export const saveView: ReturnType<typeof bindSaveView> = /* @__PURE__ */ bindSaveView({
  createContext: async () => (await import('./index.node.js')).createContext(),
  udfContext: async () => (await import('./udf.node.js')).Context.makeWith('inline'),
});

/**
 * Serves the viewer and the frames that it shows, which are read and searched in the browser:
 *
 * - files of frames of any format, or a stream, whose frames are found by the names in it unless they are given;
 * - a folder: its runs and scans as a list, each with a small picture; with `follow` or a grid, the newest frame of its
 *   files, and of new ones;
 * - frames received from a detector or its monitor: `zmqSource` of `ewald/pipeline`, alone.
 *
 * The server answers only requests that know the token in its address, and offers only these files and neighbouring
 * files of the same data set. Without files, the page opens files that are dropped on it.
 *
 * Throws `Argument` for a port or an address that cannot be used, `File` for files that do not exist, and `Format` for
 * files that hold no frames, and for a geometry or a cell that cannot be read.
 */
export const serveView: ServeView = /* @__PURE__ */ bindServeView(async () =>
  (await import('./udf.node.js')).Context.makeWith('inline'),
);

export type { SaveViewOptions } from '../server/save-view.node.js';
export type { ServedView, ServeViewOptions } from '../server/serve-view.node.js';
