/**
 * Frames of Gatan's K2 IS. Source: LiberTEM's description of the format.
 *
 * Each of eight files has the blocks of one sector of the detector, 1860 rows of 256 columns: 32 blocks a frame, each
 * of 930 rows of 16 columns of 12 bits, the rightmost columns first, the upper half before the lower one. The sectors
 * do not begin with the same block, and a recording may begin and end in the middle of a frame.
 */

import { badFile } from '../../bytes/bad-file.js';
import { type ByteSource, baseName, closingOnError, openSiblingIfExists } from '../../bytes/byte-source.js';
import { formatFirstFrames } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { Pace } from '../../util/pace.js';
import type { Dataset, Note } from '../dataset.js';
import type { FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { navigationShape } from '../shapes.js';
import { readTags, tagAt } from './dm-tags.js';
import { blockBytes, blockMark } from './k2is-block.js';

const headerBytes = 40;
const [blockRows, blockColumns] = [930, 16];
/** Blocks of a frame in a sector, and of one row of blocks. */
const [blocksPerFrame, blocksPerRow] = [32, 16];
const sectors = 8;
const [rows, sectorColumns] = [2 * blockRows, blocksPerRow * blockColumns];
const columns = sectors * sectorColumns;
/** Maximum difference between the first, or the last, blocks of the sectors. */
const maxSkipped = 4096;
/** Frames that are examined for the first one with an open shutter. */
const maxClosed = 4096;

/** The fields of a block's header that are used. */
interface BlockHeader {
  readonly count: number;
  readonly frame: number;
  /** Whether the shutter was open. */
  readonly open: boolean;
}

/** A sector and the range of its blocks that is used. */
interface Sector {
  readonly source: ByteSource;
  /** Whole blocks of the file. */
  readonly blocks: number;
  first: number;
  /** The block after the last used one. */
  end: number;
}

/** Opens the eight files that belong to one of them, or to a .gtg. */
export async function openK2is(source: ByteSource, options: FormatOptions): Promise<Dataset> {
  const others: ByteSource[] = [];
  return closingOnError(others, async () => {
    const own = baseName(source.name);
    const stem = own.replace(/\d*\.(bin|gtg)$/i, '');
    const list: Sector[] = [];
    for (let i = 1; i <= sectors; i++) {
      const name = `${stem}${i}.bin`;
      const file = name === own ? source : await openSiblingIfExists(source, name, options);
      if (!file)
        throw new EwaldError('File', `${name} does not exist; a K2 IS has eight files, ${stem}1.bin to ${stem}8.bin`, {
          detail: { path: source.name, needs: name },
        });
      if (file !== source) others.push(file);
      const blocks = Math.floor(file.size / blockBytes);
      if (blocks === 0)
        throw badFile(file, `the file has ${file.size} bytes; a block has ${blockBytes}. Is it truncated?`);
      list.push({ source: file, blocks, first: 0, end: blocks });
    }
    const { signal } = options;
    await align(list, signal);
    const notes: Note[] = [];
    const all = framesOf(list);
    const closed = await countClosedFrames(list, all, signal);
    if (closed === all)
      notes.push({ kind: 'guess', text: 'no frame was recorded with an open shutter: all of them are used' });
    else {
      for (const sector of list) sector.first += closed * blocksPerFrame;
      if (closed > 0)
        notes.push({
          kind: 'guess',
          text: `${formatFirstFrames(closed)}, with a closed shutter, ${closed === 1 ? 'is' : 'are'} omitted`,
        });
    }
    const frames = framesOf(list);
    const scan = await scanOf(source, stem, options);
    const stated = scan?.reduce((a, b) => a * b, 1);
    if (scan && stated !== frames)
      notes.push({
        kind: 'warning',
        text: `the .gtg states a scan of ${scan.join(' × ')}, but there are ${frames} frames: they are one series`,
        option: 'navShape',
      });
    else if (!scan)
      notes.push({ kind: 'guess', text: `there is no ${stem}.gtg with a scan: one series`, option: 'navShape' });
    return openFrames(source, {
      format: 'k2is',
      shape: {
        nav: navigationShape(source, frames, scan && stated === frames ? scan : [frames], options),
        sig: [rows, columns],
      },
      dtype: 'u16',
      meta: { maker: 'Gatan', detector: 'K2 IS', bitDepth: 12, saturation: 4094, header: { stem } },
      notes,
      sizes: stated === undefined ? [] : [{ what: 'frames', expected: stated, found: frames }],
      sources: others,
      readFrame: (frame, into, abort) => readFrame(list, frame, into, abort),
    });
  });
}

/** The header of a block. Throws `Format` for other bytes. */
function blockOf(bytes: Uint8Array, { source }: Sector, index: number): BlockHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [mark, width, height] = [view.getUint32(0), view.getUint16(20), view.getUint16(22)];
  if (mark !== blockMark || width !== sectorColumns || height !== rows)
    throw badFile(
      source,
      `block ${index} begins with 0x${mark.toString(16)} and states ${height} × ${width} pixels; expected ` +
        `0xffff0055 and ${rows} × ${sectorColumns}`,
      { block: index, offset: index * blockBytes },
    );
  return { count: view.getUint32(16), frame: view.getUint32(24), open: (view.getUint8(9) & 1) !== 0 };
}

async function headerAt(sector: Sector, index: number, signal: PlatformSignal | undefined): Promise<BlockHeader> {
  if (index < 0 || index >= sector.blocks)
    throw badFile(sector.source, 'its blocks do not continue those of the other sectors. Is it truncated?', {
      block: index,
    });
  return blockOf(await sector.source.read(index * blockBytes, headerBytes, { signal }), sector, index);
}

