/** Which columns of a file hold the measured intensities, or amplitudes, and their sigmas. */
import { argumentError } from '../../options/parameters.js';

/** A column by CCP4's type: J intensity, F amplitude, Q sigma. */
interface NamedColumn {
  readonly label: string;
  readonly type: string;
}

/** The columns that are read. */
export interface MeasuredColumns {
  readonly values: number;
  /** -1 if there is none. */
  readonly sigmas: number;
  readonly isAmplitude: boolean;
  /** Labels of other columns of intensities and amplitudes. */
  readonly others: readonly string[];
}

/** Labels of what a model has, or a map: not measured. CCP4, REFMAC, Phenix, BUSTER. */
const calculated = /^(fc|ic)(?![a-z])|calc|model|fwt|fofc|fcwt|^(fdm|feff|fem|fpart)|^phi?[cw]?$/i;

/** Labels that programs give to the measured ones, the usual first. */
const known: Readonly<Record<string, readonly string[]>> = {
  J: ['IMEAN', 'I', 'IOBS', 'I-OBS', 'I_OBS', 'IMEAS', 'J'],
  F: ['FP', 'F', 'FOBS', 'F-OBS', 'F_OBS', 'FMEAS', 'FMEAN', 'FO', 'F-OBS-FILTERED'],
};

/** The place of a label among the known ones; one with a suffix, such as `IMEAN_native`, is behind that without. */
function rankOf({ label, type }: NamedColumn): number {
  const names = known[type] ?? [];
  const own = label.toUpperCase();
  const exact = names.indexOf(own);
  if (exact >= 0) return exact;
  const begun = names.findIndex((name) => own.startsWith(name) && /^[_.:]/.test(own.slice(name.length)));
  return begun >= 0 ? begun + names.length : 2 * names.length;
}

/** The column of the sigmas of a column: that with its label, or the next one if it is not that of another column. */
function sigmasOf(columns: readonly NamedColumn[], values: number): number {
  const label = (columns[values] as NamedColumn).label.toLowerCase();
  const of = (one: string): string[] => [`sig${one}`, `sig_${one}`, `sigma_${one}`, `sigma(${one})`, `${one}_sig`];
  const isSigma = ({ type }: NamedColumn): boolean => type === 'Q';
  const own = columns.findIndex((column) => isSigma(column) && of(label).includes(column.label.toLowerCase()));
  if (own >= 0) return own;
  const next = columns[values + 1];
  if (!next || !isSigma(next)) return -1;
  const isOthers = columns.some(
    (namedColumn, i) => i !== values && of(namedColumn.label.toLowerCase()).includes(next.label.toLowerCase()),
  );
  return isOthers ? -1 : values + 1;
}

/** Columns of Friedel mates, each with that of its sigmas or -1. */
export interface MateColumns {
  readonly plus: readonly [values: number, sigmas: number];
  readonly minus: readonly [values: number, sigmas: number];
  readonly isAmplitude: boolean;
}

/** The ends of labels of I(+) and I(−), as CCP4, Phenix and others have them. */
const mateEnds = /(\(\+\)|\(-\)|_?plus|_?minus|[_(]?[+-]\)?)$/i;
const isMinus = (label: string): boolean => /(-\)?|minus)$/i.test(label);

/**
 * The columns of mates of a file: of intensities (type K), or of amplitudes (G) if it has no intensities at all; undefined
 * if it has none or several, and if `wanted` names others. `wanted` may name all four, plus, its sigmas, minus, its sigmas.
 */
