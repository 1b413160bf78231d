/** Frames as chunks of a CrystFEL stream. */

import { type Cell, reciprocal } from '../../crystal/cell.js';
import { type Geometry, type Panel, photonEnergyOf } from '../../crystal/geometry/geometry.js';
import { meanDistance } from '../../crystal/geometry/pixels.js';
import type { LatticeName } from '../../crystal/lattice-name.js';
import { regionLines } from '../../crystal/stream/regions.js';
import {
  marks,
  type StreamChunk,
  type StreamCrystal,
  type StreamPeak,
  type StreamReflection,
} from '../../crystal/stream/stream.js';
import type { Table } from '../../crystal/stream/table.js';
import { type ListLines, putPeak, putReflection, reflectionNumbers, setLists } from '../../crystal/stream/write.js';
import type { Dataset } from '../../frames/dataset.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { upperEnd } from '../../util/median.js';
import { oneWord } from '../../util/plain-text.js';
import { gridLines } from '../grid/grid-lines.js';
import { headerLine } from '../inputs/copied-headers.js';
import { profileLines } from '../profile/stream-lines.js';
import type { FrameCrystal, FrameResult } from '../stages/frame.js';
import { tableOfCrystal } from '../stages/measured-crystal.js';
import { column, type Measured, rowLength } from '../stages/reflection-table.js';
import { centreText } from './centre-line.js';

/** The origin of a frame. */
export interface FrameOrigin {
  readonly filename: string;
  /** Number of the frame in its file; undefined if the file holds a single frame. */
  readonly event: number | undefined;
  /** Its event as CrystFEL writes it, for frames in groups: `tag-1//`. */
  readonly tag?: string | undefined;
  /** Serial number of the frame, counted from 1. */
  readonly serial: number;
  /** Number and series of an image that was received live; absent if its sender does not number images. */
  readonly image?: number | undefined;
  readonly series?: string | undefined;
  /** Sum of its bytes, if its file is followed and recognised by it. */
  readonly sum?: number | undefined;
}

/** The event of a frame in groups, for its origin. */
export function tagged(dataset: Pick<Dataset, 'events'> | undefined, frame: number | undefined): { tag?: string } {
  const tag = dataset?.events?.[frame ?? -1];
  return tag === undefined ? {} : { tag };
}

/** The event of a frame in streams and lists; undefined if its file holds a single frame. */
export const eventText = ({ event, tag }: Pick<FrameOrigin, 'event' | 'tag'>): string | undefined =>
  tag ?? (event === undefined ? undefined : `//${event}`);

/** Prefix of the line of a crystal that states how many other lattices explain its spots nearly as well. */
const rivalsMark = 'ewald/rivals = ';

/** Prefix of the line of a frame that states how many peaks `maxPeaks` omitted. */
export const omittedMark = 'ewald/omitted_peaks = ';
/** Prefix of the line that states how many reflections are omitted because they overlap those of another crystal. */
const overlapsMark = 'ewald/overlapping = ';

/** Prefix of the line that states whose peaks a frame has, if this program has not found them. */
const spotsOfMark = 'ewald/spots_of = ';

