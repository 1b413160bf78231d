/**
 * `ewald/view`: the viewer for files of this computer. Node alone; the page itself is dist/view.html.
 *
 *     import { serveView } from 'ewald/view';
 *     const { url, close } = await serveView(['run.h5'], { geometry: 'det.geom', cell: 'lyso.cell' });    // ewald view
 *     await serveView(['/data/run7'], { follow: true, geometry: 'det.geom' });    // ewald view /data/run7 --follow
 *
 * @module
 */
export { type ServedView, type ServeViewOptions, serveView } from '../server/serve-view.node.js';
