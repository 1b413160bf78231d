/**
 * What a file of results says of where they come from: the scan with its step, the parameters of each analysis as they
 * were used, and the calibration. HDF5 and Zarr hold it themselves; NumPy's format has no room, so it lies beside the
 * arrays as NAME.npy.json.
 */

import type { UdfRunOptions } from '../../udf/context-options.js';
import type { AnyUdf } from '../../udf/functions/udf.js';
import { correctionsFor } from '../../udf/scans/corrections.js';
import { select } from '../../udf/scans/roi.js';
import type { Scan } from '../../udf/scans/scan.js';
import { product } from '../../util/product.js';
import type { Analysis } from '../analyses/analysis.js';
import { statedBy } from '../calibrate/optics.js';
import type { NamedResult } from './named-results.js';

/** Longer lists are described by their length: masks and positions are inputs, which have files of their own. */
const longestList = 64;

/** A value as JSON has it; undefined for what is not set. */
function plain(value: unknown): unknown {
  if (typeof value === 'function') return '(function)';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const list = value as unknown as ArrayLike<unknown>;
    return list.length > longestList ? `(${list.length} values)` : Array.from(list, plain);
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}

/** What a file says of its results. */
export interface ResultsAbout {
  readonly input: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Step of the scan, nm; voltage, kV; semi-angle, mrad: as a calibration or the file states them. */
  readonly stepNm?: number | undefined;
  readonly voltageKv?: number | undefined;
  readonly semiconvMrad?: number | undefined;
  /** Of a run of a part of the scan: how many of its positions. */
  readonly region?: { readonly positions: number; readonly of: number } | undefined;
  /** What was done to each frame before the analyses, pixels that the file or a calibration excludes among it. */
  readonly corrections?:
    | { readonly dark?: true; readonly gain?: true; readonly excludedPixels?: number | undefined }
    | undefined;
  /** Of a run that ended early: how many of its positions have results. */
  readonly measured?: { readonly positions: number; readonly of: number } | undefined;
  /** With what the results are to be read; absent without any. */
  readonly warnings?: readonly string[] | undefined;
  readonly analyses: readonly {
    readonly name: string;
    /** The parameters of its function, with what the calibration gave. */
    readonly parameters: unknown;
    /** The options that were given. */
    readonly options?: unknown;
    readonly calibration?: unknown;
  }[];
}

interface Source extends Pick<UdfRunOptions, 'roi' | 'corrections'> {
  readonly analyses: readonly Analysis[];
  readonly udfs: readonly AnyUdf[];
}

/** The part of a scan that runs; undefined for all of it. */
function regionOf({ nav }: Scan['shape'], roi: Source['roi']): ResultsAbout['region'] {
  const [positions, of] = [select(roi, nav).count, product(nav)];
  return positions === of ? undefined : { positions, of };
}

function corrected({ shape, mask, dark }: Scan, given: Source['corrections']): ResultsAbout['corrections'] {
  const used = correctionsFor(given, shape.sig, { mask, dark });
  if (!used) return undefined;
  const excludedPixels = used.mask?.reduce((sum, bad) => sum + Number(bad !== 0), 0);
  return {
    ...(used.dark && { dark: true }),
    ...(used.gain && { gain: true }),
    ...(excludedPixels && { excludedPixels }),
  };
}

/** The optics in a calibration, which may be a text or any object. */
type Optics = Readonly<Record<string, { readonly value?: number } | undefined>>;
const opticsIn = (calibration: unknown): Optics => (calibration as { optics?: Optics } | undefined)?.optics ?? {};

/** Describes a run; `used` are the functions of its last pass. */
export function aboutRun(
  scan: Scan,
  { analyses, udfs, roi, corrections }: Source,
  used: readonly AnyUdf[],
): ResultsAbout {
  const stated = statedBy(scan.dataset.meta);
  const given = analyses.map(({ options = {} }) => options as Readonly<Record<string, unknown>>);
  const known = (name: 'dpix' | 'voltage' | 'semiconv'): number | undefined => {
    const own = given.map((one) => one[name] ?? opticsIn(one.calibration)[name]?.value);
    return (own.find((value) => typeof value === 'number') as number | undefined) ?? stated[name];
  };
  const described = [...analyses.map(({ name }) => name), ...udfs.map(({ definition }) => definition.name)];
  return {
    input: scan.name,
    shape: [...scan.shape.nav, ...scan.shape.sig],
    dtype: scan.dtype,
    region: regionOf(scan.shape, roi),
    corrections: corrected(scan, corrections),
    stepNm: known('dpix'),
    voltageKv: known('voltage'),
    semiconvMrad: known('semiconv'),
    analyses: described.map((name, i) => {
      const { calibration, ...options } = given[i] ?? {};
      return {
        name,
        parameters: plain(used[i]?.params),
        ...(Object.keys(options).length > 0 && { options: plain(options) }),
        ...(calibration !== undefined && { calibration }),
      };
    }),
  };
}

/** The text of NAME.npy.json: what the run was, and each array with its file, unit and meaning. */
export function aboutText(
  creator: string,
  about: ResultsAbout,
  results: readonly NamedResult[],
  fileOf: (result: number) => string,
): string {
  const described = results.map(({ name, shape, dtype, unit, desc, navAxes }, i) => ({
    ...{ name, file: fileOf(i), shape, dtype, unit, description: desc, overScan: navAxes > 0 },
  }));
  return `${JSON.stringify({ creator, ...about, results: described }, undefined, 2)}\n`;
}
