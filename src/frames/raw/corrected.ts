/**
 * Frames corrected as they are read: raw words of a JUNGFRAU with the constants of its stages (`constants`), or integrating
 * detectors with a dark frame and a gain map (`dark`, `gainMap`).
 */

import type { Codecs } from '../../bytes/codecs/codecs.js';
import type { FrameArray } from '../../bytes/dtype.js';
import { argumentError } from '../../options/parameters.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { halfToNumber } from '../../util/number-bytes.js';
import { photonAeV } from '../../util/photons.js';
import { changedFiles, type Dataset, type Metadata, type Note } from '../dataset.js';
import type { OpenOptions } from '../open.js';
import { convertedFrames } from './converted-frames.js';
import { PedestalDrift, UnlitFrames } from './pedestal-drift.js';
import {
  convertWords,
  overload,
  perPhoton,
  refuseSample,
  sampleWords,
  smallest,
  type WordTables,
} from './raw-words.js';
import { readConstants, wordTables } from './word-tables.js';

/** The options that correct frames. */
export interface RawOptions {
  readonly constants?: string | undefined;
  readonly energy?: number | undefined;
  readonly dark?: string | undefined;
  readonly gainMap?: string | undefined;
}

/** Opens a file of constants. */
export type OpenConstants = (file: string, how: Pick<OpenOptions, 'dataset' | 'sigShape'>) => Promise<Dataset>;

/** The value of overloads of frames that a dark frame and a gain map correct. */
const overloaded = 2 ** 30;

/** The corrected frames, which own `file`; closes it after an error. Throws `Argument`, `File`, `Format`, `Shape`. */
export async function correctedFrames(
  file: Dataset,
  options: RawOptions,
  open: OpenConstants,
  openCodecs: () => Promise<Codecs>,
): Promise<Dataset> {
  try {
    const { constants, energy, dark, gainMap } = options;
    if (constants !== undefined && (dark ?? gainMap) !== undefined)
      throw argumentError(
        'open',
        (said) => `${said('constants')} have the pedestals and gains; omit ${said(dark ? 'dark' : 'gainMap')}`,
      );
    if (constants === undefined && energy !== undefined)
      throw argumentError(
        'open',
        (said) => `${said('energy')} is of raw words, which ${said('constants')} convert; omit it`,
      );
    return constants === undefined
      ? await levelled(file, { dark, gainMap }, open)
      : await ofStages(file, { constants, energy }, open, openCodecs);
  } catch (error) {
    await file.dispose();
    throw error;
  }
}

async function ofStages(
  file: Dataset,
  { constants, energy }: { readonly constants: string; readonly energy: number | undefined },
  open: OpenConstants,
  openCodecs: () => Promise<Codecs>,
): Promise<Dataset> {
  const { name, dtype, meta } = file;
  if (dtype !== 'u16')
    throw new EwaldError(
      'Format',
      `${name}: frames are ${dtype}, but raw words of a JUNGFRAU are u16; ` +
        `${dtype === 'f32' || dtype === 'f64' ? 'these have been converted already: ' : ''}omit constants (--constants)`,
    );
  const energyEv = energy ?? (meta.wavelengthA === undefined ? undefined : photonAeV / meta.wavelengthA);
  if (energyEv === undefined)
    throw argumentError(
      'open',
      (said) =>
        `${name} states no photon energy, by which its constants become photons; give it: ${said('energy')} 9500 (eV)`,
    );
  const tables = await tablesOf(file, constants, energyEv, open);
  const codecs = await openCodecs();
  const converter = codecs.wordConverter(tables);
  const release = async (): Promise<void> => {
    converter.release();
    await codecs.dispose();
  };
  const drift = new PedestalDrift();
  /** Of frames that nobody has asked for; whoever does tells the drift of the run, of which these frames are a part. */
  const unlit = new UnlitFrames();
  let isAsked = false;
  const convert = (frame: FrameArray, out: FrameArray, number: number): void => {
    const where = `${name}: frame ${number}`;
    const sample = sampleWords(frame as Uint16Array, tables);
    convertWords(frame as Uint16Array, converter, out as Int16Array, where);
    refuseSample(sample, where);
    drift.add(sample.unlit);
    if (sample.unlit !== undefined) unlit.add(number, sample.unlit);
  };
  // Constants of another run are refused before anything is computed.
  try {
    if (file.frames > 0) convert(await file.read(0, 1), new Int16Array(file.frameLength), 0);
  } catch (error) {
    await release();
    throw error;
  }
  return convertedFrames(file, {
    dtype: 'i16',
    meta: quarterPhotons(meta, energyEv),
    notes: notesOf(meta, energyEv),
    bad: tables.bad,
    convert,
    unlit: (frame) => {
      isAsked = true;
      return unlit.take(frame);
    },
    remarks: () => (isAsked ? [] : drift.remarks(name)),
    release,
  });
}

