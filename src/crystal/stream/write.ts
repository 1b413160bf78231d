/**
 * Writes CrystFEL streams, format 2.3, with the column widths of CrystFEL's own writer. Text that could be mistaken for
 * another line of the stream (a file name with a line break, a note that is a marker) is rejected, never changed.
 */
import { expectsMembers } from '../../util/arguments.js';
import { oneLine } from '../../util/plain-text.js';
import { checkPanels, fileLines, freeLine, noteLine } from './lines.js';
import { exponential, fixed } from './print.js';
import { marks, type StreamChunk, type StreamCrystal, type StreamHead } from './stream.js';
import { Table } from './table.js';

/** Formats everything before the first chunk. Throws `Argument` for text that would forge a line. */
export function formatHead(head: StreamHead): string {
  expectsMembers('formatHead: the head', head, ['version', 'generator'], 'the head returned by readStream');
  const parts = [
    `${marks.format}${oneLine(head.version, 'the version of the stream')}`,
    `${marks.generator}${oneLine(head.generator, 'the generator of the stream')}`,
    freeLine(head.commandLine, 'the command line'),
  ];
  if (head.geometry !== undefined)
    parts.push(marks.geometryBegin, ...fileLines(head.geometry, 'the geometry'), marks.geometryEnd);
  if (head.cell !== undefined) parts.push(marks.cellBegin, ...fileLines(head.cell, 'the unit cell'), marks.cellEnd);
  if (head.indexingMethods !== undefined)
    parts.push(`${marks.methods}${oneLine(head.indexingMethods, 'the indexing methods')}`);
  return `${parts.join('\n')}\n`;
}

/** A list of a chunk: the number of its lines, and what writes them. */
export interface ListLines {
  readonly count: number;
  write(table: Table): void;
}

/** The lists of a chunk; undefined ones are omitted. */
interface ChunkLists {
  readonly peaks: ListLines | undefined;
  /** Of each crystal. */
  readonly reflections: readonly (ListLines | undefined)[];
}

/** Lists of chunks whose rows are objects only where a caller accesses them. */
const listsOfChunks = new WeakMap<StreamChunk, ChunkLists>();

/** Lets `formatChunk` write the lists of a chunk from other data than its objects, which must be the same numbers. */
export function setLists(chunk: StreamChunk, lists: ChunkLists): void {
  listsOfChunks.set(chunk, lists);
}

/** The lists of a chunk made of objects. */
const objectLists = ({ peaks, crystals }: StreamChunk): ChunkLists => ({
  peaks: peaks && {
    count: peaks.length,
    write(table) {
      checkPanels(peaks);
      for (const p of peaks) putPeak(table, p.fs, p.ss, p.inverseD, p.intensity, p.panel);
    },
  },
  reflections: crystals.map(
    ({ reflections }) =>
      reflections && {
        count: reflections.length,
        write(table) {
          checkPanels(reflections);
          const line = new Float64Array(reflectionNumbers);
          for (const r of reflections) {
            line.set([r.h, r.k, r.l, r.intensity, r.sigma, r.peak, r.background, r.fs, r.ss]);
            putReflection(table, line, r.panel);
          }
        },
      },
  ),
});

// Shared by all chunks: its buffer grows to the longest list.
const table = new Table();

function linesOf(list: ListLines): string {
  list.write(table);
  return table.take();
}

/** The numbers of the line of a peak that is being written; digits and widths of lines. */
const peakNumbers = new Float64Array(3);
const peakDigits = Uint8Array.of(2, 2, 2);
const peakWidths = Uint8Array.of(7, 7, 10);
const reflectionDigits = Uint8Array.of(0, 0, 0, 2, 2, 2, 2, 1, 1);
const reflectionWidths = Uint8Array.of(4, 4, 4, 10, 10, 10, 10, 6, 6);

/** Writes the line of a peak. */
export function putPeak(to: Table, fs: number, ss: number, inverseD: number, intensity: number, panel: string): void {
  peakNumbers[0] = fs;
  peakNumbers[1] = ss;
  peakNumbers[2] = inverseD;
  to.row(peakNumbers, peakDigits, peakWidths);
  to.space();
  to.fixed(intensity, 2, 10);
  to.text('   ');
  to.text(panel);
  to.text('\n');
}

/** Numbers of the line of a reflection: h, k, l, intensity, sigma, peak, background, fs, ss. */
export const reflectionNumbers = 9;

/** Writes the line of a reflection with these numbers. */
export function putReflection(to: Table, numbers: Float64Array, panel: string): void {
  // An index of -0 is written without a sign.
  for (let i = 0; i < 3; i++) numbers[i] = Math.trunc(numbers[i] as number) + 0;
  to.row(numbers, reflectionDigits, reflectionWidths);
  to.text(panel);
  to.text('\n');
}

