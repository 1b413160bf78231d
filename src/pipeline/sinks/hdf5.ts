/**
 * Writes peaks, cells and reflections of a run as HDF5: concatenated lists with the offset of each frame or crystal, so
 * that files of a million frames contain no padding. Lengths are in Å, reciprocal vectors in 1/Å, positions in pixels from
 * the corner of the array, in which modules lie one below the other.
 */

import type { Codecs } from '../../bytes/codecs/codecs.js';
import type { Panel } from '../../crystal/geometry/geometry.js';
import type { Output } from '../../frames/files/write.js';
import { Hdf5Writer, type WriteNode } from '../../hdf5/writer.js';
import { counted } from '../../util/amounts.js';
import { version } from '../../util/version.js';
import { GridColumns } from '../grid/hdf5-columns.js';
import { headerLine } from '../inputs/copied-headers.js';
import type { ProfileOptions } from '../profile/options.js';
import type { FrameRecord } from '../record.js';
import { reflectionColumns } from '../stages/reflection-table.js';
import { Column, type Typed } from './column.js';
import { patchedOutput } from './function-output.js';
import type { RegionTable } from './hdf5-rois.js';
import { ProfileGroups } from './profile-groups.js';
import { closeOutput, type FrameSink } from './sink.js';

type Table<Name extends string> = Readonly<Record<Name, Column>>;

/** An empty table with columns of these types. */
const tableOf = <Name extends string>(types: Readonly<Record<Name, new (length: number) => Typed>>): Table<Name> =>
  Object.fromEntries(
    Object.entries<new (length: number) => Typed>(types).map(([name, type]) => [name, new Column(type)]),
  ) as Record<Name, Column>;

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

/** The shape of one entry of the columns that have several numbers for each. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  q: [3],
  hkl: [3],
  cell: [3, 3],
  lengths: [3],
  angles: [3],
};

/** A table as a group of the file. */
const groupOf = (table: Table<string>, attributes: Readonly<Record<string, string>> = {}): WriteNode => ({
  attributes: { NX_class: 'NXcollection', ...attributes },
  children: Object.fromEntries(
    Object.entries(table).map(([name, column]) => {
      const unit = units[name];
      return [name, column.node(shapes[name], unit === undefined ? {} : { units: unit })];
    }),
  ),
});

/** The numbers of a peak and of a reflection, each in a separate column. */
const found = ['fs', 'ss', 'panel', 'intensity', 'snr', 'pixels'] as const;
const measured = ['fs', 'ss', 'panel', 'intensity', 'sigma', 'partiality', 'excitation', 'peak', 'background'] as const;

