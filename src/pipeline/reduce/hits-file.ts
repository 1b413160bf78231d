/** A file of hits: NXmx and CXI at once, whose two trees are names of the same arrays. */

import type { Codecs } from '../../bytes/codecs/codecs.js';
import type { DataType, FrameArray } from '../../bytes/dtype.js';
import { photonEnergyOf } from '../../crystal/geometry/geometry.js';
import type { Metadata } from '../../frames/dataset.js';
import { nxmxTree } from '../../frames/hdf5/nxmx.js';
import { type FrameSeries, type Hdf5Sink, Hdf5Writer, type Packing, type WriteNode } from '../../hdf5/writer.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { version } from '../../util/version.js';
import type { CopiedHeader } from '../inputs/copied-headers.js';
import { Column } from '../sinks/column.js';
import type { FirstPlace } from './first-numbers.js';
import { beamNames } from './hits-geometry.js';

/** How frames of a file of hits are compressed. */
export const codecs = { bslz4: 'bitshuffle', bszstd: 'bitshuffleZstd', gzip: 'shuffledGzip' } as const satisfies Record<
  string,
  Packing
>;
export type HitsCodec = keyof typeof codecs;

/** Why a frame is in the file. */
export const keptAs = { hit: 1, blank: 2, whole: 3 } as const;

/** A frame of a file of hits. */
export interface KeptFrame {
  readonly pixels: FrameArray;
  readonly as: keyof typeof keptAs;
  readonly place: FirstPlace;
  readonly wavelengthA: number;
  readonly distanceM: number;
  readonly peaks: Pick<PeakList, 'count' | 'fs' | 'ss' | 'intensity'>;
  readonly headers: readonly CopiedHeader[];
}

/** What a file of hits says besides its frames. */
export interface HitsDescription {
  readonly meta: Metadata;
  /** 1 where a pixel has no count, [ss, fs]. */
  readonly mask: Uint8Array;
  readonly saturation: Float32Array | undefined;
  readonly geometry: string;
  readonly commandLine: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly framesInRun: number;
  /** Further members of the group of the reduction. */
  readonly more: Readonly<Record<string, WriteNode>>;
}

/** Peaks whose rows are made at once. */
const rowsAtOnce = 256;
/** With which a file of hits begins, behind its superblock. */
export const hitsMark = 'ewald hits';

export class HitsFile {
  readonly #writer: Hdf5Writer;
  readonly #frames: FrameSeries;
  readonly #signal: readonly [height: number, width: number];
  readonly #program: WriteNode & { readonly value: string };
  readonly #proof: { readonly node: WriteNode; readonly at: number } | undefined;
  readonly #number = new Column<bigint>(BigUint64Array);
  readonly #serial = new Column(Uint32Array);
  readonly #source = new Column(Uint32Array);
  readonly #as = new Column(Uint8Array);
  readonly #peaks = { count: [] as number[], fs: new Column(Float32Array), ss: new Column(Float32Array) };
  readonly #intensity = new Column(Float32Array);
  readonly #energy: number[] = [];
  readonly #distance: number[] = [];
  readonly #sources = new Map<string, number>();
  readonly #headers = new Map<string, (number | string)[]>();

