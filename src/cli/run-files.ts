/** Results of `ewald run` as files: .npy, .h5, .csv, and pictures. All are written whole or not at all. */
import { extname } from 'node:path';
import type { DataType, FrameArray } from '../data/dtype.js';
import { elements } from '../data/dtype.js';
import { Hdf5Writer, type WriteNode } from '../data/hdf5/writer.js';
import { openCodecs } from '../data/node.js';
import { npyHeadOf } from '../data/npy.js';
import { EwaldError } from '../errors.js';
import { checkOutput, openOutput, type WriteOptions, writeWhole } from '../files/write.js';
import { oneLine } from '../plain-text.js';
import { toRgba, vectorsToRgba } from '../udf/colormap.js';
import { type BufferArray, type BufferDtype, numbersOf, product } from '../udf/dtypes.js';
import { encodePng } from '../udf/png.js';
import { version } from '../version.js';

/** One array of results. */
export interface Named {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: BufferDtype;
  readonly data: BufferArray;
  /** Whether its first axes are those of the scan, and how many they are. */
  readonly navAxes: number;
  readonly log?: boolean;
  /** (y, x) of a vector a position. */
  readonly vectors?: boolean;
}

const endings = ['.npy', '.h5', '.hdf5', '.csv'];

/** Refuses an output that could not be written, before the work is done. */
export async function checkOutputs(
  output: string | undefined,
  png: string | undefined,
  writing: WriteOptions,
): Promise<void> {
  if (output !== undefined && !endings.includes(extname(output).toLowerCase()))
    throw new EwaldError(
      'Argument',
      `-o is "${output}"; it should end in ${endings.join(', ')}: the ending says the format`,
    );
  if (png !== undefined && extname(png).toLowerCase() !== '.png')
    throw new EwaldError('Argument', `--png is "${png}"; it should end in .png`);
  for (const file of [output, png]) if (file !== undefined) await checkOutput(file, writing);
}

/** `com.npy` and the name of one of several results: `com-curl.npy`. */
const beside = (file: string, name: string, alone: boolean): string =>
  alone ? file : `${file.slice(0, -extname(file).length)}-${fileWord(name)}${extname(file)}`;

/** The name of a result as a part of a file's name: it leads into no other folder. Throws `Argument`. */
function fileWord(name: string): string {
  if (!/[/\\]/.test(oneLine(name, 'the name of a result')) && name.length <= 200) return name;
  throw new EwaldError(
    'Argument',
    `the result ${JSON.stringify(name.slice(0, 80))} cannot be a part of a file's name; rename it`,
  );
}

/** Those that are pictures of two axes. */
const picturesOf = (results: readonly Named[]): Named[] =>
  results.filter(
    ({ shape, vectors, dtype }) =>
      !dtype.startsWith('c') && (shape.length === 2 || (vectors === true && shape.length === 3)),
  );

/** Refuses files that results would be written to one by one, before the work is done. */
export async function checkEach(
  output: string | undefined,
  png: string | undefined,
  results: readonly Named[],
  writing: WriteOptions,
): Promise<void> {
  const each = (file: string, of: readonly Named[]): string[] =>
    of.map(({ name }) => beside(file, name, of.length === 1));
  const files = [
    ...(output && extname(output).toLowerCase() === '.npy' ? each(output, results) : []),
    ...(png ? each(png, picturesOf(results)) : []),
  ];
  for (const file of files) await checkOutput(file, writing);
}

/** Writes the results; gives the files. */
export async function writeResults(file: string, results: readonly Named[], writing: WriteOptions): Promise<string[]> {
  const kind = extname(file).toLowerCase();
  if (kind === '.csv') {
    await writeWhole(file, csv(results), writing);
    return [file];
  }
  if (kind !== '.npy') {
    await writeHdf5(file, results, writing);
    return [file];
  }
  const files = results.map(({ name }) => beside(file, name, results.length === 1));
  for (const one of files) await checkOutput(one, writing);
  for (const [i, result] of results.entries()) await writeWhole(files[i] as string, npy(result), writing);
  return files;
}