export function mateColumns(columns: readonly NamedColumn[], wanted: string | undefined): MateColumns | undefined {
  const named = wanted?.split(',').map((word) => word.trim());
  if (named !== undefined && named.length !== 4) return undefined;
  const hasIntensities = columns.some(({ type, label }) => 'JK'.includes(type) && !calculated.test(label));
  for (const [type, sigmaType] of hasIntensities ? [['K', 'M']] : [['G', 'L']]) {
    const stems = new Map<string, number[]>();
    for (const [at, { label, type: own }] of columns.entries()) {
      if (own !== type || calculated.test(label) || !mateEnds.test(label)) continue;
      if (named && !named.includes(label)) continue;
      const stem = label.replace(mateEnds, '');
      stems.set(stem, [...(stems.get(stem) ?? []), at]);
    }
    const pairs = [...stems.values()].filter((both) => both.length === 2);
    const [both] = pairs;
    if (!both || pairs.length > 1) return undefined;
    const sigmasOf = (values: number): number => {
      const label = (columns[values] as NamedColumn).label.toLowerCase();
      const exact = columns.findIndex(
        (column) =>
          column.type === sigmaType &&
          [`sig${label}`, `sig_${label}`, `sigma_${label}`].includes(column.label.toLowerCase()),
      );
      return exact >= 0 ? exact : columns[values + 1]?.type === sigmaType ? values + 1 : -1;
    };
    const [first, second] = both as [number, number];
    const [plus, minus] = isMinus((columns[first] as NamedColumn).label) ? [second, first] : [first, second];
    return { plus: [plus, sigmasOf(plus)], minus: [minus, sigmasOf(minus)], isAmplitude: type === 'G' };
  }
  return undefined;
}

/**
 * The columns that `wanted` names, such as `I,SIGI`, else the measured ones by the labels that programs give them. `fail`
 * throws for a file that has none. Throws `Argument` for labels that the file lacks, and if several are as likely.
 */
export function measuredColumns(
  columns: readonly NamedColumn[],
  {
    path,
    wanted,
    fail,
  }: { readonly path: string; readonly wanted: string | undefined; readonly fail: (text: string) => never },
): MeasuredColumns {
  const listed = columns.map(({ label }) => label).join(', ');
  const able = columns.map((column, at) => ({ ...column, at })).filter(({ type }) => type === 'J' || type === 'F');
  const made = (values: number, sigmas = sigmasOf(columns, values)): MeasuredColumns => ({
    values,
    sigmas,
    isAmplitude: columns[values]?.type === 'F',
    others: able.filter(({ at }) => at !== values).map(({ label }) => label),
  });
  if (wanted !== undefined) {
    const [first = '', second, more] = wanted.split(',').map((word) => word.trim());
    const at = (label: string | undefined): number => columns.findIndex((namedColumn) => namedColumn.label === label);
    const isSigma = second === undefined || columns[at(second)]?.type === 'Q';
    if (able.some(({ label }) => label === first) && isSigma && more === undefined)
      return second === undefined ? made(at(first)) : made(at(first), at(second));
    throw argumentError(
      'readReflections',
      (name) =>
        `${name('columns')} is "${wanted.slice(0, 60)}"; expected a column of intensities (J) or amplitudes (F) of ${path} and ` +
        `that of its sigmas (Q), such as I,SIGI; it has ${columns.map(({ label, type }) => `${label} (${type})`).join(', ')}`,
    );
  }
  const measured = able.filter(({ label }) => !calculated.test(label));
  const [first] = measured.some(({ type }) => type === 'J') ? ['J'] : ['F'];
  const ranked = measured
    .filter(({ type }) => type === first)
    .map((one) => ({ ...one, rank: rankOf(one) + (sigmasOf(columns, one.at) < 0 ? 0.5 : 0) }))
    .sort((a, b) => a.rank - b.rank);
  const [best, next] = ranked;
  if (best && next?.rank === best.rank)
    throw argumentError(
      'readReflections',
      (name) =>
        `${path} has the ${first === 'J' ? 'intensities' : 'amplitudes'} ` +
        `${ranked.map(({ label }) => label).join(', ')}; choose with ${name('columns')}: the label, and that of its sigmas`,
    );
  if (best) return made(best.at);
  return fail(
    able.length > 0
      ? `its intensities or amplitudes ${able.map(({ label }) => label).join(', ')} are named as calculated ones; name the ` +
          'columns to read them all the same'
      : `it has no intensities (J) or amplitudes (F) among ${listed}`,
  );
}
