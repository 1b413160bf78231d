/** What a geometry from another process must be. */

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
} from '../../options/shapes.js';
import { EwaldError } from '../../util/errors.js';

const given = either((value) =>
  'path' in value ? members({ path: text, unit: text, isUnitAssumed: maybe(truth) }) : members({ value: finite }),
);
const pixels = { minFs: finite, maxFs: finite, minSs: finite, maxSs: finite };
const vector = listOf(finite, 3);
const bits = count(0, 0xffffffff);

const panel = members({
  ...pixels,
  name: text,
  corner: listOf(finite, 2),
  fs: vector,
  ss: vector,
  resolution: finite,
  offsetM: finite,
  data: maybe(text),
  dimensions: listOf((what, value) => (typeof value === 'number' ? count() : oneOf(['fs', 'ss', '%']))(what, value)),
  unitsPerPhoton: maybe(number),
  unitsPerEv: maybe(number),
  maximum: number,
  saturationMap: maybe(text),
  saturationMapFile: maybe(text),
  ignored: truth,
  badEdge: count(),
  badValues: listOf(members({ when: oneOf(['less', 'more', 'equal']), value: number })),
  masks: listOf(members({ index: count(0, 7), path: text, file: maybe(text), goodBits: bits, badBits: bits })),
  firstRow: maybe(count()),
});

const badRegion = either((value) =>
  'minFs' in value
    ? members({ ...pixels, name: text, panel: maybe(text) })
    : members({ name: text, minX: finite, maxX: finite, minY: finite, maxY: finite }),
);

const shape = members({
  radiation: maybe(members({ kind: oneOf(['wavelength', 'photonEnergy', 'electronVoltage']), given })),
  bandwidth: maybe(finite),
  distance: maybe(given),
  shift: listOf(given, 2),
  panels: listOf(panel),
  badRegions: listOf(badRegion),
  peakList: maybe(members({ path: text, type: text })),
  warnings: listOf(text),
});

const groupsShape: Shape = (what, groups) => {
  if (!(groups instanceof Map)) throw new EwaldError('Argument', `${what} is not a map of groups by name`);
  for (const [name, list] of groups) {
    text(what, name);
    listOf(text)(`${what}.${name}`, list);
  }
};

/** A geometry whose groups name their members. */
export const geometryShape: Shape = (what, value) => {
  shape(what, value);
  const { groups, rigidGroups } = value as { groups: unknown; rigidGroups?: unknown };
  groupsShape(`${what}.groups`, groups);
  if (rigidGroups !== undefined) groupsShape(`${what}.rigidGroups`, rigidGroups);
};
