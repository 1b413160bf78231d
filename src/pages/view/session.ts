/** The file that is open in the worker. */

import { type Metadata, open } from '../../entries/data.js';
import {
  type Beam,
  type Context,
  type Detector,
  type DetectorOptions,
  type FrameCrystal,
  type FrameSearcher,
  type Geometry,
  type KnownCell,
  parseGeometry,
  readCell,
  type SearchSettings,
} from '../../entries/index.js';
import {
  countRange,
  type FrameSlice,
  isOfElectrons,
  openStacked,
  separated,
  sliceIn,
  wordsOnPage,
} from '../../entries/pages.js';
import type { ComImages, ResidentScan, VirtualCom, VirtualDetector } from '../../entries/udf.js';
import type { FrameData, Limits } from './contrast.js';
import { beamPlace, beamVaries, placedPanels } from './detector-plane.js';
import { errorWords } from './error-words.js';
import type { FrameIndex } from './frame-index.js';
import type { OpenDataset } from './open-dataset.js';
import { type PickedScan, pickedFrames, slicedFrames } from './picked-frames.js';
import type { Adjustment, InputFile, Opened, OpenRequest } from './protocol.js';
import { cellParameters } from './run-events.js';
import type { ScanAnalyses } from './scan-analyses.js';
import type { ScanThere } from './scan-there.js';
import type { StreamBook } from './stream-book.js';

/** The open file and its state. */
export interface Session {
  /** The name of the file in the stream. */
  readonly name: string;
  readonly dataset: OpenDataset;
  /** The frames of the file, if only some of them are `dataset`, and which these are. */
  readonly whole?: { readonly dataset: OpenDataset; readonly slice: FrameSlice } | undefined;
  detector: Detector | undefined;
  /** The geometry, if one was given. */
  readonly given: Geometry | undefined;
  /** The known cells; `determined` says that they were found in the frames instead of given. */
  cells: readonly KnownCell[];
  determined?: boolean;
  /** The searcher, which is planned once, when the first frame is searched. */
  searcher?: Promise<FrameSearcher> | undefined;
  /** The frames that were read last: a search does not read them again, and received frames may be gone by then. */
  latest: readonly {
    readonly frame: number;
    readonly data: FrameData;
    /** The numbers of the file, of a type with more digits than the picture has. */
    readonly exact?: Float64Array | BigInt64Array | BigUint64Array | undefined;
  }[];
  /** The frame that was indexed last, and its crystals: their rows a, b, c in Å. */
  indexed?: { readonly frame: number; readonly crystals: readonly Pick<FrameCrystal, 'cell'>[] } | undefined;
  /** Frames of several files with their results, instead of those of `dataset`. */
  book?: FrameIndex | undefined;
  /** What a search of all frames has found, by the number of the frame. */
  found?: { readonly book: StreamBook; readonly chunks: ReadonlyMap<number, number> };
  /** Aborted when another file is opened. */
  readonly closing: AbortController;
  /** The scan in memory and its virtual detector; undefined before the first request. */
  virtual?:
    | {
        readonly scan: ResidentScan;
        readonly detector: VirtualDetector;
        readonly centres: VirtualCom;
        /** The last images of centres, and what they are of. */
        com: { readonly of: string; readonly images: ComImages } | undefined;
      }
    | undefined;
  /** The scan as the server of the page computes it. */
  there?: ScanThere | undefined;
  /** Calibration and analyses of the scan, which are loaded when they are needed. */
  analyses?: ScanAnalyses | undefined;
  /** The calibration that was given with the file. */
  readonly calibration?: unknown;
  /** What computes on the server of the page. */
  readonly compute?: OpenRequest['compute'];
  /** Frames of `dataset` from which the parameters are tuned although there is a book; undefined: they are known. */
  tuning?: {
    readonly last: number;
    readonly openOther: DetectorOptions['openOther'];
  };
  /** What the page has changed of the place of the detector. */
  adjustment?: Adjustment;
  /** The detector as the files and the geometry state it, which the page may move. */
  readonly stated: Detector | undefined;
  /** The beam of the frame that was asked for last. */
  beam?: { readonly frame: number; readonly adjustment: Adjustment | undefined; readonly beam: Beam };
  /** Parameters tuned from the first frames; the page overrides some of them. */
  tuned: SearchSettings;
}