/** The chunk of a frame. */
export function chunkOf(
  origin: FrameOrigin,
  result: FrameResult,
  geometry: Geometry,
  names: readonly LatticeName[],
  method: string,
): StreamChunk {
  const { peaks, spots, crystals, beam } = result;
  const inverseD = inverseNmOf(spots, peaks.count);
  const resolution = peaks.count === 0 ? 0 : upperEnd(inverseD, 0.02);
  let listed: readonly StreamPeak[] | undefined;
  const chunk: StreamChunk = {
    filename: origin.filename,
    event: eventText(origin),
    serial: origin.serial,
    hit: result.hit,
    indexedBy: crystals.length > 0 ? (result.few ? 'ewald-few' : method) : 'none',
    tries: crystals.length > 0 ? 1 : undefined,
    photonEnergyEv: photonEnergyOf(beam.wavelengthA),
    divergenceRad: 0,
    bandwidth: bandwidthOf(geometry),
    notes: [
      ...(origin.sum === undefined ? [] : [`${marks.frameSum}${origin.sum}`]),
      ...(result.centre ? [`${marks.beamCentre}${centreText(result.centre)}`] : []),
      ...(result.headers ?? []).flatMap((header) => headerLine(header) ?? []),
      ...(peaks.of ? [`${spotsOfMark}${peaks.of}`] : []),
      ...(peaks.omitted ? [`${omittedMark}${peaks.omitted}`] : []),
      ...regionLines(result.rois),
      ...gridLines(result.grid ?? origin),
      ...(result.profile ? profileLines(result.profile) : []),
    ],
    cameraLengthM: meanDistance(geometry, beam),
    peakCount: peaks.count,
    peakResolution: { inverseNm: resolution, angstrom: 10 / resolution },
    // Objects are only made where a caller accesses them: a frame has a thousand peaks and reflections.
    get peaks() {
      listed ??= streamPeaks(peaks, inverseD, geometry);
      return listed;
    },
    crystals: crystals.map((crystal) => streamCrystal(crystal, geometry, names[crystal.inputCell])),
  };
  setLists(chunk, {
    peaks: peakLines(peaks, inverseD, geometry),
    reflections: crystals.map((crystal) => reflectionLines(tableOfCrystal(crystal), geometry)),
  });
  return chunk;
}

/** 1/d of spots in 1/nm. */
function inverseNmOf(spots: Float32Array, count: number): Float64Array {
  const inverseD = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const x = spots[3 * i] as number;
    const y = spots[3 * i + 1] as number;
    const z = spots[3 * i + 2] as number;
    inverseD[i] = 10 * Math.sqrt(x * x + y * y + z * z);
  }
  return inverseD;
}

const streamPeaks = (peaks: PeakList, inverseD: Float64Array, { panels }: Geometry): StreamPeak[] =>
  Array.from(inverseD, (value, i) => {
    const panel = panels[peaks.panel[i] ?? 0];
    return {
      fs: peaks.fs[i] ?? 0,
      ss: (peaks.ss[i] ?? 0) - (panel?.firstRow ?? 0),
      inverseD: value,
      intensity: peaks.intensity[i] ?? 0,
      panel: panel?.name ?? '?',
    };
  });

const streamReflections = (reflections: readonly Measured[], { panels }: Geometry): StreamReflection[] =>
  reflections.map((reflection) => {
    const panel = panels[reflection.panel];
    return {
      h: reflection.h,
      k: reflection.k,
      l: reflection.l,
      intensity: reflection.intensity,
      sigma: reflection.sigma,
      peak: reflection.peak,
      background: reflection.background,
      fs: reflection.fs + (panel?.minFs ?? 0),
      ss: reflection.ss + (panel?.minSs ?? 0) - (panel?.firstRow ?? 0),
      panel: panel?.name ?? '?',
    };
  });

/** The same lines as those of `streamPeaks`. */
const peakLines = (peaks: PeakList, inverseD: Float64Array, { panels }: Geometry): ListLines => ({
  count: peaks.count,
  write(table) {
    for (let i = 0; i < inverseD.length; ) {
      const panel = panels[peaks.panel[i] as number];
      i = writePeaks(
        table,
        peaks,
        inverseD,
        i,
        panel?.firstRow ?? 0,
        oneWord(panel?.name ?? '?', 'the name of a panel'),
      );
    }
  },
});

/** Writes the lines of peaks that follow each other on one panel; returns where the next panel begins. */
function writePeaks(
  table: Table,
  { fs, ss, intensity, panel: panelOf }: PeakList,
  inverseD: Float64Array,
  from: number,
  row: number,
  name: string,
): number {
  let i = from;
  for (; i < inverseD.length && panelOf[i] === panelOf[from]; i++)
    putPeak(table, fs[i] as number, (ss[i] as number) - row, inverseD[i] as number, intensity[i] as number, name);
  return i;
}