function npy({ dtype, shape, data }: Named): Uint8Array {
  const numpy = dtype === 'bool' ? 'bool' : elements[dtype].numpy;
  const width = data.BYTES_PER_ELEMENT * numbersOf(dtype);
  const kind = dtype === 'bool' ? 'b' : numpy.startsWith('complex') ? 'c' : numpy[0];
  const head = npyHeadOf(`${width === 1 ? '|' : '<'}${kind}${width}`, shape);
  const out = new Uint8Array(head.length + data.byteLength);
  out.set(head);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), head.length);
  return out;
}

async function writeHdf5(file: string, results: readonly Named[], writing: WriteOptions): Promise<void> {
  const output = await openOutput(file, writing);
  const { patch } = output;
  const codecs = await openCodecs();
  try {
    if (!patch)
      throw new EwaldError('Argument', `${file} is no regular file; HDF5 cannot be written into a pipe or a device`);
    const writer = await Hdf5Writer.create(
      { append: (bytes) => output.write(bytes), patch: patch.bind(output) },
      codecs,
    );
    const children: Record<string, WriteNode> = {};
    for (const { name, shape, dtype, data } of results) {
      const [first = 1, ...rest] = shape.length === 0 ? [1] : shape;
      // Complex numbers are stored as pairs of their parts, h5py's way; the writer's series know the type.
      const series = writer.series({
        frames: first,
        signal: rest.length > 0 ? rest : [1],
        dtype: (dtype === 'bool' ? 'u8' : dtype) as DataType,
        packing: 'none',
      });
      await series.write(data as FrameArray);
      children[name] = { frames: series, attributes: { shape: Float64Array.from(shape) } };
    }
    await writer.finish({ results: { children } }, { creator: `ewald ${version}`, default: 'results' });
    await output.close();
  } catch (error) {
    await output.discard();
    throw error;
  } finally {
    await codecs.dispose();
  }
}

/** A row a scan position (or a pixel), a column a result; results of another shape are refused. */
function csv(results: readonly Named[]): string {
  const [first] = results;
  if (!first) return '';
  const axes = first.shape.slice(0, first.navAxes || first.shape.length);
  const rows = product(axes);
  const columns: { head: string; at(row: number): number | bigint }[] = [];
  for (const { name, shape, dtype, data, navAxes } of results) {
    const own = shape.slice(0, navAxes || shape.length);
    if (own.join() !== axes.join())
      throw new EwaldError(
        'Argument',
        `a .csv file has one row for each of ${axes.join(' × ')}; ${name} is ${shape.join(' × ')}. Write .h5, or .npy`,
      );
    const each = (product(shape) * numbersOf(dtype)) / rows;
    for (let k = 0; k < each; k++)
      columns.push({ head: each === 1 ? name : `${name}_${k}`, at: (row) => data[row * each + k] as number | bigint });
  }
  const names = axes.map((_, i) => ['x', 'y', 'z'][axes.length - 1 - i] ?? `axis${i}`);
  const lines = [[...names, ...columns.map(({ head }) => csvCell(head))].join(',')];
  for (let row = 0; row < rows; row++) {
    const place: number[] = [];
    for (let axis = axes.length - 1, left = row; axis >= 0; axis--) {
      const length = axes[axis] as number;
      place.unshift(left % length);
      left = Math.floor(left / length);
    }
    lines.push([...place, ...columns.map(({ at }) => String(at(row)))].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** Text of a cell: quoted where a comma or a quotation mark would end it, and never a formula of a spreadsheet. */
function csvCell(text: string): string {
  const plain = /^[=+\-@]/.test(oneLine(text, 'the name of a result')) ? `'${text}` : text;
  return /[",;]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** Pictures of the two-dimensional results; gives the files. Throws `Argument` where there is none. */
export async function writePictures(file: string, results: readonly Named[], writing: WriteOptions): Promise<string[]> {
  const flat = picturesOf(results);
  if (flat.length === 0)
    throw new EwaldError(
      'Argument',
      `--png: no result is a picture of two axes; there are ${results.map(({ name, shape }) => `${name} [${shape}]`).join(', ')}`,
    );
  const files: string[] = [];
  for (const { name, shape, data, vectors, log = false } of flat) {
    const [height = 1, width = 1] = shape;
    const rgba = vectors ? vectorsToRgba(data as Float64Array) : toRgba(data as Float64Array, { log });
    const target = beside(file, name, flat.length === 1);
    await writeWhole(target, encodePng(rgba, width, height), writing);
    files.push(target);
  }
  return files;
}