/** An open file, and its description for the page. */
export interface OpenedSession {
  readonly session: Session;
  readonly opened: Opened;
}

/** Opens files, with the detector that they or a geometry describe. */
export async function openSession(
  { frames, geometry, cell, opening = {}, calibration, leftOut, compute }: OpenRequest,
  contextOf: () => Promise<Context>,
): Promise<OpenedSession> {
  const [first] = frames;
  if (!first) throw new Error('There are no frames among these files.');
  // What comes after the file is on its way meanwhile.
  const ahead = [import('./open-detector.js'), ...(compute?.where === 'there' ? [import('./scan-there.js')] : [])];
  for (const one of ahead) one.catch(() => undefined);
  const known = cell && readCell(await fileText(cell), cell.name);
  const given = geometry && parseGeometry(await fileText(geometry), geometry.name);
  const inputs = frames.map(inputOf);
  const { syncOffset, roi, first: most, frames: some, dataset: named, ...reading } = opening;
  const { navShape, ...flat } = reading;
  const openOptions = syncOffset === undefined ? reading : flat;
  const { dataset, left } = await openRest(inputs, (some) =>
    openStacked(
      (how) => open(some.length > 1 ? some : (some[0] as File | string), { ...openOptions, ...how }),
      given,
      named?.toString(),
    ),
  );
  const picked = await pickedOf(dataset, { roi, syncOffset, ...(syncOffset !== undefined && { navShape }) });
  // Files that were dropped together may come in any order: a master is named, not its data.
  const { name } = frames.find((file) => file.name === dataset.name) ?? first;
  const others = [...(leftOut ?? []), ...left];
  const input = { name, given, cells: known ? [known] : [], calibration: calibration?.found, leftOut: others };
  // The server has checked them.
  const slice = sliceIn(name, { first: most, frames: some }, picked);
  const { session, opened } = await sessionOf(slice ? slicedFrames(picked, slice) : picked, input, contextOf);
  return { session: { ...session, compute, ...(slice && { whole: { dataset: picked, slice } }) }, opened };
}

/** Opens files; if one of several cannot be opened with the others, those that can, with why the rest is left out. */
async function openRest(
  inputs: readonly (File | string)[],
  openAll: (some: readonly (File | string)[]) => Promise<OpenDataset>,
): Promise<{ readonly dataset: OpenDataset; readonly left: readonly string[] }> {
  try {
    return { dataset: await openAll(inputs), left: [] };
  } catch (error) {
    if (inputs.length < 2) throw error;
    const { kept, errors } = await separated(inputs, {});
    if (errors.length === 0 || kept.length === 0) throw error;
    return { dataset: await openAll(kept as readonly (File | string)[]), left: errors.map(errorWords) };
  }
}

/** The part of a dataset that is shown; closes the dataset if there is no such part. */
async function pickedOf(dataset: OpenDataset, how: PickedScan): Promise<OpenDataset> {
  if (how.syncOffset === undefined && how.roi === undefined) return dataset;
  try {
    return pickedFrames(dataset, how);
  } catch (error) {
    await dataset.dispose();
    throw error;
  }
}

/** The information about a dataset besides the dataset itself. */
interface SessionInput {
  readonly name: string;
  /** The geometry, if one was given. */
  readonly given: Geometry | undefined;
  readonly cells: readonly KnownCell[];
  readonly openOther?: DetectorOptions['openOther'];
  /** A calibration of the scan. */
  readonly calibration?: unknown;
  /** Why others of the files that were given are not opened. */
  readonly leftOut?: readonly string[];
}