/** The same lines as those of `streamReflections`; undefined if nothing was integrated. */
const reflectionLines = (rows: Float64Array | undefined, { panels }: Geometry): ListLines | undefined =>
  rows && {
    count: rows.length / rowLength,
    write(table) {
      for (let row = 0; row < rows.length; ) {
        const panel = panels[rows[row + column.panel] as number];
        const name = oneWord(panel?.name ?? '?', 'the name of a panel');
        row = writeReflections(table, rows, row, panel, name);
      }
    },
  };

/** The numbers of the line that is being written. */
const line = new Float64Array(reflectionNumbers);

/** Writes the lines of rows that follow each other on one panel; returns where the next panel begins. */
function writeReflections(
  table: Table,
  rows: Float64Array,
  from: number,
  place: Panel | undefined,
  name: string,
): number {
  const { minFs: left = 0, minSs: top = 0, firstRow = 0 } = place ?? {};
  const panel = rows[from + column.panel] as number;
  let row = from;
  for (; row < rows.length && rows[row + column.panel] === panel; row += rowLength) {
    for (let i = 0; i < 3; i++) line[i] = rows[row + i] as number;
    for (let i = 0; i < 4; i++) line[3 + i] = rows[row + column.intensity + i] as number;
    line[7] = (rows[row + column.fs] as number) + left;
    line[8] = (rows[row + column.ss] as number) + top - firstRow;
    putReflection(table, line, name);
  }
  return row;
}

/** The relative width of the spectrum that a run writes: CrystFEL's smallest one if the geometry states none. */
export const bandwidthOf = ({ bandwidth }: Geometry): number => bandwidth || 1e-8;

/** A vector in 1/nm. */
const scaled = ([x, y, z]: readonly [number, number, number]): [number, number, number] => [10 * x, 10 * y, 10 * z];

const handText = (cell: Cell): string =>
  reciprocal(cell)
    .flatMap(scaled)
    .map((number) => number.toFixed(7))
    .join(' ');

function streamCrystal(crystal: FrameCrystal, geometry: Geometry, name: LatticeName | undefined): StreamCrystal {
  const [a, b, c] = crystal.lengths.map((x) => x / 10) as [number, number, number];
  const resolution = 10 * crystal.resolution;
  let made: readonly StreamReflection[] | undefined;
  return {
    parameters: [a, b, c, ...crystal.angles],
    reciprocal: [scaled(crystal.reciprocal[0]), scaled(crystal.reciprocal[1]), scaled(crystal.reciprocal[2])],
    latticeType: name?.lattice ?? 'triclinic',
    centering: name?.centring ?? 'P',
    // Readers require this line; `?` means that there is no unique axis.
    uniqueAxis: name?.uniqueAxis ?? '?',
    profileRadius: 10 * crystal.profileRadius,
    // Readers ignore unknown lines; without rivals the stream is the same as one written by CrystFEL.
    notes: [
      ...(crystal.rivals.length > 0 ? [`${rivalsMark}${crystal.rivals.length}`] : []),
      ...(crystal.otherHand ? [`${marks.otherHand}${handText(crystal.otherHand)}`] : []),
      ...(crystal.named ? [`${marks.namedAxes}named`] : []),
      ...(crystal.overlapping > 0 ? [`${overlapsMark}${crystal.overlapping}`] : []),
    ],
    shiftMm: [0, 0],
    resolutionLimit: { inverseNm: resolution, angstrom: 10 / resolution },
    saturated: crystal.saturated,
    implausible: 0,
    get reflections() {
      made ??= crystal.reflections && streamReflections(crystal.reflections, geometry);
      return made;
    },
  };
}
