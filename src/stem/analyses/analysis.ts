/** An analysis: a UDF configured for a scan, and channels that present its results. */

import type { BufferDtype } from '../../udf/functions/dtypes.js';
import { type InParts, inParts } from '../../udf/functions/in-parts.js';
import type { AnyUdf } from '../../udf/functions/udf.js';
import { countTexts } from '../../udf/scans/count-texts.js';
import type { Scan } from '../../udf/scans/scan.js';
import { counted } from '../../util/amounts.js';
import { expects, expectsMembers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { type DisplayedResult, shownInNotebooks } from '../../util/jupyter.js';
import type { MethodOf } from '../../util/members.js';
import { product } from '../../util/product.js';
import type { AnalysisParameters } from '../parameter-types.js';
import { type AnalysisName, type analysisRows, knownAnalyses } from '../parameters.js';
import { checkOptions, expectsScan } from './parameters.js';

/** An axis of a result beside those of the scan, such as the radii of a polar transform. */
export interface ChannelAxis {
  readonly name: string;
  readonly unit: string;
  /** Value of the first element, and the difference from one element to the next, in the unit. */
  readonly first: number;
  readonly step: number;
}

/** One image of a result. */
export interface Channel extends InParts {
  readonly key: string;
  readonly title: string;
  /** Description of its numbers. */
  readonly desc: string;
  /** Unit of its numbers; absent for weights and complex numbers, '1' for ratios. */
  readonly unit?: string | undefined;
  readonly shape: readonly number[];
  /** Numbers in C order; complex ones interleaved. */
  readonly data: ArrayLike<number>;
  readonly complex?: boolean | undefined;
  /** Dtype of its numbers in files, for those that are copied from frames; absent for float64. */
  readonly dtype?: BufferDtype | undefined;
  /** Its axes that are neither of the scan nor of the frames: the last ones, or all. */
  readonly axes?: readonly ChannelAxis[] | undefined;
  /** What of a frame its numbers are of, such as the radii of a ring, for names of columns. */
  readonly where?: string | undefined;
  /** Whether it is an image of the detector; a scan may have as many positions as the detector has pixels. */
  readonly isSig?: boolean | undefined;
  /** Whether it is better displayed on a logarithmic scale. */
  readonly log?: boolean | undefined;
  /** A vector (y, x) per position, for images in which colour shows direction and length. */
  readonly vectors?: ArrayLike<number> | undefined;
}

/** Channels of a run by name and in order. */
export type AnalysisResults<K extends string = string> = { readonly [name in K]: Channel } & {
  readonly channels: readonly Channel[];
  /** What they should be read with: the notes of the analysis, what its results say of themselves, and of their counts. */
  readonly notes: readonly string[];
};

/** A UDF for one scan, with names for its results. */
export interface Analysis<K extends string = string> {
  readonly name: string;
  readonly scan: Scan;
  readonly udf: AnyUdf;
  /** What its results should be read with, such as a drift that remains in them. */
  readonly notes?: readonly string[] | undefined;
  /** Notes that follow from the results, such as noise that hides the object. */
  // biome-ignore lint/suspicious/noExplicitAny: the same as below
  doubts?: MethodOf<[results: any], readonly string[]> | undefined;
  /** Notes that say that the results are wrong as they are, such as axes under which a field is no gradient. */
  // biome-ignore lint/suspicious/noExplicitAny: the same as below
  faults?: MethodOf<[results: any], readonly string[]> | undefined;
  /** The options that it was made with, for the files of its results. */
  readonly options?: object | undefined;
  /** Whether frames may be complex; default false. */
  readonly complexFrames?: boolean | undefined;
  /** The analysed positions if they are not all, such as that of a picked frame. */
  readonly roi?: Uint8Array | undefined;
  /**
   * For analyses of two passes: returns the second analysis, given the results of this UDF. There are no channels
   * before it.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the same as below
  next?: MethodOf<[results: any], Analysis<K>> | undefined;
  /** The images of the UDF's results. */
  // biome-ignore lint/suspicious/noExplicitAny: dtypes differ from analysis to analysis, and each knows its own
  channels(results: any): (Channel & { readonly key: K })[];
}

type Rows = typeof analysisRows;
/** Options of an analysis: those whose rows name it. */
export type OptionsOfAnalysis<Name extends AnalysisName> = Pick<
  AnalysisParameters,
  { readonly [Option in keyof Rows]: Name extends Rows[Option]['of'][number] ? Option : never }[keyof Rows]
>;

/** What one analysis has of its own; of two passes, those of the first one are notes of the second one, too. */
export interface Made<K extends string> extends Omit<Analysis<K>, 'name' | 'scan' | 'options' | 'next' | 'channels'> {
  // biome-ignore lint/suspicious/noExplicitAny: dtypes differ from analysis to analysis, and each knows its own
  next?: MethodOf<[results: any], Made<K>> | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  channels?: MethodOf<[results: any], (Channel & { readonly key: K })[]>;
}

/**
 * The method of a context that makes the analyses of a name: it checks the scan and the options before; `what` is the
 * method in messages.
 */
export const analysis =
  <Name extends AnalysisName, K extends string, Options extends object = OptionsOfAnalysis<Name>>(
    name: Name,
    make: (scan: Scan, options: Options, what: string) => Made<K>,
  ) =>
  (scan: Scan, options = {} as Options): Analysis<K> => {
    const what = knownAnalyses[name].method;
    expectsScan(what, scan);
    checkOptions(what, name, options);
    const channels = () => {
      throw new EwaldError('Internal', `the analysis ${name} has channels only after its second pass`);
    };
    const whole = ({ next, ...made }: Made<K>): Analysis<K> => {
      const second = next && ((results: unknown) => whole({ notes: made.notes, ...next(results) }));
      return { name, scan, options, channels, ...made, ...(second && { next: second }) };
    };
    return whole(make(scan, options, what));
  };

/** A list of analyses. Throws `Argument` for anything else. */
export function analysesOf<A extends Analysis>(analyses: readonly A[]): readonly A[] {
  const members = ['name', 'scan', 'udf', 'channels'];
  expects(Array.isArray(analyses), 'the analyses', analyses, 'a list of results of the methods create…Analysis');
  // Holes of the list are invalid analyses and must not be skipped.
  for (const analysis of Array.from(analyses))
    expectsMembers('the analysis', analysis, members, 'the result of a method create…Analysis of the Context');
  return analyses;
}

/** The channels of results by name. */
export function resultsOf<K extends string>(analysis: Analysis<K>, results: unknown): AnalysisResults<K> {
  const channels = analysis.channels(results);
  const found = [...(analysis.faults?.(results) ?? []), ...(analysis.doubts?.(results) ?? [])];
  const notes = [...(analysis.notes ?? []), ...found, ...countTexts(analysis.scan).texts];
  const byName = Object.fromEntries(channels.map((channel) => [channel.key, channel]));
  const shown = { channels, notes, ...byName } as unknown as AnalysisResults<K>;
  return shownInNotebooks(shown, () => displayedChannels(channels, notes));
}

/** Results as a notebook shows them. */
async function displayedChannels(channels: readonly Channel[], notes: readonly string[]): Promise<DisplayedResult> {
  const { displayed } = await import('../../udf/live/displayed.js');
  const arrays = channels.map(
    ({ key, shape, unit, log, complex, vectors, data, dtype = complex ? 'c128' : 'f64' }) => ({
      ...{ title: key, shape, dtype, unit, log, data: vectors ?? data },
      pairs: complex ? ('complex' as const) : vectors ? ('vectors' as const) : undefined,
    }),
  );
  return displayed(arrays, notes);
}

/** That whole numbers of 64 bits were rounded, if any of them is so large. */
export function roundedDoubt({ dtype, name }: Scan, numbers: ArrayLike<number>): string[] {
  if (dtype !== 'u64' && dtype !== 'i64') return [];
  let found = 0;
  for (let i = 0; i < numbers.length; i++) if (Math.abs(numbers[i] as number) >= 2 ** 53) found++;
  if (found === 0) return [];
  return [
    `${counted(found, 'value')} beyond 2⁵³ ${found === 1 ? 'is' : 'are'} rounded: functions see the ${dtype} of ${name} ` +
      'as float64; a converted file and open of ewald/data keep all digits',
  ];
}

/** A channel over the scan. */
export const navChannel = <K extends string>(
  scan: Scan,
  key: K,
  title: string,
  desc: string,
  data: ArrayLike<number>,
  unit?: string,
) => ({
  key,
  title,
  desc,
  shape: scan.shape.nav,
  data,
  ...(unit !== undefined && { unit }),
});

/** A channel over the detector. */
export const sigChannel = <K extends string>(
  scan: Scan,
  key: K,
  title: string,
  desc: string,
  data: ArrayLike<number>,
  log = false,
) => ({
  key,
  title,
  desc,
  shape: scan.shape.sig,
  data,
  isSig: true,
  ...(log && { log }),
});

/**
 * A channel whose numbers are computed when they are first read: the names of results are known before a run, and files
 * are written one after another, each part by part if `data` knows how.
 */
export function later<C extends object, D extends ArrayLike<number | bigint>>(
  channel: C,
  data: (() => D) & InParts,
): C & { readonly data: D } & InParts {
  let known: D | undefined;
  const get = (): D => {
    known ??= data();
    return known;
  };
  return Object.defineProperties(
    { ...channel },
    {
      data: { enumerable: true, get },
      // What is in memory need not be computed again.
      [inParts]: { get: () => (known ? undefined : data[inParts]) },
    },
  ) as C & { readonly data: D } & InParts;
}

/** What is said against results, found by one look at them: whoever asks for faults asks for doubts as well. */
export function bothOf<R>(of: (results: R) => { readonly faults: string[]; readonly doubts: string[] }) {
  let known: { readonly results: R; readonly kind: string; readonly said: ReturnType<typeof of> } | undefined;
  const take =
    (kind: 'faults' | 'doubts') =>
    (results: R): string[] => {
      const said = known?.results === results && known.kind !== kind ? known.said : undefined;
      // Results of a run that goes on change, so that the next question is answered anew.
      known = said ? undefined : { results, kind, said: of(results) };
      return (said ?? (known as NonNullable<typeof known>).said)[kind];
    };
  return { faults: take('faults'), doubts: take('doubts') };
}

/** A result over the scan or the detector: one channel, or five if its numbers are complex, as in LiberTEM. */
export function realOrComplex<K extends string>(
  channel: Channel & { readonly key: K },
  { dtype }: { readonly dtype: string },
): (Channel & { readonly key: K })[] {
  const { key, title, shape, data, isSig } = channel;
  if (!dtype.startsWith('c')) return [channel];
  return complexChannels(key, title, shape, data).map((one) => ({ ...one, ...(isSig && { isSig }) }));
}

/** Rejects complex frames if the analysis requires real ones. Throws `Unsupported`. */
export function checkFrames({ name, scan, complexFrames }: Analysis): void {
  if (!scan.dtype.startsWith('c') || complexFrames) return;
  throw new EwaldError(
    'Unsupported',
    `${name}: the frames of ${scan.name} are complex (${scan.dtype}), but this analysis requires real ones; ` +
      'sum, sumsig, masks, ' +
      'disk, ring, point and pick accept complex frames',
  );
}

/** One column of a nav result, [positions, columns]. */
export const columnOf = (data: ArrayLike<number>, columns: number, k: number): Float64Array =>
  Float64Array.from({ length: data.length / columns }, (_, i) => data[i * columns + k] as number);

/** Five channels of complex numbers; the keys of four of them follow from the first. */
export function complexChannels<K extends string>(
  key: K,
  title: string,
  shape: readonly number[],
  data: ArrayLike<number>,
): (Channel & { readonly key: K })[] {
  const n = product(shape);
  const part = (of: (re: number, im: number) => number): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => of(data[2 * i] as number, data[2 * i + 1] as number));
  const angle = part((re, im) => Math.atan2(im, re));
  const channels: Channel[] = [
    { key, title: `${title}, magnitude`, desc: 'absolute value', shape, data: part(Math.hypot) },
    { key: `${key}_real`, title: `${title}, real part`, desc: 'real part', shape, data: part((re) => re) },
    { key: `${key}_imag`, title: `${title}, imaginary part`, desc: 'imaginary part', shape, data: part((_, im) => im) },
    { key: `${key}_angle`, title: `${title}, angle`, desc: 'angle in radians', unit: 'rad', shape, data: angle },
    { key: `${key}_complex`, title, desc: 'complex numbers', shape, data, complex: true },
  ];
  return channels as (Channel & { readonly key: K })[];
}
