/** XDS_ASCII files: a head of `!KEY=value` lines that names the columns, then rows of numbers. */

import type { Centring } from '../../crystal/centring.js';
import { pointGroup } from '../../crystal/symmetry/point-group.js';
import { decimal } from '../../util/decimal.js';
import { EwaldError } from '../../util/errors.js';
import { BadRows, failingAt } from '../lists/bad-rows.js';
import type { ReflectionList } from '../lists/hkl.js';
import { isError } from '../lists/sigma-digits.js';
import { groupOfFile } from '../lists/stated-group.js';
import { inGroup, type ListedReflection, listFrom, meanOf } from '../reflections/lists-in-group.js';
import { indicesOf } from '../statistics/statistics.js';

/** What a file states besides its reflections. */
export interface XdsContent {
  readonly parameters: readonly number[];
  readonly wavelengthA: number;
  /** Number of International Tables A. */
  readonly spaceGroupNumber: number;
  /** Whether mates were averaged. */
  readonly friedel: boolean;
}

/** A merged list as XDS_ASCII; reflections without a known error are left out, since a sigma that is not positive marks a misfit. */
export function formatXdsAscii(list: ReflectionList, content: XdsContent): string {
  const real = (x: number, width: number, digits: number): string => x.toFixed(digits).padStart(width);
  const head = [
    `!FORMAT=XDS_ASCII    MERGE=TRUE    FRIEDEL'S_LAW=${content.friedel ? 'TRUE' : 'FALSE'}`,
    `!SPACE_GROUP_NUMBER=${String(content.spaceGroupNumber).padStart(5)}`,
    `!UNIT_CELL_CONSTANTS=${content.parameters.map((x) => real(x, 10, 3)).join('')}`,
    ...(content.wavelengthA > 0 ? [`!X-RAY_WAVELENGTH=${real(content.wavelengthA, 10, 6)}`] : []),
    '!NUMBER_OF_ITEMS_IN_EACH_DATA_RECORD=5',
    ...['H', 'K', 'L', 'IOBS', 'SIGMA(IOBS)'].map((name, i) => `!ITEM_${name}=${i + 1}`),
    '!END_OF_HEADER',
  ];
  const rows: string[] = [];
  for (let i = 0; i < list.count; i++) {
    const sigma = list.sigma[i] as number;
    if (!isError(sigma)) continue;
    // A blank before each, since three indices of five digits and a sign would be one word.
    const indices = indicesOf(list, i).map((x) => ` ${String(x).padStart(5)}`);
    const power = (x: number): string =>
      x
        .toExponential(3)
        .toUpperCase()
        .replace(/E([+-])(\d)$/, 'E$10$2')
        .padStart(11);
    rows.push(`${indices.join('')} ${power(list.intensity[i] as number)} ${power(sigma)}`);
  }
  return [...head, ...rows, '!END_OF_DATA', ''].join('\n');
}

/** A list of a file, and the cell that it states. */
export interface XdsReflections {
  readonly list: ReflectionList;
  readonly parameters: readonly number[] | undefined;
  readonly centring: Centring;
  /** What was left out or averaged. */
  readonly remarks: readonly string[];
  readonly badRows: number;
}

/** Reads XDS_ASCII, merged or not; observations of the same indices are averaged. Throws `Format` with the line. */
export function readXdsAscii(text: string, name = 'the XDS_ASCII file'): XdsReflections {
  const lines = text.split(/\r\n|\n|\r/);
  const fail = (at: number, message: string): never => {
    throw new EwaldError('Format', `${name}:${at + 1}: ${message}`, { detail: { path: name } });
  };
  const items = new Map<string, number>();
  const said = new Map<string, string>();
  const found = new Map<string, ListedReflection[]>();
  const bad = new BadRows();
  let [rows, misfits] = [0, 0];
  let isEnded = false;
  for (const [at, line] of lines.entries()) {
    if (line.startsWith('!END_OF_DATA')) {
      isEnded = true;
      break;
    }
    if (line.startsWith('!')) {
      const item = /^!ITEM_([^=]+)=\s*(\d+)/.exec(line);
      if (item) items.set(item[1] as string, Number(item[2]) - 1);
      else
        for (const [, key = '', value = ''] of line.matchAll(/!?([A-Z_'-]+)=\s*([^=]*?)(?=\s+[A-Z_'-]+=|$)/g))
          said.set(key, value.trim());
      continue;
    }
    if (line.trim() === '') continue;
    const values = line.trim().split(/\s+/).map(decimal);
    const of = (item: string): number => values[items.get(item) ?? -1] ?? Number.NaN;
    const indices = [of('H'), of('K'), of('L')] as [number, number, number];
    const [intensity, sigma] = [of('IOBS'), of('SIGMA(IOBS)')];
    rows++;
    if (!indices.every(Number.isInteger) || !Number.isFinite(intensity) || !Number.isFinite(sigma)) {
      bad.add(`${at + 1}: "${line.slice(0, 60)}" is not a reflection of the items ${[...items.keys()].join(', ')}`);
      continue;
    }
    if (sigma < 0) {
      misfits++;
      continue;
    }
    const one = { indices, intensity, sigma, measurements: 1 };
    const there = found.get(indices.join());
    if (there) there.push(one);
    else found.set(indices.join(), [one]);
  }
  if (!isEnded) fail(lines.length - 1, 'the file has no "!END_OF_DATA"; it is incomplete');
  const ofBad = bad.remarks(rows, failingAt(name));
  if (found.size === 0) fail(0, 'it holds no reflection');
  const number = Number(said.get('SPACE_GROUP_NUMBER'));
  if (!(number >= 1 && number <= 230))
    fail(0, `its SPACE_GROUP_NUMBER is "${said.get('SPACE_GROUP_NUMBER') ?? ''}"; expected 1 … 230`);
  const parameters = (said.get('UNIT_CELL_CONSTANTS') ?? '').split(/\s+/).map(Number);
  const isWhole = parameters.length === 6 && parameters.every((x) => x > 0);
  const stated = isWhole ? parameters : undefined;
  const wavelength = Number(said.get('X-RAY_WAVELENGTH'));
  const of = groupOfFile(name, { operators: [], number, parameters: stated });
  const { symmetry, apart, spaceGroup, centring } = of;
  const areApart = said.get("FRIEDEL'S_LAW") === 'FALSE' && apart !== symmetry;
  const group = areApart ? apart : symmetry;
  const observations = [...found.values()].reduce((sum, some) => sum + some.length, 0);
  const merged = [...inGroup(listFrom(group, [...found.values()].map(meanOf)), pointGroup(group)).values()];
  const remarks = [
    ...ofBad,
    misfits > 0 ? `${misfits} misfits, whose sigmas are negative, are left out.` : '',
    observations > merged.length
      ? `${observations} observations are averaged by 1/sigma² to ${merged.length} reflections.`
      : '',
    areApart ? "Friedel mates are apart, as FRIEDEL'S_LAW=FALSE says." : '',
  ].filter((text) => text !== '');
  return {
    list: {
      ...listFrom(group, merged),
      spaceGroup,
      wavelengthA: wavelength > 0 ? wavelength : undefined,
      ...(observations > merged.length && { rows: listFrom(group, [...found.values()].flat()) }),
    },
    parameters: stated,
    remarks,
    badRows: bad.count,
    centring,
  };
}
