/** Merged intensities as mmCIF, for a deposition: written with the items of the PDBx dictionary, and read. */

import type { Centring } from '../../crystal/centring.js';
import { centric, type Indices, representative } from '../../crystal/symmetry/asymmetric-unit.js';
import { pointGroup } from '../../crystal/symmetry/point-group.js';
import { argumentError } from '../../options/parameters.js';
import { counted } from '../../util/amounts.js';
import { decimal } from '../../util/decimal.js';
import { EwaldError } from '../../util/errors.js';
import { BadRows } from '../lists/bad-rows.js';
import { type FreeSet, flagsOf } from '../lists/free-set.js';
import type { ReflectionList } from '../lists/hkl.js';
import type { MatePair } from '../lists/mates.js';
import { mateMean } from '../lists/mates.js';
import { matesApart, withoutValue } from '../lists/mtz-reader.js';
import { decimalsOf, digitsOf, errorOrMissing } from '../lists/sigma-digits.js';
import { readFromAmplitudes, squared } from '../lists/squared.js';
import { type GroupOfFile, groupOfFile } from '../lists/stated-group.js';
import type { PairAmplitudes } from '../reflections/amplitudes.js';
import { type ListedReflection, listFrom } from '../reflections/lists-in-group.js';
import type { MergeStatistics } from '../statistics/statistics.js';
import { type CifBlock, type CifLoop, readCif } from './cif.js';
import { cellItems, cifHead, cifItem } from './cif-head.js';

/** What a file states besides its reflections. */
export interface MmcifContent {
  /** Lengths in angstrom, angles in degrees. */
  readonly parameters: readonly number[];
  readonly wavelengthA: number;
  readonly spaceGroup: { readonly name: string; readonly number: number };
  readonly statistics?: MergeStatistics | undefined;
  /** Whether the reflections are of many crystals, as those of a merge of stills. */
  readonly isSerial?: boolean;
  /** The list as pairs of mates, in the order that is written. */
  readonly pairs: readonly MatePair[];
  /** Whether the list has mates apart. */
  readonly hasMates: boolean;
  /** Amplitudes in the order of the pairs, if there are any. */
  readonly amplitudes?: PairAmplitudes | undefined;
  /** Default: none. */
  readonly free?: FreeSet | undefined;
}

/** A number with so many decimals, `?` if there is none. */
const fixed = (x: number | undefined, digits: number): string =>
  x === undefined || !Number.isFinite(x) ? '?' : x.toFixed(digits);

/** A value and its sigma with so many decimals, or as many as the sigma needs; `?` for what is unknown. */
function measured(
  of: { readonly intensity: number | undefined; readonly sigma: number | undefined } | undefined,
  least: number,
): string[] {
  const [own, error] = [of?.intensity ?? Number.NaN, errorOrMissing(of?.sigma)];
  return [own, error].map((x) => (Number.isFinite(x) ? digitsOf(x, decimalsOf(x, own, error, least)) : '?'));
}

/** One block: cell, space group, statistics by shell, reflections. R values are fractions. */
export function formatMmcif(content: MmcifContent): string {
  const { statistics, pairs, amplitudes, free } = content;
  const id = 'merged';
  const lines = [...cifHead(id, content), ...(statistics ? statisticsLines(statistics, cifItem, id) : [])];
  const columns = ['crystal_id', 'wavelength_id', 'scale_group_code', 'index_h', 'index_k', 'index_l', 'status'];
  if (free) columns.push('pdbx_r_free_flag');
  columns.push('intensity_meas', 'intensity_sigma');
  if (amplitudes) columns.push('F_meas_au', 'F_meas_sigma_au');
  if (content.hasMates) columns.push('pdbx_I_plus', 'pdbx_I_plus_sigma', 'pdbx_I_minus', 'pdbx_I_minus_sigma');
  if (amplitudes?.mates) columns.push('pdbx_F_plus', 'pdbx_F_plus_sigma', 'pdbx_F_minus', 'pdbx_F_minus_sigma');
  lines.push('loop_', ...columns.map((name) => `_refln.${name}`));
  for (const [at, pair] of pairs.entries()) {
    const mean = mateMean(pair);
    const flag = free?.flagOf(pair.indices);
    const status = flag !== undefined && flag === free?.test ? 'f' : 'o';
    const values: string[] = ['1', '1', '1', ...pair.indices.map(String), status];
    if (free) values.push(String(flag ?? '?'));
    values.push(...measured(mean, 3));
    if (amplitudes) values.push(...measured({ intensity: amplitudes.amplitude[at], sigma: amplitudes.sigma[at] }, 4));
    if (content.hasMates)
      for (const mate of [pair.plus, pair.centric ? pair.plus : pair.minus]) values.push(...measured(mate, 3));
    for (const { amplitude, sigma } of amplitudes?.mates ?? [])
      values.push(...measured({ intensity: amplitude[at], sigma: sigma[at] }, 4));
    lines.push(values.join(' '));
  }
  return `${lines.join('\n')}\n`;
}

