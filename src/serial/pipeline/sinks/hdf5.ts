/**
 * Writes peaks, cells and reflections of a run as HDF5: concatenated lists with the offset of each frame or crystal, so
 * that files of a million frames contain no padding. Lengths are in Å, reciprocal vectors in 1/Å, positions of peaks in
 * pixels from the corner of the array, and those of reflections in pixels from the corner of their panel.
 */

import { counted } from '../../../base/amounts.js';
import { version } from '../../../base/version.js';
import type { Codecs } from '../../../io/data/codecs/codecs.js';
import { Hdf5Writer, type WriteNode } from '../../../io/data/hdf5/writer.js';
import type { Output } from '../../../io/files/write.js';
import { headerLine } from '../copied-headers.js';
import type { FrameRecord } from '../record.js';
import { reflectionColumns } from '../reflection-table.js';
import { patchedOutput } from './function-output.js';
import { ended, type FrameSink } from './sink.js';

type Typed = Float32Array | Float64Array | Int16Array | Int32Array | Uint16Array | Uint32Array | Uint8Array;

/** A column that grows. */
class Column<T extends Typed> {
  #values: T;
  length = 0;

  constructor(empty: T) {
    this.#values = empty;
  }

  add(values: ArrayLike<number>): void {
    if (this.length + values.length > this.#values.length) {
      const type = this.#values.constructor as new (length: number) => T;
      const grown = new type(Math.max(1024, 2 * (this.length + values.length)));
      grown.set(this.#values as never);
      this.#values = grown;
    }
    this.#values.set(values, this.length);
    this.length += values.length;
  }

  node(more: readonly number[] = [], attributes: Record<string, string> = {}): WriteNode {
    const value = this.#values.slice(0, this.length) as T;
    const each = more.reduce((product, n) => product * n, 1);
    return { value, shape: [this.length / each, ...more], attributes };
  }
}

/** The numbers of a reflection, each in a separate column. */
const measured = ['fs', 'ss', 'panel', 'intensity', 'sigma', 'partiality', 'excitation', 'peak', 'background'] as const;

/** What the file states about the run as a whole. */
export interface RunDescription {
  /** The name of the file in messages. */
  readonly file: string;
  readonly commandLine: string;
  /** The head that a stream of the run has, with its geometry and target cell. */
  readonly streamHead: string;
  /** Relative width of the spectrum. */
  readonly bandwidth: number;
}

/** Collects a run; the file is written when it closes. `src/serial/merging` reads it as an input of merges. */
export function hdf5Sink(
  target: Output,
  { file, commandLine, streamHead, bandwidth }: RunDescription,
  openCodecs: () => Promise<Codecs>,
): FrameSink {
  const output = target.patch ? target : patchedOutput(target);
  const frame = {
    file: new Column(new Uint32Array(0)),
    event: new Column(new Uint32Array(0)),
    has_event: new Column(new Uint8Array(0)),
    serial: new Column(new Uint32Array(0)),
    hit: new Column(new Uint8Array(0)),
    peaks_begin: new Column(new Uint32Array(0)),
    peaks: new Column(new Uint32Array(0)),
    wavelength: new Column(new Float64Array(0)),
    header_lines: new Column(new Uint32Array(0)),
  };
  const peak = {
    fs: new Column(new Float32Array(0)),
    ss: new Column(new Float32Array(0)),
    panel: new Column(new Uint32Array(0)),
    intensity: new Column(new Float32Array(0)),
    snr: new Column(new Float32Array(0)),
    pixels: new Column(new Uint32Array(0)),
    q: new Column(new Float32Array(0)),
    crystal: new Column(new Int32Array(0)),
    hkl: new Column(new Int32Array(0)),
  };
  const crystal = {
    frame: new Column(new Uint32Array(0)),
    cell: new Column(new Float64Array(0)),
    lengths: new Column(new Float64Array(0)),
    angles: new Column(new Float64Array(0)),
    probability: new Column(new Float64Array(0)),
    rivals: new Column(new Uint32Array(0)),
    residual: new Column(new Float64Array(0)),
    profile_radius: new Column(new Float64Array(0)),
    resolution: new Column(new Float64Array(0)),
    peaks: new Column(new Uint32Array(0)),
    reflections_begin: new Column(new Uint32Array(0)),
    reflections: new Column(new Uint32Array(0)),
    overlapping: new Column(new Uint32Array(0)),
  };
  const reflection = {
    hkl: new Column(new Int16Array(0)),
    fs: new Column(new Float32Array(0)),
    ss: new Column(new Float32Array(0)),
    panel: new Column(new Uint16Array(0)),
    intensity: new Column(new Float32Array(0)),
    sigma: new Column(new Float32Array(0)),
    partiality: new Column(new Float32Array(0)),
    excitation: new Column(new Float32Array(0)),
    peak: new Column(new Float32Array(0)),
    background: new Column(new Float32Array(0)),
  };
  const files = new Map<string, number>();
  /** The copied header fields of all frames, as lines of a stream. */
  const headerLines: string[] = [];

  const addReflections = (table: Float64Array): void => {
    const columns = reflectionColumns(table);
    reflection.hkl.add(columns.h.flatMap((h, i) => [h, columns.k[i] ?? 0, columns.l[i] ?? 0]));
    for (const name of measured) reflection[name].add(columns[name]);
  };

  const add = async ({ origin, hit, peaks, spots, crystals, beam, headers = [] }: FrameRecord): Promise<void> => {
    const number = frame.serial.length;
    if (!files.has(origin.filename)) files.set(origin.filename, files.size);
    frame.file.add([files.get(origin.filename) ?? 0]);
    frame.event.add([origin.event ?? 0]);
    frame.has_event.add([origin.event === undefined ? 0 : 1]);
    frame.serial.add([origin.serial]);
    frame.hit.add([hit ? 1 : 0]);
    frame.peaks_begin.add([peak.fs.length]);
    frame.peaks.add([peaks.count]);
    frame.wavelength.add([beam.wavelengthA]);
    const lines = headers.flatMap((header) => headerLine(header) ?? []);
    frame.header_lines.add([lines.length]);
    headerLines.push(...lines);
    const owner = new Int32Array(peaks.count).fill(-1);
    const hkl = new Int32Array(3 * peaks.count);
    for (const one of crystals) {
      // A peak that belongs to two lattices is assigned to the first.
      one.peaks.forEach((at, i) => {
        if (owner[at] !== -1) return;
        owner[at] = crystal.frame.length;
        hkl.set(one.indices.subarray(3 * i, 3 * i + 3), 3 * at);
      });
      crystal.frame.add([number]);
      crystal.cell.add(one.cell.flat());
      crystal.lengths.add(one.lengths);
      crystal.angles.add(one.angles);
      crystal.probability.add([one.probability]);
      crystal.rivals.add([one.rivals.length]);
      crystal.residual.add([one.residual]);
      crystal.profile_radius.add([one.profileRadius]);
      crystal.resolution.add([1 / one.resolution]);
      crystal.peaks.add([one.peaks.length]);
      crystal.reflections_begin.add([reflection.fs.length]);
      crystal.reflections.add([one.reflections ?? 0]);
      crystal.overlapping.add([one.overlapping]);
      if (one.table) addReflections(one.table);
    }
    for (const name of ['fs', 'ss', 'panel', 'intensity', 'snr', 'pixels'] as const) peak[name].add(peaks[name]);
    peak.q.add(spots);
    peak.crystal.add(owner);
    peak.hkl.add(hkl);
  };

  const units: Readonly<Record<string, string>> = {
    fs: 'pixel',
    ss: 'pixel',
    q: '1/angstrom',
    wavelength: 'angstrom',
    cell: 'angstrom',
    lengths: 'angstrom',
    angles: 'degree',
    residual: '1/angstrom',
    profile_radius: '1/angstrom',
    excitation: '1/angstrom',
    resolution: 'angstrom',
  };
  const shapes: Readonly<Record<string, readonly number[]>> = {
    q: [3],
    hkl: [3],
    cell: [3, 3],
    lengths: [3],
    angles: [3],
  };
  const group = (columns: Readonly<Record<string, Column<Typed>>>): WriteNode => ({
    attributes: { NX_class: 'NXcollection' },
    children: Object.fromEntries(
      Object.entries(columns).map(([name, column]) => {
        const unit = units[name];
        return [name, column.node(shapes[name], unit === undefined ? {} : { units: unit })];
      }),
    ),
  });

  return {
    add,
    async close(isWhole) {
      let name = file;
      const codecs = await openCodecs();
      try {
        const sink = {
          append: (bytes: Uint8Array) => output.write(bytes),
          patch: async (at: number, bytes: Uint8Array) => output.patch?.(at, bytes),
        };
        const writer = await Hdf5Writer.create(sink, codecs);
        const names = [...files.keys()].map((name, i) => [`file_${i}`, { value: name }] as const);
        const entry: WriteNode = {
          attributes: { NX_class: 'NXentry' },
          children: {
            program_name: { value: `ewald ${version}` },
            command_line: { value: commandLine },
            stream_head: { value: streamHead },
            bandwidth: { value: bandwidth },
            files: { attributes: { NX_class: 'NXcollection' }, children: Object.fromEntries(names) },
            header_lines: { value: headerLines.join('\n') },
            frames: group(frame),
            peaks: group(peak),
            crystals: group(crystal),
            reflections: group(reflection),
          },
        };
        await writer.finish({ entry }, { default: 'entry' });
        name = await ended(output, file, isWhole);
      } finally {
        await codecs.dispose();
      }
      return `${counted(peak.fs.length, 'peak')} and ${counted(crystal.frame.length, 'crystal')} in ${name}`;
    },
    discard: () => output.discard(),
  };
}
