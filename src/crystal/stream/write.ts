/**
 * Writes CrystFEL streams, format 2.3, with the column widths of CrystFEL's own writer. Text that could be mistaken for
 * another line of the stream (a file name with a line break, a note that is a marker) is rejected, never changed.
 */
import { expectsMembers } from '../../base/arguments.js';
import { oneLine } from '../../base/plain-text.js';
import { checkPanels, fileLines, freeLine, noteLine } from './lines.js';
import { exponential, fixed } from './print.js';
import {
  marks,
  type StreamChunk,
  type StreamCrystal,
  type StreamHead,
  type StreamPeak,
  type StreamReflection,
} from './stream.js';
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

// Shared by all chunks: its buffer grows to the longest list.
const table = new Table();

function reflectionLines(reflections: readonly StreamReflection[]): string {
  checkPanels(reflections);
  for (const r of reflections) {
    for (const x of [r.h, r.k, r.l]) {
      table.whole(x, 4);
      table.text(' ');
    }
    for (const x of [r.intensity, r.sigma, r.peak, r.background]) {
      table.fixed(x, 2, 10);
      table.text(' ');
    }
    table.fixed(r.fs, 1, 6);
    table.text(' ');
    table.fixed(r.ss, 1, 6);
    table.text(` ${r.panel}\n`);
  }
  return table.take();
}

function peakLines(peaks: readonly StreamPeak[]): string {
  checkPanels(peaks);
  for (const p of peaks) {
    table.fixed(p.fs, 2, 7);
    table.text(' ');
    table.fixed(p.ss, 2, 7);
    table.text(' ');
    table.fixed(p.inverseD, 2, 10);
    table.text('  ');
    table.fixed(p.intensity, 2, 10);
    table.text(`   ${p.panel}\n`);
  }
  return table.take();
}

function crystalLines(crystal: StreamCrystal): string[] {
  const [a, b, c, al, be, ga] = crystal.parameters.map((x) => fixed(x, 5, 7));
  const { reciprocal, shiftMm, resolutionLimit, reflections } = crystal;
  const out = [marks.crystalBegin, `Cell parameters ${a} ${b} ${c} nm, ${al} ${be} ${ga} deg`];
  for (const [i, row] of reciprocal.entries())
    out.push(`${'abc'[i]}star = ${row.map((x) => fixed(x, 7, 9, true)).join(' ')} nm^-1`);
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
  out.push(`num_reflections = ${reflections?.length ?? 0}`);
  if (crystal.saturated !== undefined) out.push(`num_saturated_reflections = ${crystal.saturated}`);
  if (crystal.implausible !== undefined) out.push(`num_implausible_reflections = ${crystal.implausible}`);
  if (!reflections) out.push(marks.noReflections);
  else {
    out.push(marks.reflectionsBegin, marks.reflectionsHead);
    out.push(reflectionLines(reflections) + marks.reflectionsEnd);
  }
  out.push(marks.crystalEnd);
  return out;
}

/** Formats one frame. Throws `Argument` for text that would forge a line, such as a file name with a line break. */
export function formatChunk(chunk: StreamChunk): string {
  expectsMembers('formatChunk: the chunk', chunk, ['filename', 'peaks', 'crystals'], 'a chunk as yielded by chunks()');
  const { peaks, peakResolution } = chunk;
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
    out.push(peakLines(peaks) + marks.peaksEnd);
  }
  for (const crystal of chunk.crystals) out.push(...crystalLines(crystal));
  out.push(marks.chunkEnd);
  return `${out.join('\n')}\n`;
}