function statisticsLines(
  { overall, shells, wilson }: MergeStatistics,
  item: (name: string, value: string | number) => string,
  id: string,
): string[] {
  const all: [string, string][] = [
    ['entry_id', id],
    ['pdbx_ordinal', '1'],
    ['pdbx_diffrn_id', '1'],
    ['d_resolution_high', fixed(overall.dMin, 3)],
    ['d_resolution_low', fixed(overall.dMax, 3)],
    ['number_obs', String(overall.unique)],
    ['percent_possible_obs', fixed(100 * overall.completeness, 2)],
    ['pdbx_redundancy', fixed(overall.multiplicity, 2)],
    ['pdbx_netI_over_sigmaI', fixed(overall.snr, 2)],
    ['pdbx_CC_half', fixed(overall.ccHalf, 4)],
    ['pdbx_CC_star', fixed(overall.ccStar, 4)],
    ['pdbx_R_split', fixed(overall.rSplit, 4)],
    ['pdbx_number_measured_all', String(overall.measurements)],
    ['B_iso_Wilson_estimate', fixed(wilson.temperatureFactor, 2)],
  ];
  const names = [
    'pdbx_ordinal',
    'pdbx_diffrn_id',
    'd_res_high',
    'd_res_low',
    'number_unique_obs',
    'number_measured_all',
  ];
  names.push(
    'percent_possible_all',
    'pdbx_redundancy',
    'meanI_over_sigI_obs',
    'pdbx_CC_half',
    'pdbx_CC_star',
    'pdbx_R_split',
  );
  const rows = shells.map((shell, i) =>
    [
      i + 1,
      1,
      fixed(shell.dMin, 3),
      fixed(shell.dMax, 3),
      shell.unique,
      shell.measurements,
      fixed(100 * shell.completeness, 2),
      fixed(shell.multiplicity, 2),
      fixed(shell.snr, 2),
      fixed(shell.ccHalf, 4),
      fixed(shell.ccStar, 4),
      fixed(shell.rSplit, 4),
    ].join(' '),
  );
  return [
    ...all.map(([name, value]) => item(`_reflns.${name}`, value)),
    'loop_',
    ...names.map((name) => `_reflns_shell.${name}`),
    ...rows,
  ];
}

/** Items of intensities, then of amplitudes whose squares stand for them, each with that of its sigma. */
const valueItems = [
  ['intensity_meas', 'intensity_sigma', false],
  ['f_squared_meas', 'f_squared_sigma', false],
  ['f_meas_au', 'f_meas_sigma_au', true],
  ['f_meas', 'f_meas_sigma', true],
] as const;

/** A list of a file, the cell if it states one, and which items were read. */
export interface CifReflections {
  readonly list: ReflectionList;
  readonly parameters: readonly number[] | undefined;
  readonly centring: Centring;
  readonly columns: readonly string[];
  /** Other items of measured intensities and amplitudes. */
  readonly others: readonly string[];
  readonly remarks: readonly string[];
  readonly badRows: number;
}

/** The items that are read: those that are named, else the first of intensities, then of amplitudes. */
function itemsOfMean(
  loop: CifLoop,
  {
    path,
    wanted,
    fail,
  }: { readonly path: string; readonly wanted: string | undefined; readonly fail: (text: string) => never },
): ReadItems {
  const there = loop.names.map((one) => one.replace(/^_refln[._]/, ''));
  const usual = valueItems.filter(([item]) => there.includes(item));
  const made = (item: string, named: string | undefined, isAmplitude: boolean): ReadItems => {
    const sigma = named !== undefined && there.includes(named) ? named : undefined;
    return {
      columns: sigma === undefined ? [item] : [item, sigma],
      pairs: [[item, sigma]],
      isAmplitude,
      others: usual.flatMap(([one]) => (one === item ? [] : [one])),
    };
  };
  if (wanted !== undefined) {
    const [first = '', second, more] = wanted
      .toLowerCase()
      .split(',')
      .map((word) => word.trim());
    if (there.includes(first) && (second === undefined || there.includes(second)) && more === undefined) {
      const row = valueItems.find(([item]) => item === first);
      return made(first, second ?? row?.[1], row?.[2] ?? (first.startsWith('f_') && !first.startsWith('f_squared')));
    }
    throw argumentError(
      'readReflections',
      (name) =>
        `${name('columns')} is "${wanted.slice(0, 60)}"; expected the item of ${path} and that of its sigmas, such as ` +
        `F_squared_meas,F_squared_sigma; it has ${there.join(', ')}`,
    );
  }
  const [row] = usual;
  if (row) return made(row[0], row[1], row[2]);
  return fail(
    `it has no intensities (intensity_meas, F_squared_meas) or amplitudes (F_meas_au) among ${loop.names.join(', ')}`,
  );
}