/** Makes the session of an open dataset; disposes of the dataset if it cannot be shown. */
export async function sessionOf(
  dataset: OpenDataset,
  { name, given, cells, openOther, calibration, leftOut }: SessionInput,
  contextOf: () => Promise<Context>,
): Promise<OpenedSession> {
  const [known] = cells;
  const isScan = dataset.shape.nav.length === 2;
  // Frames are searched as soon as they are shown; a scan may never need the core.
  if (!isScan) contextOf().catch(() => undefined);
  try {
    const signal = dataset.shape.sig;
    if (signal.length < 2 || /^c/.test(dataset.dtype))
      throw new Error(`${dataset.name} holds no frames of real numbers that could be shown.`);
    let detector: Detector | undefined;
    let withoutDetector: string | undefined;
    try {
      const { openDetector } = await import('./open-detector.js');
      detector = await openDetector(dataset, { geometry: given, openOther });
    } catch (error) {
      // Without a geometry, a file that does not describe its detector is shown anyway. A given geometry has to fit.
      if (given) throw error;
      withoutDetector = errorWords(error);
    }
    const [width, height] = detector ? [detector.width, detector.height] : pictureSize(signal);
    const { meta } = dataset;
    const mask = dataset.maskVaries && !isScan ? undefined : await dataset.mask?.().catch(() => undefined);
    // A mask of the first frame would be drawn over all others.
    const own = dataset.maskVaries ? undefined : mask;
    const bad = detector ? detector.bad : own;
    const doubts =
      isScan && mask?.includes(1)
        ? [
            `${dataset.name} has a mask of bad pixels, which images of the scan do not use: they are counted like all others`,
          ]
        : [];
    const session: Session = {
      name,
      dataset,
      detector,
      given,
      cells,
      latest: [],
      stated: detector,
      closing: new AbortController(),
      calibration,
      tuned: {},
    };
    const opened: Opened = {
      name,
      format: dataset.format,
      dtype: dataset.dtype,
      frames: dataset.frames,
      width,
      height,
      navigation: dataset.shape.nav,
      notes: dataset.notes.map(({ text }) => wordsOnPage(text)),
      leftOut,
      doubts,
      panels: detector && placedPanels(detector.geometry),
      beam: detector && beamPlace(detector.geometry, detector.beam),
      beamVaries: detector !== undefined && beamVaries(detector.geometry),
      withoutDetector,
      bad: bad?.slice(),
      validRange: (detector?.validRange ?? statedRange(meta)) as Limits,
      cell: known && cellParameters(known),
      centring: known?.centring,
      electrons: meta.voltageV !== undefined || isOfElectrons(meta.wavelengthA ?? 1),
      recorded: dataset.format === 'hdf5' ? await (await import('./recorded.js')).recordedPlaces(dataset) : undefined,
      listed: undefined,
    };
    return { session, opened };
  } catch (error) {
    await dataset.dispose();
    throw error;
  }
}

/** The range of the values that are counts and not overloads, as a file states it. */
export function statedRange(meta: Metadata): Limits {
  const [least, greatest] = countRange(meta);
  return [Math.max(-3e38, least), Math.min(meta.saturation ?? 3e38, greatest)];
}

/** Converts a file to the form that the library opens, so that messages contain its name. */
function inputOf(file: InputFile): File | string {
  if ('address' in file) return file.address;
  return file.blob instanceof File ? file.blob : new File([file.blob], file.name);
}

/** Maximum number of bytes of a text file: no geometry or cell is larger. */
const maxText = 2 ** 26;

/** The text of a geometry or a cell. */
export async function fileText(file: InputFile): Promise<string> {
  const blob = 'blob' in file ? file.blob : await fetched(file);
  if (blob.size > maxText)
    throw new Error(`${file.name} has ${blob.size} bytes; a geometry or a cell is a text file of some kilobytes.`);
  return blob.text();
}

async function fetched({ name, address }: { readonly name: string; readonly address: string }): Promise<Blob> {
  const answer = await fetch(address).catch(() => undefined);
  if (!answer?.ok)
    throw new Error(`${name} cannot be fetched: ${answer ? `the server answered ${answer.status}` : serverGone}.`);
  return answer.blob();
}

/** The advice for the user if the server does not answer. */
const serverGone = 'the server of this page does not answer; start it again and reload this page';

/** Width and height of a frame; the modules of a frame with more axes are stacked vertically. */
function pictureSize(signal: readonly number[]): [number, number] {
  const width = signal.at(-1) ?? 1;
  return [width, signal.slice(0, -1).reduce((product, n) => product * n, 1)];
}
