/** Writes results of `ewald run` to files: .npy, .h5, .csv, .zarr, .tif, and pictures, each completely or not at all. */
import { lstatSync } from 'node:fs';
import { lstat, readFile, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { bytesOfArray, type DataType, type FrameArray } from '../../bytes/dtype.js';
import { checkOutput, type Output, openOutput, type WriteOptions } from '../../frames/files/write.js';
import { npyHeadOf } from '../../frames/npy.js';
import { openCodecs } from '../../frames/opening.node.js';
import { Hdf5Writer, type WriteNode } from '../../hdf5/writer.js';
import { argumentError, setting } from '../../options/parameters.js';
import { numbersPerElement } from '../../udf/functions/dtypes.js';
import { abortable, abortError } from '../../util/aborted.js';
import { csvCell } from '../../util/csv.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { oneLine } from '../../util/plain-text.js';
import { encodePng } from '../../util/png.js';
import { product } from '../../util/product.js';
import { version } from '../../util/version.js';
import { aboutText, type ResultsAbout } from './about.js';
import { fileWord, type NamedResult, numpyType } from './named-results.js';
import { piecesOf } from './numbers.js';
import { pictureOf } from './picture-file.js';
import { axesOf, ofLast, type ResultAxes } from './result-axes.js';
import { refuseTiff, tiffOf } from './tiff-results.js';
import { refuseZarr, writeZarr } from './zarr-results.node.js';

const endings = ['.npy', '.h5', '.hdf5', '.csv', '.zarr', '.tif', '.tiff'];
const isTiff = (file: string): boolean => /^\.tiff?$/.test(extname(file).toLowerCase());
const isZarr = (file: string): boolean => extname(file).toLowerCase() === '.zarr';

/** The files that a run writes: numbers, pictures, and a page that shows them. */
export interface ResultOutputs {
  readonly output?: string | undefined;
  readonly png?: string | undefined;
  readonly html?: string | undefined;
}

/** Rejects an output that cannot be written, before the work is done. */
export async function checkOutputs(
  { output, png, html }: ResultOutputs,
  writing: WriteOptions,
  record?: string,
): Promise<void> {
  if (record !== undefined && extname(record).toLowerCase() !== '.npy')
    throw argumentError('', (said) => `${said('record')} is ${record}; expected a name that ends in .npy`);
  if (output !== undefined && extname(output).toLowerCase() === '.png')
    throw argumentError(
      '',
      (said) =>
        `${said('output')} is ${output}, but it writes numbers (${endings.join(', ')}); ${setting(said, 'png', output)} ` +
        'writes pictures',
    );
  if (output !== undefined && output !== '-' && !endings.includes(extname(output).toLowerCase()))
    throw new EwaldError(
      'Argument',
      `the output "${output}" should end in ${endings.join(', ')}: the ending says the format; - writes .npy to ` +
        'standard output',
    );
  if (png !== undefined && extname(png).toLowerCase() !== '.png')
    throw argumentError('', (said) => `${said('png')} is ${png}; expected a name that ends in .png`);
  if (html !== undefined && !/^\.html?$/.test(extname(html).toLowerCase()))
    throw argumentError('', (said) => `${said('html')} is ${html}; expected a name that ends in .html`);
  if (output !== undefined && isZarr(output)) refuseZarr(output);
  for (const file of [output, png, html, record])
    if (file !== undefined && !isZarr(file)) await checkOutput(file, writing);
}

/** `com.npy` combined with the name of one of several results: `com-curl.npy`. */
const beside = (file: string, name: string, alone: boolean): string =>
  alone ? file : `${file.slice(0, -extname(file).length)}-${fileWord(name)}${extname(file)}`;

/** The results with two axes, which can be shown as pictures. */
const picturesOf = (results: readonly NamedResult[]): NamedResult[] =>
  results.filter(
    ({ shape, vectors, dtype }) =>
      !dtype.startsWith('c') && (shape.length === 2 || (vectors === true && shape.length === 3)),
  );

/** The output files, opened before the work is done. */
export interface ResultFiles {
  readonly names: readonly string[];
  /** Takes a file opened before, or opens one that could not be foreseen. */
  take(file: string): Promise<Output>;
  /** Removes the files that were not written. */
  discard(): Promise<void>;
}

/** The file beside .npy that says what they are. */
const aboutFile = (output: string | undefined): string[] =>
  output !== undefined && extname(output).toLowerCase() === '.npy' ? [`${output}.json`] : [];

const isAbout = (head: Uint8Array): boolean => /^\{\s*"creator": "ewald /.test(new TextDecoder().decode(head));

/** What an interrupted run has left of these arrays, as the file beside them states: they have no room for that. */
async function leftParts(output: string, arrays: readonly string[]): Promise<string[]> {
  const [about] = aboutFile(output);
  const text = about && (await readFile(`${about}.part`).catch(() => undefined));
  if (!text || !isAbout(text)) return [];
  const stated = [...text.toString().matchAll(/^ *"file": "(.*)",$/gm)].map(([, name]) => name);
  const parts = arrays.map((file) => `${basename(file)}.part`);
  return parts.filter((name) => stated.includes(name)).map((name) => join(dirname(output), name));
}

const filesOf = (file: string, results: readonly NamedResult[]): string[] =>
  extname(file).toLowerCase() === '.npy' || extname(file).toLowerCase() === '.png'
    ? results.map(({ name }) => beside(file, name, results.length === 1))
    : [file];

/** Throws `Argument` unless there is one result, which standard output can hold. */
function refuseSeveral(results: readonly NamedResult[]): void {
  if (results.length > 1)
    throw argumentError(
      '',
      (said) =>
        `standard output holds one result, and there are ${results.map(({ name }) => name).join(', ')}; ` +
        `choose one by ${said('channels')}`,
    );
}

/** Opens every file, so that one that cannot be written is rejected before the work is done. */
export async function beginResults(
  { output, png, html }: ResultOutputs,
  results: readonly NamedResult[],
  writing: WriteOptions,
): Promise<ResultFiles> {
  const begun = new Map<string, Output>();
  const all: Output[] = [];
  const begin = async (file: string): Promise<Output> => {
    const one = await openOutput(file, file.endsWith('.npy.json') ? { ...writing, replaces: isAbout } : writing);
    all.push(one);
    return one;
  };
  const discard = async (): Promise<void> => {
    for (const one of all) await one.discard();
  };
  if (output === '-') refuseSeveral(results);
  if (output && extname(output).toLowerCase() === '.csv') rowAxes(results);
  if (output && isTiff(output)) refuseTiff(results);
  if (png && results.length > 0 && picturesOf(results).length === 0) throw withoutPictures(results);
  const names = [
    ...(output ? filesOf(output, results) : []),
    ...(png ? filesOf(png, picturesOf(results)) : []),
    ...(html ? [html] : []),
  ];
  try {
    for (const file of [...names, ...aboutFile(output)]) if (!isZarr(file)) begun.set(file, await begin(file));
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    names,
    async take(file) {
      const one = begun.get(file);
      begun.delete(file);
      return one ?? begin(file);
    },
    discard,
  };
}

/** How results are written, and what files say of their run. */
interface WritingResults extends WriteOptions {
  readonly about: ResultsAbout;
  /** The run ended early, and what it has is left as `NAME.part`. */
  readonly isPart?: boolean;
  /** The text of the page. */
  readonly page?: (() => Promise<string>) | undefined;
  /** Ends the drawing of pictures; numbers are written whole. */
  readonly signal?: PlatformSignal | undefined;
}

/**
 * Writes the results to the files opened in `begun`, if given; returns their names. Throws `Aborted`, with the names of
 * the files that are complete as `detail.files`, if the signal fires before all pictures are drawn.
 */
export async function writeResults(
  { output, png, html }: ResultOutputs,
  results: readonly NamedResult[],
  begun: ResultFiles | undefined,
  { about, isPart = false, page, signal, ...writing }: WritingResults,
): Promise<string[]> {
  const files = begun ?? (await beginResults({}, [], writing));
  const outputs: Output[] = [];
  const written: string[] = [];
  /** Takes a file that `write` fills; returns the name that it has in the end. */
  const put = async (file: string, write: (one: Output) => Promise<void>): Promise<string> => {
    const one = await files.take(file);
    // Who reads from a pipe would take a part for the whole.
    if (isPart && one.temporary === undefined) return file;
    await write(one);
    if (!isPart) outputs.push(one);
    const name = isPart ? await one.keep() : file;
    if (name !== undefined) written.push(name);
    return name ?? file;
  };
  const finish = async (): Promise<void> => {
    for (const one of outputs.splice(0)) await one.close();
  };
  const stale = output && !isPart ? await leftParts(output, filesOf(output, results)) : [];
  try {
    if (output) {
      const kind = extname(output).toLowerCase();
      if (output === '-') refuseSeveral(results);
      if (kind === '.zarr') {
        const folder = isPart ? unusedPart(output) : output;
        await writeZarr(folder, results, about);
        written.push(folder);
      } else if (isTiff(output))
        await put(output, async (one) => {
          for (const part of tiffOf(results, about.stepNm)) await one.write(part);
        });
      else if (kind === '.csv') await put(output, (one) => one.write(csv(results)));
      else if (kind === '.npy' || output === '-') {
        const names: string[] = [];
        for (const [i, file] of filesOf(output, results).entries())
          names.push(await put(file, (one) => writeNpy(one, results[i] as NamedResult)));
        const text = aboutText(`ewald ${version}`, about, results, (i) => basename(names[i] as string));
        for (const file of aboutFile(output)) await put(file, (one) => one.write(text));
      } else await put(output, (one) => writeHdf5(output, one, results, about));
    }
    // No file of numbers receives its final name before all of them are complete, and none waits for a picture.
    await finish();
    for (const part of stale)
      if ((await lstat(part).catch(() => undefined))?.isFile()) await rm(part, { force: true }).catch(() => undefined);
    if (html && page) await put(html, async (one) => one.write(await page()));
    await finish();
    if (!png) return written;
    const complete = [...written];
    try {
      for (const [file, result] of pictureFiles(png, results)) {
        const picture = await pictureBytes(result, about.stepNm, isPart ? undefined : signal);
        complete.push(await put(file, (one) => one.write(picture)));
        await finish();
      }
    } catch (error) {
      throw isEwaldError(error, 'Aborted') ? beforePictures(error, complete, results) : error;
    }
    return written;
  } finally {
    await files.discard();
  }
}

/** The error of an interruption while pictures are drawn, after the files that are complete. */
function beforePictures(cause: EwaldError, files: readonly string[], results: readonly NamedResult[]): EwaldError {
  const where = files.length === 0 ? '' : `; the results are in ${files.join(', ')}`;
  return new EwaldError('Aborted', `the pictures of the results were not all drawn${where}`, {
    cause,
    detail: { files, results },
  });
}

/** A name that no earlier interrupted run has taken: `NAME.part`, `NAME.part2` and so on. */
function unusedPart(folder: string): string {
  for (let n = 1; ; n++) {
    const name = `${folder}.part${n > 1 ? n : ''}`;
    if (!lstatSync(name, { throwIfNoEntry: false })) return name;
  }
}

async function writeNpy(output: Output, result: NamedResult): Promise<void> {
  await output.write(npyHeadOf(numpyType(result), result.shape));
  for (const piece of piecesOf(result)) await output.write(bytesOfArray(piece));
}

async function writeHdf5(
  file: string,
  output: Output,
  results: readonly NamedResult[],
  about: ResultsAbout,
): Promise<void> {
  const { patch } = output;
  const codecs = await openCodecs();
  try {
    if (!patch)
      throw new EwaldError('Argument', `${file} is not a regular file; HDF5 cannot be written into a pipe or a device`);
    const writer = await Hdf5Writer.create(
      { append: (bytes) => output.write(bytes), patch: patch.bind(output) },
      codecs,
    );
    const children: Record<string, WriteNode> = Object.create(null);
    const axes = axesOf(results, about.stepNm);
    for (const [i, result] of results.entries()) {
      const { name, shape, dtype, desc, unit } = result;
      const [first = 1, ...rest] = shape;
      // A single axis is that of the only frame: otherwise it would have another one of length 1.
      const one = rest.length > 0 ? { frames: first, signal: rest } : { frames: 1, navigation: [], signal: [first] };
      // Complex numbers are stored as pairs, as in h5py; the writer's series support the type.
      const series = writer.series({
        ...one,
        dtype: (dtype === 'bool' ? 'u8' : dtype) as DataType,
        packing: 'none',
      });
      // Numbers that are computed when they are read are written before those of the next result, most while they are.
      await series.write(piecesOf(result) as Iterable<FrameArray>);
      children[name] = {
        frames: series,
        attributes: {
          shape: Float64Array.from(shape),
          ...(shape.length > 0 && { _ARRAY_DIMENSIONS: axes.names[i] as readonly string[] }),
          ...(unit !== undefined && { units: unit }),
          ...(desc !== undefined && { description: desc }),
        },
      };
    }
    for (const [name, { values, unit }] of axes.coordinates)
      children[name] = { value: values, attributes: { units: unit, _ARRAY_DIMENSIONS: [name] } };
    const { input, stepNm } = about;
    const attributes = {
      ...plotOf(results, axes),
      input,
      ...(stepNm !== undefined && { scan_step: stepNm, scan_step_units: 'nm' }),
    };
    // A text of its own: attributes end at 64 KiB, which a calibration may exceed.
    const run: WriteNode = { value: JSON.stringify(about) };
    await writer.finish(
      { results: { attributes, children }, run },
      { creator: `ewald ${version}`, default: 'results' },
    );
  } finally {
    await codecs.dispose();
  }
}

/** What NeXus plots of results: the first, with its axes, and those that have the same ones beside it. */
function plotOf(
  results: readonly NamedResult[],
  { names, coordinates }: ResultAxes,
): Readonly<Record<string, string | readonly string[]>> {
  const [first] = results;
  const [own = []] = names;
  if (!first) return {};
  const others = results.filter((_, i) => i > 0 && names[i]?.join() === own.join());
  return {
    NX_class: 'NXdata',
    signal: first.name,
    ...(others.length > 0 && { auxiliary_signals: others.map(({ name }) => name) }),
    ...(own.length > 0 && { axes: own.map((name) => (coordinates.has(name) ? name : '.')) }),
  };
}

/** The axes that the rows of a table count. Throws `Argument` unless all results have them. */
function rowAxes(results: readonly NamedResult[]): readonly number[] {
  const positions = ({ shape, navAxes }: NamedResult) => shape.slice(0, navAxes || shape.length);
  const [first] = results;
  const axes = first ? positions(first) : [];
  // A scan may have as many positions as a detector has pixels.
  const other = results.find(
    (namedResult) => positions(namedResult).join() !== axes.join() || namedResult.navAxes !== first?.navAxes,
  );
  if (other)
    throw new EwaldError(
      'Argument',
      `a .csv file has one row for each position of the scan, or for each value of results of one shape: ` +
        `${first && rowsOf(first)}, ${rowsOf(other)}. Use .h5 or .npy`,
    );
  return axes;
}

/** What a result has numbers of, in words. */
function rowsOf({ name, shape, navAxes, axes }: NamedResult): string {
  const what = navAxes > 0 ? 'positions of the scan' : axes?.[0]?.startsWith('sig_') ? 'pixels of a frame' : 'values';
  return `${name} has ${shape.slice(0, navAxes || shape.length).join(' × ')} ${what}`;
}

const letters = ['x', 'y', 'z'] as const;

/** The names of the columns of a result: of each number that it has in a row, by its place on the other axes. */
function columnNames({ name, shape, dtype, axes, scales, vectors, where }: NamedResult, rows: number): string[] {
  const isPair = vectors === true && rows < shape.length;
  const of = shape.slice(rows, isPair ? -1 : undefined);
  const pairs = isPair ? ['y', 'x'] : numbersPerElement(dtype) === 2 ? ['real', 'imag'] : [''];
  const own = where === undefined ? name : `${name} (${where})`;
  const placed = of.reduce<string[]>(
    (heads, length, i) => {
      const at = rows + i;
      const scale = ofLast(scales, shape, at);
      const axis = ofLast(axes, shape, at);
      const places = Array.from({ length }, (_, k) =>
        scale ? ` (${axis} ${Number(((scale.first ?? 0) + k * scale.step).toPrecision(6))} ${scale.unit})` : `_${k}`,
      );
      return heads.flatMap((head) => places.map((place) => `${head}${place}`));
    },
    [own],
  );
  return placed.flatMap((head) => pairs.map((part) => (part === '' ? head : `${head}_${part}`)));
}

/** One row per scan position, or per pixel of results over the detector, and one column per result. */
function csv(results: readonly NamedResult[]): string {
  const [first] = results;
  if (!first) return '';
  const axes = rowAxes(results);
  const rows = product(axes);
  const columns: { head: string; at(row: number): number | bigint }[] = [];
  for (const result of results) {
    const { data } = result;
    const heads = columnNames(result, axes.length);
    for (const [k, head] of heads.entries())
      columns.push({ head, at: (row) => data[row * heads.length + k] as number | bigint });
  }
  // Channels may be called x and y.
  const kind = first.navAxes > 0 ? 'scan' : 'axis';
  const own = first.navAxes > 0 ? undefined : first.axes;
  const scales = axes.map((_, i) => (own ? ofLast(first.scales, axes, i) : undefined));
  const names = axes.map((_, i) => {
    const name = own?.[i] ?? `${kind}_${letters[axes.length - 1 - i] ?? i}`;
    const { unit = '' } = scales[i] ?? {};
    return unit === '' ? name : `${name} (${unit})`;
  });
  const heads = [...names, ...columns.map(({ head }) => head)];
  const lines = [heads.map((head) => csvCell(oneLine(head, 'the name of a result'))).join(',')];
  for (let row = 0; row < rows; row++) {
    const place: number[] = [];
    for (let axis = axes.length - 1, left = row; axis >= 0; axis--) {
      const length = axes[axis] as number;
      place.unshift(left % length);
      left = Math.floor(left / length);
    }
    const at = place.map((k, i) => {
      const { first = 0, step = 1 } = scales[i] ?? {};
      return first + k * step;
    });
    lines.push([...at, ...columns.map(({ at }) => String(at(row)))].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** The two-dimensional results, by the names of their pictures. Throws `Argument` if there are none. */
function pictureFiles(file: string, results: readonly NamedResult[]): [file: string, result: NamedResult][] {
  const flat = picturesOf(results);
  if (flat.length === 0) throw withoutPictures(results);
  return flat.map((result) => [beside(file, result.name, flat.length === 1), result]);
}

const withoutPictures = (results: readonly NamedResult[]): EwaldError =>
  argumentError(
    '',
    (said) =>
      `${said('png')}: no result is an image with two axes; ` +
      `results are ${results.map(({ name, shape }) => `${name} [${shape}]`).join(', ')}`,
  );

/** Bytes of a picture whose compression takes longer than it is worth: its pixels differ, as those of a frame do. */
const largePicture = 2 ** 22;
const compressed = promisify(deflate);

/** A picture of a result as a file. Throws `Aborted`. */
async function pictureBytes(
  result: NamedResult,
  step: number | undefined,
  signal: PlatformSignal | undefined,
): Promise<Uint8Array> {
  // A signal that has come while this thread was busy is heard in the next turn.
  await turn();
  if (signal?.aborted) throw abortError(signal);
  const { rgba, width, height } = pictureOf(result, step);
  const level = rgba.length > largePicture ? 1 : 6;
  return abortable(
    encodePng(rgba, width, height, (rows) => compressed(rows, { level })),
    signal,
  );
}