/** Items of mates: values and sigmas of I(+) and I(−), or amplitudes. */
const mateItems = [
  ['pdbx_i_plus', 'pdbx_i_plus_sigma', 'pdbx_i_minus', 'pdbx_i_minus_sigma', false],
  ['pdbx_f_plus', 'pdbx_f_plus_sigma', 'pdbx_f_minus', 'pdbx_f_minus_sigma', true],
] as const;

/** What is read of a row: values and sigmas of the reflection, or of both mates. */
interface ReadItems {
  readonly columns: readonly string[];
  readonly pairs: readonly (readonly [values: string, sigmas: string | undefined])[];
  readonly isAmplitude: boolean;
  readonly others: readonly string[];
}

/** The items of mates that a loop has values for, if the group has mates and no other items are asked for. */
function itemsOfMates(loop: CifLoop, at: (item: string) => number, wanted: string | undefined): ReadItems | undefined {
  if (wanted !== undefined) return undefined;
  for (const [plus, plusSigma, minus, minusSigma, isAmplitude] of mateItems) {
    if (![plus, minus].every((item) => loop.rows.some((row) => Number.isFinite(numberOf(row[at(item)]))))) continue;
    const others = valueItems.flatMap(([item]) => (at(item) < 0 ? [] : [item]));
    // Amplitudes of mates stand beside intensities of the mean, which are measured.
    if (isAmplitude && others.some((item) => !item.startsWith('f_meas'))) continue;
    return {
      columns: [plus, plusSigma, minus, minusSigma],
      pairs: [
        [plus, plusSigma],
        [minus, minusSigma],
      ],
      isAmplitude,
      others,
    };
  }
  return undefined;
}

/**
 * Reads the merged intensities of an mmCIF or CIF file: `_refln.intensity_meas` or `F_squared_meas`, else the squares of
 * `F_meas_au`; `wanted` names other items. Mates that the file has stay apart. Throws `Format`.
 */
export function readCifReflections(text: string, name = 'the CIF file', wanted?: string): CifReflections {
  const fail = (message: string): never => {
    throw new EwaldError('Format', `${name}: ${message}`, { detail: { path: name } });
  };
  const blocks = readCif(text, name);
  const isList = ({ names }: CifLoop): boolean => names.some((one) => /^_refln[._]index_h$/.test(one));
  const all = blocks.flatMap((block) => block.loops.filter(isList).map((loop) => ({ block, loop })));
  const [first, ...further] = all;
  if (!first) return fail('it has no loop of reflections with index_h, index_k and index_l');
  const read = readLoop(first.block, first.loop, { name, wanted, fail });
  const unread = further.map(({ block }) => block.name);
  return unread.length === 0
    ? read
    : {
        ...read,
        remarks: [
          `The reflections of the block ${first.block.name} are read, not those of ${unread.join(', ')}: put the block that is ` +
            'meant into a file of its own.',
          ...read.remarks,
        ],
      };
}

