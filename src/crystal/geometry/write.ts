/** Writes a geometry as a CrystFEL .geom file. */

import { EwaldError } from '../../util/errors.js';
import { oneLine, oneWord } from '../../util/plain-text.js';
import type { Vector } from '../cell.js';
import type { BadRegion, Geometry, Given, Panel, RadiationKind } from './geometry.js';
import { expectsGeometry } from './pixels.js';

const names: Readonly<Record<RadiationKind, readonly [key: string, unit: string]>> = {
  wavelength: ['wavelength', 'A'],
  photonEnergy: ['photon_energy', 'eV'],
  electronVoltage: ['electron_voltage', 'V'],
};

/** A key ends at a slash or "=", and a semicolon starts a comment. */
const checkedName = (name: string, what: string): string => oneWord(name, what, '=;');

/** Free text after "=", which readers trim and cut at a semicolon. */
function checkedText(text: string, what: string): string {
  if (oneLine(text, what).includes(';') || text !== text.trim() || text === '')
    throw new EwaldError(
      'Argument',
      `${what} is ${JSON.stringify(text.slice(0, 80))}; a geometry file cannot hold it: readers cut it at ";" ` +
        'and trim it',
      { detail: { what, text } },
    );
  return text;
}

/** A path in place of a number; it must not itself read as a number. */
function pathOf(path: string): string {
  const word = oneWord(path, 'the path of a value', ';');
  if (Number.isNaN(Number(word)) && !/^[+-]?(nan|inf(inity)?)$/i.test(word)) return word;
  throw new EwaldError('Argument', `the path of a value is ${JSON.stringify(word)}, which reads as a number`);
}

const given = (value: Given, unit: string): string =>
  'value' in value
    ? `${value.value} ${unit}`
    : `${pathOf(value.path)}${value.isUnitAssumed ? '' : ` ${checkedName(value.unit, 'the unit of a value')}`}`;

function vector(v: Vector): string {
  const signed = (x: number): string => `${x < 0 || Object.is(x, -0) ? '-' : '+'}${Math.abs(x)}`;
  return `${signed(v[0])}x ${signed(v[1])}y ${signed(v[2])}z`;
}

function linesOfPanel(panel: Panel): string[] {
  const name = checkedName(panel.name, 'the name of a panel');
  const path = (value: string): string => checkedText(value, `a path or file of the panel ${name}`);
  const lines: (readonly [string, unknown] | undefined)[] = [
    ['min_fs', panel.minFs],
    ['max_fs', panel.maxFs],
    ['min_ss', panel.minSs],
    ['max_ss', panel.maxSs],
    ['corner_x', panel.corner[0]],
    ['corner_y', panel.corner[1]],
    ['fs', vector(panel.fs)],
    ['ss', vector(panel.ss)],
    ['res', panel.resolution],
    panel.offsetM === 0 ? undefined : ['coffset', panel.offsetM],
    panel.data === undefined ? undefined : ['data', path(panel.data)],
    ...panel.dimensions.map((meaning, i) => [`dim${i}`, meaning] as const),
    panel.unitsPerPhoton === undefined ? undefined : ['adu_per_photon', panel.unitsPerPhoton],
    panel.unitsPerEv === undefined ? undefined : ['adu_per_eV', panel.unitsPerEv],
    Number.isFinite(panel.maximum) ? ['max_adu', panel.maximum] : undefined,
    panel.saturationMap === undefined ? undefined : ['saturation_map', path(panel.saturationMap)],
    panel.saturationMapFile === undefined ? undefined : ['saturation_map_file', path(panel.saturationMapFile)],
    panel.ignored ? ['no_index', 1] : undefined,
    panel.badEdge === 0 ? undefined : ['mask_edge_pixels', panel.badEdge],
    ...panel.badValues.map(({ when, value }) => [`flag_${when === 'equal' ? when : `${when}than`}`, value] as const),
    ...panel.masks.flatMap(({ index, path: of, file, goodBits, badBits }) => [
      [`mask${index}_data`, path(of)] as const,
      ...(file === undefined ? [] : [[`mask${index}_file`, path(file)] as const]),
      [`mask${index}_goodbits`, `0x${goodBits.toString(16)}`] as const,
      [`mask${index}_badbits`, `0x${badBits.toString(16)}`] as const,
    ]),
  ];
  return lines.flatMap((line) => (line ? [`${name}/${line[0]} = ${line[1]}`] : []));
}

function linesOfRegion(region: BadRegion): string[] {
  const name = checkedName(region.name, 'the name of a bad region');
  if ('minX' in region)
    return [
      `${name}/min_x = ${region.minX}`,
      `${name}/max_x = ${region.maxX}`,
      `${name}/min_y = ${region.minY}`,
      `${name}/max_y = ${region.maxY}`,
    ];
  return [
    `${name}/min_fs = ${region.minFs}`,
    `${name}/max_fs = ${region.maxFs}`,
    `${name}/min_ss = ${region.minSs}`,
    `${name}/max_ss = ${region.maxSs}`,
    ...(region.panel === undefined
      ? []
      : [`${name}/panel = ${checkedText(region.panel, 'the panel of a bad region')}`]),
  ];
}

const linesOfGroups = (prefix: string, groups: Geometry['rigidGroups'] = new Map()): string[] =>
  [...groups].map(
    ([name, members]) =>
      `${prefix}${oneWord(name, 'the name of a group', '=;/')} ` +
      `= ${members.map((member) => oneWord(member, 'a member of a group', ';,')).join(',')}`,
  );

/**
 * Formats a geometry as a .geom file; `parseGeometry` returns the same geometry. Throws `Argument` for names and paths
 * that the format cannot hold (line breaks, semicolons).
 */
export function formatGeometry(geometry: Geometry): string {
  expectsGeometry('formatGeometry: the geometry', geometry);
  const { radiation, distance, shift, bandwidth, peakList } = geometry;
  const shifts = shift.flatMap((one, i) =>
    'value' in one && one.value === 0 ? [] : [`detector_shift_${'xy'[i]} = ${given(one, 'm')}`],
  );
  const top = [
    ...(radiation ? [`${names[radiation.kind][0]} = ${given(radiation.given, names[radiation.kind][1])}`] : []),
    ...(bandwidth === undefined ? [] : [`bandwidth = ${bandwidth}`]),
    ...(distance ? [`clen = ${given(distance, 'm')}`] : []),
    ...shifts,
    ...(peakList
      ? [`peak_list = ${checkedText(peakList.path, 'peak_list')}`, `peak_list_type = ${peakList.type}`]
      : []),
    ...linesOfGroups('group_', geometry.groups),
    ...linesOfGroups('rigid_group_', geometry.rigidGroups),
  ];
  const parts = [top, ...geometry.panels.map(linesOfPanel), ...geometry.badRegions.map(linesOfRegion)];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