// At module level the engine compiles these functions once; inside another one it would compile them again and again.
const parameterText = (x: number): string => fixed(x, 5, 7);
const inverseText = (x: number): string => fixed(x, 7, 9, true);

function crystalLines(crystal: StreamCrystal, list: ListLines | undefined): string[] {
  const [a, b, c, al, be, ga] = crystal.parameters.map(parameterText);
  const { reciprocal, shiftMm, resolutionLimit } = crystal;
  const out = [marks.crystalBegin, `Cell parameters ${a} ${b} ${c} nm, ${al} ${be} ${ga} deg`];
  for (const [i, row] of reciprocal.entries()) out.push(`${'abc'[i]}star = ${row.map(inverseText).join(' ')} nm^-1`);
  out.push(`lattice_type = ${oneLine(crystal.latticeType, 'the lattice type')}`);
  out.push(`centering = ${oneLine(crystal.centering, 'the centring')}`);
  if (crystal.uniqueAxis !== undefined) out.push(`unique_axis = ${oneLine(crystal.uniqueAxis, 'the unique axis')}`);
  if (crystal.profileRadius !== undefined) out.push(`profile_radius = ${fixed(crystal.profileRadius, 5)} nm^-1`);
  out.push(...crystal.notes.map((note) => noteLine(note, 'a note of a crystal')));
  if (shiftMm) out.push(`predict_refine/det_shift x = ${fixed(shiftMm[0], 3)} y = ${fixed(shiftMm[1], 3)} mm`);
  if (resolutionLimit)
    out.push(
      `diffraction_resolution_limit = ${fixed(resolutionLimit.inverseNm, 2)} nm^-1 ` +
        `or ${fixed(resolutionLimit.angstrom, 2)} A`,
    );
  out.push(`num_reflections = ${list?.count ?? 0}`);
  if (crystal.saturated !== undefined) out.push(`num_saturated_reflections = ${crystal.saturated}`);
  if (crystal.implausible !== undefined) out.push(`num_implausible_reflections = ${crystal.implausible}`);
  if (!list) out.push(marks.noReflections);
  else {
    out.push(marks.reflectionsBegin, marks.reflectionsHead);
    out.push(linesOf(list) + marks.reflectionsEnd);
  }
  out.push(marks.crystalEnd);
  return out;
}

/** Formats one frame. Throws `Argument` for text that would forge a line, such as a file name with a line break. */
export function formatChunk(chunk: StreamChunk): string {
  expectsMembers('formatChunk: the chunk', chunk, ['filename', 'peaks', 'crystals'], 'a chunk as yielded by chunks()');
  const { peakResolution } = chunk;
  const { peaks, reflections } = listsOfChunks.get(chunk) ?? objectLists(chunk);
  const out = [marks.chunkBegin, `Image filename: ${oneLine(chunk.filename, 'the name of the file')}`];
  if (chunk.event !== undefined) out.push(`Event: ${oneLine(chunk.event, 'the event')}`);
  out.push(`Image serial number: ${chunk.serial}`, `hit = ${chunk.hit ? 1 : 0}`);
  const method = oneLine(chunk.indexedBy, 'the indexing method');
  const isOwn = method.startsWith('ewald');
  out.push(`indexed_by = ${isOwn ? marks.indexedElsewhere : method}`);
  if (isOwn) out.push(`${marks.indexedBy}${method}`);
  if (chunk.tries !== undefined) out.push(`n_indexing_tries = ${chunk.tries}`);
  out.push(
    `photon_energy_eV = ${fixed(chunk.photonEnergyEv, 6)}`,
    `beam_divergence = ${exponential(chunk.divergenceRad, 2)} rad`,
    `beam_bandwidth = ${exponential(chunk.bandwidth, 2)} (fraction)`,
    ...chunk.notes.map((note) => noteLine(note, 'a note of a frame')),
    `average_camera_length = ${fixed(chunk.cameraLengthM, 6)} m`,
    `num_peaks = ${chunk.peakCount}`,
  );
  if (peakResolution)
    out.push(`peak_resolution = ${fixed(peakResolution.inverseNm, 6)} nm^-1 or ${fixed(peakResolution.angstrom, 6)} A`);
  if (peaks) {
    out.push(marks.peaksBegin, marks.peaksHead);
    out.push(linesOf(peaks) + marks.peaksEnd);
  }
  for (const [i, crystal] of chunk.crystals.entries()) out.push(...crystalLines(crystal, reflections[i]));
  out.push(marks.chunkEnd);
  return `${out.join('\n')}\n`;
}