/** Reads the reflections of one loop. */
function readLoop(
  block: CifBlock,
  loop: CifLoop,
  { name, wanted, fail }: { name: string; wanted: string | undefined; fail: (text: string) => never },
): CifReflections {
  const at = (item: string): number =>
    loop.names.findIndex((one) => one === `_refln.${item}` || one === `_refln_${item}`);
  const places = ['index_h', 'index_k', 'index_l'].map(at);
  if (places.some((place) => place < 0)) fail('its loop of reflections lacks index_h, index_k or index_l');
  const group = groupOfBlock(block, name);
  const own = pointGroup(group.apart);
  const ofMates = group.apart === group.symmetry ? undefined : itemsOfMates(loop, at, wanted);
  const items = ofMates ?? itemsOfMean(loop, { path: name, wanted, fail });
  const columns = items.pairs.map(([values, sigmas]) => [at(values), sigmas === undefined ? -1 : at(sigmas)] as const);
  const wavelengthA = wavelengthOf(block, loop, at('wavelength_id'), fail);
  const status = at('status');
  const left = new Map<string, number>();
  const flags = new Map<string, number>();
  const flagItem = at('pdbx_r_free_flag');
  const hasFlags = flagItem >= 0 || (status >= 0 && loop.rows.some((row) => /^f$/i.test(row[status] ?? '')));
  const found: ListedReflection[] = [];
  const bad = new BadRows();
  let [without, negative, below] = [0, 0, 0];
  for (const row of loop.rows) {
    const indices = places.map((place) => decimal(row[place] ?? '')) as unknown as Indices;
    const wrong = wrongRow(row, indices, columns);
    if (wrong !== undefined) {
      bad.add(wrong);
      continue;
    }
    const code = status < 0 ? 'o' : (row[status] ?? '');
    // x is not measured, and other codes are of absences and of excluded ones. What is below a limit of sigmas (<) is weak, not
    // wrong: without it the mean of what is left would be too large.
    const isLeft = !/^[ofhl<]$/i.test(code);
    const flag = hasFlags ? flagIn(row[flagItem], code) : undefined;
    if (flag !== undefined) flags.set(indices.join(), flag);
    let hasValue = false;
    for (const [n, [column, sigmaColumn]] of columns.entries()) {
      const value = numberOf(row[column]);
      hasValue ||= Number.isFinite(value);
      if (!Number.isFinite(value) || (n > 0 && centric(indices, own))) continue;
      if (isLeft) {
        left.set(code, (left.get(code) ?? 0) + 1);
        continue;
      }
      if (code === '<') below++;
      const error = numberOf(row[sigmaColumn]);
      const sigma = Number.isFinite(error) ? error : 0;
      const [intensity, deviation] = items.isAmplitude ? squared(value, sigma) : [value, sigma];
      if (items.isAmplitude && value < 0) negative++;
      const [h, k, l] = indices;
      found.push({ indices: n > 0 ? [-h, -k, -l] : indices, intensity, sigma: deviation, measurements: 1 });
    }
    if (!hasValue) without++;
  }
  const ofBad = bad.remarks(loop.rows.length, fail);
  if (found.length === 0) fail(`its ${items.columns[0]} has no value`);
  const areApart = ofMates !== undefined || hasMatesIn(found, group);
  const remarks = [
    ...group.remarks,
    ...ofBad,
    ...(below > 0
      ? [`${counted(below, 'reflection')} below the limit of sigmas of the file (status <) are read: weak ones count.`]
      : []),
    ...[...left].map(([code, count]) => `${count} reflections with the status ${code} have values, and are left out.`),
    ...withoutValue(without, loop.rows.length, items.columns[0]),
    ...(items.isAmplitude ? readFromAmplitudes(negative, items.columns[0]) : []),
    ...(areApart ? [matesApart(ofMates ? items.columns : ['rows of both'])] : []),
  ];
  const reflectionList = listFrom(areApart ? group.apart : group.symmetry, found);
  const list = {
    ...reflectionList,
    ...(flags.size > 0 && { free: flagsOf(reflectionList, flags) }),
    spaceGroup: group.spaceGroup,
    wavelengthA,
  };
  return {
    list,
    parameters: parametersOf(block),
    centring: group.centring,
    columns: items.columns,
    others: items.others,
    remarks,
    badRows: bad.count,
  };
}

/** The wavelength of the rows of a loop. Fails for rows of several ones, whose intensities differ. */
function wavelengthOf(
  { items, loops }: CifBlock,
  { rows }: CifLoop,
  column: number,
  fail: (text: string) => never,
): number | undefined {
  const stated = loops.find(({ names }) => names.includes('_diffrn_radiation_wavelength.wavelength'));
  const of = (item: string): number => stated?.names.indexOf(`_diffrn_radiation_wavelength.${item}`) ?? -1;
  const lengths = new Map(stated?.rows.map((row) => [row[of('id')] ?? '', numberOf(row[of('wavelength')])]));
  const ids = column < 0 ? [] : [...new Set(rows.map((row) => row[column] ?? ''))].filter((id) => !/^[?.]?$/.test(id));
  if (ids.length > 1) {
    const shown = ids.map((id) => (lengths.has(id) ? `${id} (${lengths.get(id)} Å)` : id));
    fail(
      `it has reflections of ${ids.length} wavelengths in one block, wavelength_id ${shown.slice(0, 6).join(', ')}, whose ` +
        'intensities are not to be averaged; put the rows of the one that is meant into a file of its own',
    );
  }
  const single = items.get('_diffrn_radiation_wavelength.wavelength') ?? items.get('_diffrn_radiation_wavelength');
  const own = ids[0] === undefined ? [...lengths.values()] : [lengths.get(ids[0]) ?? Number.NaN];
  const length = single === undefined ? (own.length === 1 ? (own[0] as number) : Number.NaN) : numberOf(single);
  return length > 0 ? length : undefined;
}

