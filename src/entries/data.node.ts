/**
 * ewald/data on Node: the names of the browser build, and paths.
 *
 *     import { open } from 'ewald/data';
 *     const scan = await open('scan.mib');
 *
 * @module
 */
import { stat } from 'node:fs/promises';
import { type Inspect, inspector } from '../io/data/inspect.js';
import { formatsOf, open } from '../io/data/opening.node.js';
import { seriesNames } from '../io/data/series-files.js';

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

export * from '../io/data/opening.node.js';
export * from '../io/data/public.js';