  private constructor(
    writer: Hdf5Writer,
    program: WriteNode & { readonly value: string },
    frames: FrameSeries,
    signal: readonly [number, number],
    proof: { readonly node: WriteNode; readonly at: number } | undefined,
  ) {
    [this.#writer, this.#program, this.#frames, this.#signal] = [writer, program, frames, signal];
    this.#proof = proof;
  }

  /** Begins a file of frames [height, width]. */
  static async create(
    sink: Hdf5Sink,
    tools: Codecs,
    {
      signal,
      dtype,
      codec,
      proof = 0,
    }: {
      readonly signal: readonly [number, number];
      readonly dtype: DataType;
      readonly codec: HitsCodec;
      /** Bytes that are reserved for a proof, which is made when the file is complete. Default: none. */
      readonly proof?: number | undefined;
    },
  ): Promise<HitsFile> {
    const writer = await Hdf5Writer.create(sink, tools, { checksums: true });
    const program = { value: `${hitsMark} ${version}` };
    await writer.ahead(program);
    const frames = writer.series({ signal: [...signal], dtype, packing: codecs[codec], checksums: true });
    const node = { value: ' '.repeat(proof) };
    return new HitsFile(
      writer,
      program,
      frames,
      signal,
      proof > 0 ? { node, at: await writer.ahead(node) } : undefined,
    );
  }

  /** Where the bytes are that were reserved for a proof; undefined without any. */
  get proofAt(): number | undefined {
    return this.#proof?.at;
  }

  /** Frames so far. */
  get frames(): number {
    return this.#frames.written;
  }

  /** Whether photon energies, or distances, differ between the frames so far. */
  get varies(): { readonly energy: boolean; readonly distance: boolean } {
    const differ = (values: readonly number[]): boolean => values.some((value) => value !== values[0]);
    return { energy: differ(this.#energy), distance: differ(this.#distance) };
  }

  async add({ pixels, as, place, wavelengthA, distanceM, peaks, headers }: KeptFrame): Promise<void> {
    await this.#frames.write(pixels);
    this.#number.add([BigInt(place.frame)]);
    this.#serial.add([place.serial]);
    const source = this.#sources.get(place.source) ?? this.#sources.size;
    this.#sources.set(place.source, source);
    this.#source.add([source]);
    this.#as.add([keptAs[as]]);
    this.#energy.push(photonEnergyOf(wavelengthA));
    this.#distance.push(distanceM);
    this.#peaks.count.push(peaks.count);
    this.#peaks.fs.add(peaks.fs.subarray(0, peaks.count));
    this.#peaks.ss.add(peaks.ss.subarray(0, peaks.count));
    this.#intensity.add(peaks.intensity.subarray(0, peaks.count));
    for (const header of headers) {
      const values = this.#headers.get(header.name) ?? [];
      this.#headers.set(header.name, values);
      // A frame without the field has no number and an empty text.
      while (values.length < this.frames - 1) values.push('');
      values.push(header.missing === undefined ? header.value : '');
    }
  }

  /** Completes the file; returns its size in bytes. */
  async finish(description: HitsDescription): Promise<number> {
    const { meta, mask } = description;
    const tree = nxmxTree({ frames: this.#frames, meta, mask });
    const entry = tree.entry as Group;
    const data = member(entry, 'data', 'data');
    const inFile = member(entry, 'instrument', 'detector', 'pixel_mask');
    const reduction: WriteNode = { attributes: { NX_class: 'NXprocess' }, children: this.#reduction(description) };
    const children: Record<string, WriteNode> = {
      entry: { ...entry, children: { ...this.#withWavelengths(entry).children, reduction } },
      cxi_version: { value: Int32Array.of(150), shape: [] },
      entry_1: {
        children: {
          data_1: { children: { data, mask: inFile } },
          result_1: { children: await this.#peakColumns() },
        },
      },
    };
    for (const [name, values] of this.#headers) addAt(children, name, fieldNode(values, this.frames));
    return this.#writer.finish(children, { default: 'entry' });
  }

  /** The wavelength of each frame, where they differ. */
  #withWavelengths(entry: Group): Group {
    if (!this.varies.energy) return entry;
    const value = Float64Array.from(this.#energy, photonEnergyOf);
    const incident: WriteNode = { value, attributes: { units: 'angstrom' } };
    const instrument = member(entry, 'instrument') as Group;
    const beam = member(instrument, 'beam') as Group;
    const lit: Group = { ...beam, children: { ...beam.children, incident_wavelength: incident } };
    return {
      ...entry,
      children: { ...entry.children, instrument: { ...instrument, children: { ...instrument.children, beam: lit } } },
    };
  }

  #reduction(description: HitsDescription): Record<string, WriteNode> {
    const { saturation, geometry, commandLine, parameters, framesInRun, more } = description;
    const meanings = Object.entries(keptAs).map(([name, number]) => `${number}: ${name}`);
    return {
      program: this.#program,
      command_line: { value: commandLine },
      parameters: { value: JSON.stringify(parameters) },
      geometry: { value: geometry },
      frames_in_run: { value: Uint32Array.of(framesInRun), shape: [] },
      frame: this.#number.node([], { long_name: 'number of the frame in its source, from 0' }),
      serial: this.#serial.node([], { long_name: 'serial number in the run' }),
      source: { value: [...this.#sources.keys()], attributes: { long_name: 'files of the frames' } },
      source_index: this.#source.node([], { long_name: 'which of the sources' }),
      kept: this.#as.node([], { long_name: meanings.join(', ') }),
      [beamNames.energy]: { value: Float64Array.from(this.#energy), attributes: { units: 'eV' } },
      [beamNames.distance]: { value: Float64Array.from(this.#distance), attributes: { units: 'm' } },
      ...(this.#proof && { proof: this.#proof.node }),
      ...(saturation && { saturation: { value: saturation, shape: this.#signal } }),
      ...more,
    };
  }

  /** The columns of CXI, which count from the centre of the first pixel. */
  async #peakColumns(): Promise<Record<string, WriteNode>> {
    const { count, fs, ss } = this.#peaks;
    const most = count.reduce((all, n) => Math.max(all, n), 1);
    const columns = {
      peakXPosRaw: [fs, 0.5],
      peakYPosRaw: [ss, 0.5],
      peakTotalIntensity: [this.#intensity, 0],
    } as const;
    const nodes: Record<string, WriteNode> = { nPeaks: { value: Int32Array.from(count) } };
    for (const [name, [column, shift]] of Object.entries(columns)) {
      const series = this.#writer.series({ signal: [most], dtype: 'f32', packing: 'none', checksums: true });
      const values = column.values as Float32Array;
      let at = 0;
      for (let first = 0; first < count.length; first += rowsAtOnce) {
        const rows = count.slice(first, first + rowsAtOnce);
        const table = new Float32Array(rows.length * most);
        for (const [row, n] of rows.entries()) {
          for (let i = 0; i < n; i++) table[row * most + i] = (values[at + i] as number) - shift;
          at += n;
        }
        await series.write(table);
      }
      nodes[name] = { frames: series };
    }
    return nodes;
  }
}

type Group = Extract<WriteNode, { children: unknown }>;

function member(group: WriteNode, ...path: readonly string[]): WriteNode {
  return path.reduce((node, name) => (node as Group).children[name] as WriteNode, group);
}

/** Puts a node at a path, unless something is there. */
function addAt(children: Record<string, WriteNode>, path: string, node: WriteNode): void {
  const [name = '', ...rest] = path.split('/').filter((part) => part !== '' && part !== '.');
  if (name === '') return;
  const there = children[name];
  if (rest.length === 0) {
    children[name] ??= node;
    return;
  }
  if (there !== undefined && !('children' in there)) return;
  const inner = { ...there?.children };
  addAt(inner, rest.join('/'), node);
  children[name] = { ...there, children: inner };
}

/** A field of the frames' headers, with one value for each frame. */
function fieldNode(values: readonly (number | string)[], frames: number): WriteNode {
  const all = Array.from({ length: frames }, (_, i) => values[i] ?? '');
  const areNumbers = all.every((value) => typeof value === 'number' || value === '');
  return {
    value: areNumbers
      ? Float64Array.from(all, (value) => (value === '' ? Number.NaN : Number(value)))
      : all.map(String),
  };
}