/** Whether rows are of both mates of some reflections. */
function hasMatesIn(found: readonly ListedReflection[], { apart, symmetry }: GroupOfFile): boolean {
  if (apart === symmetry) return false;
  const [own, laue] = [pointGroup(apart), pointGroup(symmetry)];
  const there = new Map<string, string>();
  return found.some(({ indices }) => {
    const [key, mate] = [representative(indices, laue).join(), representative(indices, own).join()];
    const before = there.get(key) ?? mate;
    there.set(key, before);
    return before !== mate;
  });
}

/** The flag of a row: its number, or where it has none 0 and 1 of the status f and o. */
function flagIn(text: string | undefined, status: string): number | undefined {
  if (text === undefined || text === '?' || text === '.')
    return /^[fo]$/i.test(status) ? Number(/o/i.test(status)) : undefined;
  return Number.isInteger(numberOf(text)) ? numberOf(text) : undefined;
}

/** Why a row is no reflection; undefined if it is one. A word in the place of a number is no missing number. */
function wrongRow(
  row: readonly string[],
  indices: Indices,
  columns: readonly (readonly [values: number, sigmas: number])[],
): string | undefined {
  if (!indices.every(Number.isInteger)) return `"${row.slice(0, 8).join(' ')}" has no whole indices`;
  for (const [column, sigmaColumn] of columns) {
    for (const text of [row[column], row[sigmaColumn]])
      if (text !== undefined && Number.isNaN(numberOf(text)) && !/^([?.]|nan)$/i.test(text))
        return `the reflection ${indices.join(' ')} has "${text.slice(0, 40)}" where a number is expected, or ? for none`;
    if (row[sigmaColumn]?.startsWith('-') && Number.isFinite(numberOf(row[column])) && numberOf(row[sigmaColumn]) < 0)
      return `the reflection ${indices.join(' ')} has the sigma ${row[sigmaColumn]}; expected 0 or more`;
  }
  return undefined;
}

/** `12.3(4)` is 12.3. */
const numberOf = (text: string | undefined): number => {
  const own = decimal(text ?? '');
  return Number.isNaN(own) && text?.endsWith(')') ? decimal(text.replace(/\(\d+\)$/, '')) : own;
};

function parametersOf({ items }: CifBlock): readonly number[] | undefined {
  const own = cellItems.map((item) => numberOf(items.get(`_cell.${item}`) ?? items.get(`_cell_${item}`)));
  return own.every((x) => x > 0) ? own : undefined;
}

const nameItems = [
  '_symmetry.space_group_name_h-m',
  '_space_group.name_h-m_alt',
  '_symmetry_space_group_name_h-m',
  '_space_group_name_h-m_alt',
];
const numberItems = [
  '_symmetry.int_tables_number',
  '_space_group.it_number',
  '_space_group_it_number',
  '_symmetry_int_tables_number',
];
const operatorItems = [
  '_space_group_symop.operation_xyz',
  '_space_group_symop_operation_xyz',
  '_symmetry_equiv.pos_as_xyz',
  '_symmetry_equiv_pos_as_xyz',
];

/** The space group that a block states: its operators before its name, and its name before its number. */
function groupOfBlock(block: CifBlock, path: string): GroupOfFile {
  const said = (names: readonly string[]): string | undefined =>
    names.map((item) => block.items.get(item)).find((text) => text !== undefined && text !== '?' && text !== '.');
  const operators = block.loops.flatMap(({ names, rows }) => {
    const at = names.findIndex((one) => operatorItems.includes(one));
    return at < 0 ? [] : rows.map((row) => row[at] ?? '');
  });
  const single = said(operatorItems);
  const number = Number(said(numberItems) ?? Number.NaN);
  const name = said(nameItems);
  if (name === undefined && !(number > 0) && operators.length === 0 && single === undefined)
    throw new EwaldError(
      'Format',
      `${path}: it states no space group (_symmetry.space_group_name_H-M); give the point group`,
      { detail: { path } },
    );
  return groupOfFile(path, {
    operators: single === undefined ? operators : [single],
    name,
    number: number > 0 ? number : undefined,
    parameters: parametersOf(block),
  });
}
