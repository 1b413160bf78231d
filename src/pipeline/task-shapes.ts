/** What the tasks of a run and their shared value must be, since they come from another process. */

import { dataTypes } from '../bytes/dtype.js';
import { geometryShape } from '../crystal/geometry/geometry-shape.js';
import { checked } from '../options/parameters.js';
import {
  count,
  either,
  finite,
  listOf,
  maybe,
  members,
  number,
  oneOf,
  type Shape,
  text,
  truth,
  typed,
} from '../options/shapes.js';
import { expects } from '../util/arguments.js';
import { knownOptions } from '../util/options.js';
import { checkSearch } from './modes.js';
import { searchSettingRows } from './parameters.js';
import { checkProfile } from './profile/options.js';
import { checkRegions } from './regions/region.js';
import { type SearchSettings, settingNames } from './settings.js';

/** Plain data with every parameter in its range. */
const settingsShape: Shape = (what, settings) => {
  members({ cells: maybe(listOf(members({ cell: listOf(listOf(finite, 3), 3), centring: oneOf([...'PABCIFHR']) }))) })(
    what,
    settings,
  );
  const { peaks, profile, thresholds, ...rest } = settings as SearchSettings;
  knownOptions(what, settings as object, settingNames);
  checked(searchSettingRows, rest, (name) => `${what}.${name}`);
  checkSearch(what, peaks, thresholds);
  checkProfile(`${what}.profile`, profile);
};

const liveFrame = members({
  numbers: (what, value) => expects(ArrayBuffer.isView(value) && !(value instanceof DataView), what, value, 'an array'),
  dtype: oneOf(dataTypes),
  shape: listOf(count(1), 2),
  values: members({}),
  fields: maybe(members({})),
  peaks: maybe(members({ fs: listOf(number), ss: listOf(number), intensity: listOf(number) })),
  meta: members({}),
  mask: maybe(typed([Uint8Array])),
  image: maybe(count()),
  series: maybe(count()),
});

const axis = members({ from: finite, step: finite, count: count(1) });
const lattice = members({ x: axis, y: axis, isExact: truth });
const positions = typed([Float64Array]);

/** A `RunGrid`. */
const gridShape = members({
  count: oneOf(['frames', 'names', 'live']),
  grid: either(({ kind }) =>
    kind === 'raster'
      ? members({ rows: count(1), columns: count(1), first: maybe(count()), repeat: maybe(count(1)) })
      : kind === 'listed'
        ? members({ images: positions, x: positions, y: positions, lattice })
        : members({ kind: oneOf(['fields']), names: listOf(text, 2), lattice: maybe(lattice) }),
  ),
});

const isMap: Shape = (what, value) => expects(value instanceof Map, what, value, 'a Map');

/** A `SearchTask`. */
export const taskShape = members({
  file: text,
  filename: text,
  frames: listOf(count()),
  serials: listOf(count()),
  known: count(),
  seen: maybe(listOf(listOf(count(), 2))),
  spots: maybe(truth),
  live: maybe(listOf(either((frame) => ('error' in frame ? members({ error: text }) : liveFrame)))),
  sent: maybe(
    listOf(
      members({ blob: (what, value) => expects(value instanceof Blob, what, value, 'a Blob'), name: text, path: text }),
    ),
  ),
});

/** A `SharedRun`. */
export const runShape = members({
  geometry: maybe(geometryShape),
  first: text,
  files: maybe(finite),
  dataset: maybe(text),
  thresholdChannel: maybe(text),
  raw: maybe(members({ constants: maybe(text), energy: maybe(finite), dark: maybe(text), gainMap: maybe(text) })),
  allowMissing: maybe(truth),
  checksums: maybe(truth),
  maxFrameBytes: maybe(count()),
  allowOutside: maybe(truth),
  growing: maybe(truth),
  awayS: maybe(finite),
  settings: settingsShape,
  live: maybe(liveFrame),
  keepFrame: maybe(truth),
  copyHeader: maybe(listOf(text)),
  rois: (what, value) => void checkRegions(what, value),
  orientations: maybe((what, value) => members({ frames: isMap, files: isMap, inputs: isMap })(what, value)),
  grid: maybe(gridShape),
  mayDiffer: maybe(truth),
  tables: maybe(
    members({
      bad: maybe(typed([Uint8Array])),
      ofFirst: maybe(typed([Uint32Array])),
      saturation: maybe(typed([Float32Array])),
      reach: members({ minRadius: finite, maxRadius: finite }),
      rings: members({
        bins: typed([Uint16Array]),
        rings: count(0, 65535),
        panels: listOf(members({ name: text, fs: count(), ss: count(), endFs: count(), endSs: count() })),
      }),
    }),
  ),
  brief: maybe(
    members({
      whole: truth,
      contents: maybe(members({})),
      folder: maybe(members({ path: text, token: text })),
    }),
  ),
});