/** What a file says of its frames after they have become quarter photons. */
const quarterPhotons = (meta: Metadata, energyEv: number): Metadata => ({
  ...meta,
  wavelengthA: meta.wavelengthA ?? photonAeV / energyEv,
  unitsPerPhoton: perPhoton,
  bitDepth: undefined,
  saturation: overload - 1,
  underload: smallest,
  markers: undefined,
});

function notesOf({ wavelengthA }: Metadata, energyEv: number): Note[] {
  const stated = wavelengthA === undefined ? energyEv : photonAeV / wavelengthA;
  if (Math.abs(stated / energyEv - 1) < 0.01) return [];
  const text = `the file states ${stated.toFixed(0)} eV; its words become photons of ${energyEv} eV (energy)`;
  return [{ kind: 'warning', text, option: 'energy' }];
}

/** The names of two files, of the gains and of the pedestals. */
async function tablesOf(file: Dataset, constants: string, energyEv: number, open: OpenConstants): Promise<WordTables> {
  const [gains, pedestals, ...more] = constants.split(',').map((one) => one.trim());
  if (!gains || !pedestals || more.length > 0)
    throw argumentError(
      'open',
      (said) =>
        `${said('constants')} is '${constants}'; expected two files, gains and pedestals: gains.h5,pedestals.h5`,
    );
  const columns = file.shape.sig.slice(-2);
  const key = [gains, pedestals, file.shape.sig.join(), energyEv].join('\n');
  const known = keptTables?.key === key && (await areUnchanged(keptTables.changes)) ? keptTables : undefined;
  if (known) return known.tables;
  const changes: Changes[] = [];
  const read = async (name: string, dataset: string) => {
    const opened = await open(name, { dataset }).catch((error: unknown) => {
      if (error instanceof EwaldError && error.tag === 'Format' && dataset === '/gains')
        throw new EwaldError(
          'Format',
          `${name}: ${error.message}; constants of a JUNGFRAU are in /gains [stages, rows, columns]`,
        );
      throw error;
    });
    try {
      const change = opened[changedFiles];
      if (change) changes.push(change);
      return await readConstants(opened);
    } finally {
      await opened.dispose();
    }
  };
  const gain = await read(gains, '/gains');
  const pedestal = await read(pedestals, '/gains');
  const mask = await read(pedestals, '/pixel_mask').catch((error: unknown) => {
    // Only a mask that is not there is none: bad pixels of one that cannot be read would count as good.
    if (isEwaldError(error, 'Argument') && error.detail.isThere === false) return undefined;
    throw error;
  });
  const tables = wordTables({ gain, pedestal, ...(mask && { mask: mask.values }) }, file.shape.sig, energyEv);
  if (columns.length === 2) keptTables = { key, tables, changes };
  return tables;
}

type Changes = NonNullable<Dataset[typeof changedFiles]>;

/** The last constants, which the next file of a run has as well. */
let keptTables: { readonly key: string; readonly tables: WordTables; readonly changes: readonly Changes[] } | undefined;