/** The frames of a run with their peaks, crystals and reflections. */
class RunTables {
  readonly #frame = tableOf({
    file: Uint32Array,
    event: Uint32Array,
    has_event: Uint8Array,
    serial: Uint32Array,
    hit: Uint8Array,
    peaks_begin: Uint32Array,
    peaks: Uint32Array,
    wavelength: Float64Array,
    header_lines: Uint32Array,
  });
  readonly #peak = tableOf({
    fs: Float32Array,
    ss: Float32Array,
    panel: Uint32Array,
    intensity: Float32Array,
    snr: Float32Array,
    pixels: Uint32Array,
    q: Float32Array,
    crystal: Int32Array,
    hkl: Int32Array,
  });
  readonly #crystal = tableOf({
    frame: Uint32Array,
    cell: Float64Array,
    lengths: Float64Array,
    angles: Float64Array,
    probability: Float64Array,
    rivals: Uint32Array,
    residual: Float64Array,
    profile_radius: Float64Array,
    resolution: Float64Array,
    peaks: Uint32Array,
    reflections_begin: Uint32Array,
    reflections: Uint32Array,
    overlapping: Uint32Array,
    named: Uint8Array,
  });
  readonly #reflection = tableOf({
    hkl: Int16Array,
    fs: Float32Array,
    ss: Float32Array,
    panel: Uint16Array,
    intensity: Float32Array,
    sigma: Float32Array,
    partiality: Float32Array,
    excitation: Float32Array,
    peak: Float32Array,
    background: Float32Array,
  });
  readonly #grid = new GridColumns();
  readonly #panels: readonly Panel[];
  readonly #files = new Map<string, number>();
  /** The copied header fields of all frames, as lines of a stream. */
  readonly #headerLines: string[] = [];
  /** The event of each frame in groups, `tag-1//`; empty for others. */
  readonly #eventNames: string[] = [];
  /** Whose the peaks are that were not found here. */
  readonly #spotsOf = new Set<string>();
  /** Whether the known cell had names of axes to choose from; other files have no column for them. */
  #anyNamed = false;

  constructor(panels: readonly Panel[]) {
    this.#panels = panels;
  }

  get peaks(): number {
    return this.#peak.fs.length;
  }

  get crystals(): number {
    return this.#crystal.frame.length;
  }

  add(record: FrameRecord): void {
    const number = this.#frame.serial.length;
    // Each table states where its rows begin in the next one, which therefore comes after it.
    this.#addFrame(record);
    this.#addPeaks(record);
    for (const crystal of record.crystals) this.#addCrystal(number, crystal);
  }

  #addFrame({ origin, hit, peaks, beam, headers = [], grid }: FrameRecord): void {
    const [frame, files] = [this.#frame, this.#files];
    if (!files.has(origin.filename)) files.set(origin.filename, files.size);
    frame.file.add([files.get(origin.filename) ?? 0]);
    frame.event.add([origin.event ?? 0]);
    frame.has_event.add([origin.event === undefined ? 0 : 1]);
    this.#eventNames.push(origin.tag ?? '');
    frame.serial.add([origin.serial]);
    frame.hit.add([hit ? 1 : 0]);
    frame.peaks_begin.add([this.peaks]);
    frame.peaks.add([peaks.count]);
    frame.wavelength.add([beam.wavelengthA]);
    const lines = headers.flatMap((header) => headerLine(header) ?? []);
    frame.header_lines.add([lines.length]);
    this.#headerLines.push(...lines);
    this.#grid.add(grid);
  }

  #addPeaks({ peaks, spots, crystals }: FrameRecord): void {
    if (peaks.of !== undefined) this.#spotsOf.add(peaks.of);
    const owner = new Int32Array(peaks.count).fill(-1);
    const hkl = new Int32Array(3 * peaks.count);
    // A peak that belongs to two lattices is assigned to the first.
    for (const [c, crystal] of crystals.entries())
      crystal.peaks.forEach((at, i) => {
        if (owner[at] !== -1) return;
        owner[at] = this.crystals + c;
        hkl.set(crystal.indices.subarray(3 * i, 3 * i + 3), 3 * at);
      });
    for (const name of found) this.#peak[name].add(peaks[name]);
    this.#peak.q.add(spots);
    this.#peak.crystal.add(owner);
    this.#peak.hkl.add(hkl);
  }

  #addCrystal(frame: number, crystalRecord: FrameRecord['crystals'][number]): void {
    const crystal = this.#crystal;
    crystal.frame.add([frame]);
    crystal.cell.add(crystalRecord.cell.flat());
    crystal.lengths.add(crystalRecord.lengths);
    crystal.angles.add(crystalRecord.angles);
    crystal.probability.add([crystalRecord.probability]);
    crystal.rivals.add([crystalRecord.rivals.length]);
    crystal.residual.add([crystalRecord.residual]);
    crystal.profile_radius.add([crystalRecord.profileRadius]);
    crystal.resolution.add([1 / crystalRecord.resolution]);
    crystal.peaks.add([crystalRecord.peaks.length]);
    crystal.reflections_begin.add([this.#reflection.fs.length]);
    crystal.reflections.add([crystalRecord.reflections ?? 0]);
    crystal.overlapping.add([crystalRecord.overlapping]);
    crystal.named.add([Number(crystalRecord.named)]);
    this.#anyNamed ||= crystalRecord.named;
    if (!crystalRecord.table) return;
    const columns = reflectionColumns(crystalRecord.table);
    this.#reflection.hkl.add(columns.h.flatMap((h, i) => [h, columns.k[i] ?? 0, columns.l[i] ?? 0]));
    const panelOf = (i: number): Panel | undefined => this.#panels[columns.panel[i] as number];
    const { fs, ss } = columns;
    const placed = {
      ...columns,
      fs: fs.map((x, i) => x + (panelOf(i)?.minFs ?? 0)),
      ss: ss.map((x, i) => x + (panelOf(i)?.minSs ?? 0)),
    };
    for (const name of measured) this.#reflection[name].add(placed[name]);
  }

  /** The groups of the file. */
  nodes(): Readonly<Record<string, WriteNode>> {
    const names = [...this.#files.keys()].map((name, i) => [`file_${i}`, { value: name }] as const);
    const { named, ...crystal } = this.#crystal;
    return {
      files: { attributes: { NX_class: 'NXcollection' }, children: Object.fromEntries(names) },
      header_lines: { value: this.#headerLines.join('\n') },
      ...(this.#eventNames.some((name) => name !== '') && { event_names: { value: this.#eventNames.join('\n') } }),
      frames: this.#grid.within(groupOf(this.#frame)),
      // The line `ewald/spots_of` of a stream.
      peaks: groupOf(this.#peak, this.#spotsOf.size > 0 ? { spots_of: [...this.#spotsOf].join(', ') } : {}),
      crystals: groupOf(this.#anyNamed ? { ...crystal, named } : crystal),
      reflections: groupOf(this.#reflection),
    };
  }
}

/** What the file states about the run as a whole. */
export interface RunDescription {
  /** The name of the file in messages. */
  readonly file: string;
  readonly commandLine: string;
  /** The head that a stream of the run has, with its geometry and target cell. */
  readonly streamHead: string;
  /** Relative width of the spectrum. */
  readonly bandwidth: number;
  /** The panels in the array of a frame. */
  readonly panels: readonly Panel[];
  /** Its regions, if there are any. */
  readonly regions?: RegionTable | undefined;
  /** Which radial profiles it holds, if frames have them. */
  readonly profileFrames?: ProfileOptions['frames'];
}

/** Collects a run; the file is written when it closes. */
export function hdf5Sink(
  target: Output,
  { file, commandLine, streamHead, bandwidth, panels, regions, profileFrames }: RunDescription,
  openCodecs: () => Promise<Codecs>,
): FrameSink {
  const output = target.patch ? target : patchedOutput(target);
  const tables = new RunTables(panels);
  const profiles = new ProfileGroups(profileFrames);
  return {
    isOfWholeRun: true,
    async add(record) {
      tables.add(record);
      regions?.add(record);
      profiles.add(record);
    },
    async close(isWhole) {
      let name = file;
      const codecs = await openCodecs();
      try {
        const sink = {
          append: (bytes: Uint8Array) => output.write(bytes),
          patch: async (at: number, bytes: Uint8Array) => output.patch?.(at, bytes),
        };
        const writer = await Hdf5Writer.create(sink, codecs);
        const entry: WriteNode = {
          attributes: { NX_class: 'NXentry' },
          children: {
            program_name: { value: `ewald ${version}` },
            command_line: { value: commandLine },
            stream_head: { value: streamHead },
            bandwidth: { value: bandwidth },
            ...tables.nodes(),
            ...regions?.nodes(),
            ...profiles.nodes(),
          },
        };
        await writer.finish({ entry }, { default: 'entry' });
        name = await closeOutput(output, file, isWhole);
      } finally {
        await codecs.dispose();
      }
      return `${counted(tables.peaks, 'peak')} and ${counted(tables.crystals, 'crystal')} in ${name}`;
    },
    discard: () => output.discard(),
  };
}
