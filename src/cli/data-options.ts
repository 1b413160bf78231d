/** Options of the commands that open frames: they override or complete what a file states. */
import type { Command } from 'commander';
import { dataTypes, EwaldError, type OpenOptions } from '../entries/data.node.js';
import { choice } from '../entries/shell.node.js';
import { parseCount } from './output.js';

/** Flags as parsed by commander. */
export interface DataFlags {
  format?: string;
  navShape?: string;
  sigShape?: string;
  dtype?: string;
  endian?: string;
  offset?: string;
  frameHeader?: string;
  frameFooter?: string;
  order?: string;
  dataset?: string;
  data?: string;
  maxFrameBytes?: string;
  allowOutside?: boolean;
  checksums?: boolean;
}

/** Description of the flag in every command that opens frames. */
export const noChecksums =
  'do not verify checksums in the file (CBF, HDF5, zip, TIFF): faster, but damage goes unnoticed';

/** Description of the flag in every command that opens frames. */
export const largestFrame = 'largest frame or chunk that is read; default 1073741824';

/** How frames are read, from the flags that every command with frames has. Throws `Argument`. */
export const readingOf = ({
  checksums,
  maxFrameBytes,
}: Pick<DataFlags, 'checksums' | 'maxFrameBytes'>): Pick<OpenOptions, 'checksums' | 'maxFrameBytes'> => ({
  checksums,
  maxFrameBytes: maxFrameBytes === undefined ? undefined : Number(parseCount(maxFrameBytes, '--max-frame-bytes')),
});

/** The flag that corresponds to an option of `open`, for messages. */
export const flagOf = (option: string): string =>
  `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Options of `open` as command-line arguments. */
export const openWords = (options: OpenOptions): string =>
  Object.entries(options)
    .map(([name, value]) => `${flagOf(name)} ${value}`)
    .join(' ');

/** Adds the flags to a command. */
export function withDataFlags(command: Command): Command {
  return command
    .option('--format <name>', 'the format of the file; default: recognised by its contents')
    .option('--nav-shape <n,…>', 'shape of the scan, slowest axis first: 128,128')
    .option('--sig-shape <n,…>', 'shape of a frame, slowest axis first: 256,256')
    .option('--dtype <name>', 'u8 … u64, i8 … i64, f16 … f64, c64, c128: for files that do not state it')
    .option('--endian <order>', 'little or big')
    .option('--offset <bytes>', 'raw: bytes before the first frame')
    .option('--frame-header <bytes>', 'raw: bytes before each frame')
    .option('--frame-footer <bytes>', 'raw: bytes after each frame')
    .option(
      '--order <axes>',
      'raw, dm, hdf5: which axes vary fastest, those of the frame (signal) or of the scan (navigation)',
    )
    .option('--dataset <name>', 'which array of a file that contains several: a name, an HDF5 path, a number from 0')
    .option('--data <name>', 'same as --dataset')
    .option('--max-frame-bytes <n>', largestFrame)
    .option('--allow-outside', 'allow the file to refer to files outside its folder')
    .option('--no-checksums', noChecksums);
}

/** Options of `open` from the flags. Throws `Argument`. */
export function openOptions(flags: DataFlags, signal: AbortSignal): OpenOptions {
  const shape = (text: string | undefined, flag: string): number[] | undefined => {
    if (text === undefined) return undefined;
    const numbers = text.split(/[,x×]/).map((word) => Number(word.trim() || Number.NaN));
    if (numbers.some((n) => !Number.isSafeInteger(n) || n < 1))
      throw new EwaldError('Argument', `${flag} is "${text}"; expected lengths separated by commas, such as 128,128`);
    return numbers;
  };
  const bytes = (text: string | undefined, flag: string): number | undefined =>
    text === undefined ? undefined : Number(parseCount(text, flag));
  const { dataset = flags.data } = flags;
  if (flags.dataset !== undefined && flags.data !== undefined)
    throw new EwaldError('Argument', '--data and --dataset are the same option; give only one');
  const named = <T extends string>(text: string | undefined, flag: string, known: readonly T[]): T | undefined =>
    text === undefined ? undefined : choice(flag, text as T, text as T, known);
  return {
    format: flags.format,
    navShape: shape(flags.navShape, '--nav-shape'),
    sigShape: shape(flags.sigShape, '--sig-shape'),
    dtype: named(flags.dtype, '--dtype', dataTypes),
    endian: named(flags.endian, '--endian', ['little', 'big']),
    offset: bytes(flags.offset, '--offset'),
    frameHeader: bytes(flags.frameHeader, '--frame-header'),
    frameFooter: bytes(flags.frameFooter, '--frame-footer'),
    order: named(flags.order, '--order', ['signal', 'navigation']),
    dataset: dataset !== undefined && /^\d+$/.test(dataset) ? Number(dataset) : dataset,
    allowOutside: flags.allowOutside,
    ...readingOf(flags),
    signal,
  };
}