/** The block nearest to `from` that satisfies a condition, forwards or backwards. */
async function findBlock(
  sector: Sector,
  from: number,
  step: 1 | -1,
  signal: PlatformSignal | undefined,
  condition: (block: BlockHeader) => boolean,
): Promise<number> {
  for (let at = from; Math.abs(at - from) < maxSkipped; at += step)
    if (condition(await headerAt(sector, at, signal))) return at;
  throw badFile(sector.source, `its blocks differ by more than ${maxSkipped} from those of the other sectors`);
}

/** Sets all sectors to the first whole frame that they have in common, and to the end of the last one. */
async function align(list: readonly Sector[], signal: PlatformSignal | undefined): Promise<void> {
  for (const step of [1, -1] as const) {
    const ends = (sector: Sector): number => (step === 1 ? sector.first : sector.end - 1);
    const set = (sector: Sector, at: number): void => {
      if (step === 1) sector.first = at;
      else sector.end = at + 1;
    };
    // Blocks with the same count belong together.
    const counts: number[] = [];
    for (const sector of list) counts.push((await headerAt(sector, ends(sector), signal)).count);
    const common = step === 1 ? Math.max(...counts) : Math.min(...counts);
    for (const sector of list)
      set(sector, await findBlock(sector, ends(sector), step, signal, ({ count }) => count === common));
    // A frame that is not whole in one of them is omitted.
    const [one] = list as [Sector, ...Sector[]];
    const { frame } = await headerAt(one, ends(one), signal);
    let isWhole = true;
    for (const sector of list) {
      const last = await headerAt(sector, ends(sector) + step * (blocksPerFrame - 1), signal).catch(() => undefined);
      isWhole &&= last?.frame === frame;
    }
    if (isWhole) continue;
    for (const sector of list)
      set(sector, await findBlock(sector, ends(sector), step, signal, (block) => block.frame !== frame));
  }
  const [one] = list as [Sector, ...Sector[]];
  const { frame } = await headerAt(one, one.first, signal);
  for (const sector of list) {
    const first = await headerAt(sector, sector.first, signal);
    const last = await headerAt(sector, sector.first + blocksPerFrame - 1, signal);
    if (first.frame !== frame || last.frame !== frame || sector.end - sector.first < blocksPerFrame)
      throw badFile(
        sector.source,
        `its first whole frame has the numbers ${first.frame} and ${last.frame}, that of the other sectors ${frame}: ` +
          'the sectors cannot be aligned',
      );
  }
}

const framesOf = (list: readonly Sector[]): number =>
  Math.min(...list.map(({ first, end }) => Math.floor((end - first) / blocksPerFrame)));

/** Number of frames before the shutter was opened; all of them if it never was. */
async function countClosedFrames(
  [sector]: readonly Sector[],
  frames: number,
  signal: PlatformSignal | undefined,
): Promise<number> {
  if (!sector) return frames;
  for (let frame = 0; frame < Math.min(frames, maxClosed); frame++)
    if ((await headerAt(sector, sector.first + frame * blocksPerFrame, signal)).open) return frame;
  return frames;
}

/** The scan that the .gtg states. */
async function scanOf(source: ByteSource, stem: string, options: FormatOptions): Promise<number[] | undefined> {
  const own = /\.gtg$/i.test(source.name);
  const tags = own ? source : await openSiblingIfExists(source, `${stem}.gtg`, options);
  if (!tags) return undefined;
  try {
    const { root } = await readTags(tags, options.signal);
    const scan = ['Size Y', 'Size X'].map((name) => Number(tagAt(root, 'SI Dimensions', name)));
    return scan.every((n) => Number.isSafeInteger(n) && n > 0) ? scan : undefined;
  } finally {
    if (!own) await tags.close();
  }
}

async function readFrame(
  list: readonly Sector[],
  frame: number,
  into: Uint8Array,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const out = new Uint16Array(into.buffer, into.byteOffset, rows * columns);
  const pace = new Pace(signal);
  let number: number | undefined;
  for (const [i, sector] of list.entries()) {
    const first = sector.first + frame * blocksPerFrame;
    const bytes = await sector.source.read(first * blockBytes, blocksPerFrame * blockBytes, { signal });
    for (let b = 0; b < blocksPerFrame; b++) {
      const block = bytes.subarray(b * blockBytes, (b + 1) * blockBytes);
      const { frame: found } = blockOf(block, sector, first + b);
      number ??= found;
      if (found !== number)
        throw badFile(
          sector.source,
          `block ${first + b} belongs to the frame with number ${found}; expected ${number}: blocks are missing`,
          { block: first + b },
        );
      const x = i * sectorColumns + blockColumns * (blocksPerRow - 1 - (b % blocksPerRow));
      unpack(block.subarray(headerBytes), out, blockRows * Math.floor(b / blocksPerRow) * columns + x);
    }
    if (pace.due) await pace.rest(signal);
  }
}

/** Pairs of 12 bits, little-endian, into rows of the frame. */
function unpack(packed: Uint8Array, out: Uint16Array, start: number): void {
  let from = 0;
  for (let row = 0; row < blockRows; row++) {
    let to = start + row * columns;
    for (let pair = 0; pair < blockColumns / 2; pair++) {
      const [a, b, c] = [packed[from] as number, packed[from + 1] as number, packed[from + 2] as number];
      out[to] = a | ((b & 15) << 8);
      out[to + 1] = (b >> 4) | (c << 4);
      from += 3;
      to += 2;
    }
  }
}