async function areUnchanged(changes: readonly Changes[]): Promise<boolean> {
  for (const change of changes) if ((await change()).length > 0) return false;
  return changes.length > 0;
}

/** Frames of an integrating detector: (value − dark) · gain, as f32. */
async function levelled(
  file: Dataset,
  { dark, gainMap }: Pick<RawOptions, 'dark' | 'gainMap'>,
  open: OpenConstants,
): Promise<Dataset> {
  const { meta, name, frameLength } = file;
  if (!/^[uif]\d+$/.test(file.dtype) || file.dtype === 'f16')
    throw new EwaldError(
      'Unsupported',
      `${name}: frames of ${file.dtype} have no dark frame or gain; expected integers, f32 or f64`,
    );
  const plane = dark === undefined ? undefined : await planeOf(dark, 'dark', file, open);
  const gain = gainMap === undefined ? undefined : await planeOf(gainMap, 'gainMap', file, open);
  const bad = new Uint8Array(frameLength);
  const [zero, scale] = [new Float64Array(frameLength), new Float64Array(frameLength).fill(1)];
  for (let i = 0; i < frameLength; i++) {
    zero[i] = plane?.[i] ?? 0;
    scale[i] = gain?.[i] ?? 1;
    if (!Number.isFinite(zero[i] as number) || !Number.isFinite(scale[i] as number) || scale[i] === 0) bad[i] = 1;
  }
  if (bad.every((one) => one === 1)) throw new EwaldError('Format', `${gainMap ?? dark}: no pixel of it has a value`);
  const { saturation = Number.POSITIVE_INFINITY, underload = Number.NEGATIVE_INFINITY, markers = [] } = meta;
  const convert = (frame: FrameArray, out: FrameArray): void => {
    for (let i = 0; i < frameLength; i++) {
      const value = Number(frame[i]);
      const isBad = bad[i] === 1 || value < underload || (markers.length > 0 && markers.includes(value));
      out[i] = isBad
        ? Number.NaN
        : value > saturation
          ? overloaded
          : (value - (zero[i] as number)) * (scale[i] as number);
    }
  };
  const limits = { saturation: overloaded / 2, underload: undefined, markers: undefined, bitDepth: undefined };
  return convertedFrames(file, { dtype: 'f32', meta: { ...meta, ...limits }, notes: [], bad, convert });
}

/** Numbers of one frame; of several frames of dark, their mean. Throws `Shape` for those of another detector. */
async function planeOf(
  path: string,
  what: 'dark' | 'gainMap',
  file: Dataset,
  open: OpenConstants,
): Promise<Float64Array> {
  const opened = await open(path, {});
  try {
    const { dtype, frameLength, frames, shape } = opened;
    if (dtype.startsWith('c'))
      throw argumentError(
        'open',
        (said) => `${said(what)}: ${path} has complex numbers (${dtype}); expected real ones`,
        {},
        'Unsupported',
      );
    if (frameLength !== file.frameLength || shape.sig.at(-1) !== file.shape.sig.at(-1))
      throw argumentError(
        'open',
        (said) =>
          `${said(what)}: ${path} has frames of [${shape.sig.join(', ')}], but those of ${file.name} are ` +
          `[${file.shape.sig.join(', ')}]`,
        {},
        'Shape',
      );
    if (what === 'gainMap' && frames > 1)
      throw argumentError('open', (said) => `${said(what)}: ${path} has ${frames} frames; expected one`, {}, 'Shape');
    const sum = new Float64Array(frameLength);
    const numberOf = dtype === 'f16' ? halfToNumber : Number;
    for (let frame = 0; frame < frames; frame++) {
      const values = await opened.read(frame, 1);
      for (let i = 0; i < frameLength; i++) sum[i] = (sum[i] as number) + numberOf(values[i] as number) / frames;
    }
    return sum;
  } finally {
    await opened.dispose();
  }
}
