/**
 * ewald/data on Node: the names of the browser build, and paths.
 *
 *     import { open } from 'ewald/data';
 *     const scan = await open('scan.mib');
 *
 * @module
 */
import { stat } from 'node:fs/promises';
import { type Inspect, inspector } from '../frames/inspect.js';
import { formatsOf, open } from '../frames/opening.node.js';
import { seriesNames } from '../frames/series-files.js';

/** See {@link Inspect}. */
export const inspect: Inspect = /* @__PURE__ */ inspector({
  open,
  formatsOf,
  series: async (name) => (/^[A-Za-z]+:\/\//.test(name) ? undefined : (await seriesNames(name))?.files),
  size: (file) =>
    stat(file).then(
      ({ size }) => size,
      () => undefined,
    ),
});

export * from '../frames/opening.node.js';
export * from '../frames/public.js';
