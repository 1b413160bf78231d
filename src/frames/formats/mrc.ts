/** MRC and CCP4 maps (MRC2014): a header of 1024 bytes, an extended header, then sections. */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { type DataType, elementBytes } from '../../bytes/dtype.js';
import { argumentError } from '../../options/parameters.js';
import { Cursor, cString } from '../cursor.js';
import type { Metadata, Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { notesOnNumbers } from '../numbers-doubt.js';
import { checkHeaderSize, countStated, navigationShape } from '../shapes.js';

const headerBytes = 1024;
/** Modes 3 (complex 16-bit integers), 16 (colour) and 101 (4 bits) are rejected by name. */
const modes: Readonly<Record<number, DataType>> = {
  0: 'i8',
  1: 'i16',
  2: 'f32',
  4: 'c64',
  6: 'u16',
  12: 'f16',
};

export const mrc: Format = {
  name: 'mrc',
  title: 'MRC / CCP4 map',
  endings: ['mrc', 'mrcs', 'map', 'ccp4', 'st', 'ali', 'rec'],
  options: ['endian', 'dtype'],
  detect({ head, text, ending, source }) {
    if (source.size < headerBytes) return undefined;
    if (text.slice(208, 211) === 'MAP') return { confidence: 0.95, why: "'MAP' at byte 208" };
    // Files from before 2000 have neither marker nor stamp; their sizes must be consistent.
    const view = new DataView(head.buffer, head.byteOffset);
    const little = orderOf(view, undefined);
    const [nx, ny, nz, mode] = [0, 4, 8, 12].map((at) => view.getInt32(at, little)) as [number, number, number, number];
    const dtype = modes[mode];
    const extended = view.getInt32(92, little);
    if (!dtype || nx < 1 || ny < 1 || nz < 1 || extended < 0) return undefined;
    if (headerBytes + extended + nx * ny * nz * elementBytes(dtype) !== source.size) return undefined;
    const sure = mrc.endings.includes(ending) ? 0.8 : 0.4;
    return { confidence: sure, why: `a header of ${nx} × ${ny} × ${nz}, mode ${mode}, that fits the size of the file` };
  },
  async open(source, options) {
    const header = await readMrcHeader(source, options);
    const { nx, ny, nz: stated, dtype } = header;
    const offset = headerBytes + header.extended;
    const storedBytes = nx * ny * elementBytes(dtype);
    const counted = countStated(source, { offset, bytes: storedBytes, stated });
    const nz = counted.frames;
    const { volumes, navigation, notes } = volumesOf({ ...header, nz });
    const numbers = { offset, bytes: storedBytes, dtype, little: header.little };
    const doubts = options.endian ? await notesOnNumbers(source, numbers) : [];
    return openFrames(source, {
      format: 'mrc',
      shape: { nav: navigationShape(source, nz, navigation, options), sig: [ny, nx] },
      dtype,
      meta: mrcMetadata({ ...header, nz }, volumes),
      notes: [...notes, ...counted.notes, ...doubts],
      sizes: counted.sizes,
      offset,
      little: header.little,
    });
  },
};

/** Byte order from the machine stamp ('D' little, 0x11 big), otherwise the one that makes the mode valid. */
function orderOf(view: DataView, endian: FormatOptions['endian']): boolean {
  if (endian) return endian === 'little';
  const stamp = view.getUint8(212);
  if (stamp === 0x44) return true;
  if (stamp === 0x11) return false;
  return (view.getInt32(12, true) & 0xffff00) === 0;
}

/** What IMOD states of bytes: its stamp at byte 152, then its flags; undefined in files of other programs. */
function imodOf(
  view: DataView,
  little: boolean,
): { readonly isSigned: boolean; readonly isPacked: boolean } | undefined {
  if (view.getInt32(152, little) !== 0x444f4d49) return undefined;
  const flags = view.getInt32(156, little);
  return { isSigned: (flags & 1) !== 0, isPacked: (flags & 16) !== 0 };
}

/** The fields of a header; triples are of columns, rows and sections. */
interface Header {
  readonly nx: number;
  readonly ny: number;
  readonly nz: number;
  readonly mode: number;
  readonly dtype: DataType;
  /** Whether nothing says that bytes have a sign or none. */
  readonly isSignOpen: boolean;
  readonly little: boolean;
  readonly starts: readonly number[];
  readonly samples: readonly number[];
  readonly lengths: readonly number[];
  readonly order: readonly number[];
  readonly spaceGroup: number;
  /** Bytes of the extended header, and its kind. */
  readonly extended: number;
  readonly kind: string;
  readonly labels: readonly string[];
}

async function readMrcHeader(source: ByteSource, options: FormatOptions): Promise<Header> {
  const { signal } = options;
  const bytes = await source.read(0, headerBytes, { signal });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = orderOf(view, options.endian);
  const cursor = new Cursor(source, 0, signal);
  cursor.little = little;
  const nx = checkHeaderSize(source, 'nx', await cursor.i32());
  const ny = checkHeaderSize(source, 'ny', await cursor.i32());
  const nz = checkHeaderSize(source, 'nz', await cursor.i32());
  const mode = await cursor.i32();
  const stored = modes[mode];
  if (!stored)
    throw badFile(
      source,
      `mode ${mode} cannot be read; expected one of ${Object.keys(modes).join(', ')}. Is it an MRC file?`,
    );
  const imod = imodOf(view, little);
  if (mode === 0 && imod?.isPacked) throw badFile(source, 'bytes of two numbers (IMOD) cannot be read');
  const isUnsigned = mode === 0 && imod !== undefined && !imod.isSigned;
  if (options.dtype !== undefined && options.dtype !== stored && !(mode === 0 && options.dtype === 'u8'))
    throw argumentError(
      '',
      (said) =>
        `${source.name}: mode ${mode} is ${stored}${mode === 0 ? ', or u8' : ''}; omit ${said('dtype')}, which is ` +
        `${options.dtype}`,
    );
  const dtype = mode === 0 ? ((options.dtype ?? (isUnsigned ? 'u8' : 'i8')) as DataType) : stored;
  const isSignOpen = mode === 0 && options.dtype === undefined && !imod;
  const starts = [await cursor.i32(), await cursor.i32(), await cursor.i32()];
  const samples = [await cursor.i32(), await cursor.i32(), await cursor.i32()];
  const lengths = [await cursor.f32(), await cursor.f32(), await cursor.f32()];
  cursor.at = 64;
  const order = [await cursor.i32(), await cursor.i32(), await cursor.i32()];
  cursor.at = 88;
  const spaceGroup = await cursor.i32();
  const extended = checkHeaderSize(source, 'the extended header', await cursor.i32(), 0, source.size);
  cursor.at = 104;
  const kind = cString(await cursor.text(4)).trim();
  cursor.at = 220;
  const count = Math.min(10, Math.max(0, await cursor.i32()));
  const labels: string[] = [];
  for (let i = 0; i < count; i++) labels.push(cString(await cursor.text(80)).trim());
  return {
    nx,
    ny,
    nz,
    mode,
    dtype,
    isSignOpen,
    little,
    starts,
    samples,
    lengths,
    order,
    spaceGroup,
    extended,
    kind,
    labels,
  };
}

/** The volumes of a stack and its navigation shape; `volumes` is 1 if the sections are not divided. */
function volumesOf(header: Header): { volumes: number; navigation: readonly number[]; notes: Note[] } {
  const { nz, isSignOpen, samples, spaceGroup, kind } = header;
  const notes: Note[] = [];
  // MRC2014: space groups 401 and above are stacks of volumes with mz sections each.
  const sections = samples[2] as number;
  const stack = spaceGroup >= 401 && spaceGroup <= 630;
  const volumes = stack && sections > 0 && nz % sections === 0 ? nz / sections : 1;
  if (stack && volumes === 1 && sections !== nz)
    notes.push({
      kind: 'warning',
      text: `a stack of volumes (space group ${spaceGroup}) of ${sections} sections each, but there are ${nz} sections`,
      option: 'navShape',
    });
  if (isSignOpen)
    notes.push({
      kind: 'guess',
      text: 'mode 0 is read as signed bytes (MRC2014); old cameras wrote unsigned bytes',
      option: 'dtype',
    });
  if (stack && volumes * sections === nz) return { volumes, navigation: [volumes, sections], notes };
  // A FEI file with one image is an image.
  return { volumes, navigation: nz === 1 && kind.startsWith('FEI') ? [] : [nz], notes };
}

function mrcMetadata(header: Header, volumes: number): Metadata {
  const { nx, ny, nz, mode, starts, samples, lengths, order, spaceGroup, extended, kind, labels } = header;
  // Voxels are stated for columns, rows and sections of the unit cell; names follow the axis along which they run.
  const voxel = lengths.map((length, i) => (samples[i] ? length / (samples[i] as number) : 0));
  const axis = (place: number, size: number): { name: string; size: number; scale?: number; unit?: string } => {
    const along = (order[place] ?? 0) - 1;
    const scale = voxel[along >= 0 && along < 3 ? along : place];
    return { name: 'xyz'[along] ?? 'xyz'[place] ?? '', size, ...(scale ? { scale, unit: 'Å' } : {}) };
  };
  return {
    ...(kind ? { maker: kind } : {}),
    axes: [...(volumes > 1 ? [{ name: '', size: volumes }] : []), axis(2, nz / volumes), axis(1, ny), axis(0, nx)],
    header: {
      mode,
      starts,
      samples,
      cellLengthsA: lengths,
      axisOrder: order,
      spaceGroup,
      extendedBytes: extended,
      extendedKind: kind,
      labels,
    },
  };
}
