/** Opens what the user passes: one input, or several that form one stack; shared by all platforms. */

import { type ByteSource, partsInside } from '../bytes/byte-source.js';
import { decompressed } from '../bytes/compressed/source.js';
import { type DataInput, sourceOf } from '../bytes/source-of.js';
import { blobSource } from '../bytes/sources/blob.js';
import { isAddress } from '../util/addresses.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformFile } from '../util/globals.js';
import { siblingsRequested, withoutCompanions } from './companions.js';
import type { Dataset, Note } from './dataset.js';
import type { Services } from './format.js';
import { type Candidate, detectFormats, type OpenOptions, openSource } from './open.js';
import { moduleFiles } from './raw/module-names.js';
import { inOrder, openSeries } from './series.js';

/** The functions that a platform contributes. */
export interface OpenPlatform {
  /** Opens a path. */
  readonly files: (path: string) => Promise<ByteSource>;
  readonly services: Services;
}

/**
 * Opens one input; `siblings` are the files passed along with it. The dataset can open further datasets of the same
 * input.
 */
export async function openInput(
  input: DataInput,
  options: OpenOptions,
  platform: OpenPlatform,
  siblings: readonly PlatformFile[] = [],
): Promise<Dataset> {
  const opened = await openSource(await sourceWith(input, options, platform, siblings), options, platform.services);
  const dataset = await corrected(opened, options, platform);
  // A source passed in by the caller is closed with its dataset and cannot be opened again.
  if (isSource(input)) return dataset;
  return Object.assign(dataset, { openOther: opensOther(input, options, platform, siblings) });
}

/** Frames with the corrections of the options, if there are any. */
async function corrected(opened: Dataset, options: OpenOptions, platform: OpenPlatform): Promise<Dataset> {
  const { constants, energy, dark, gainMap, codecs } = options;
  if ((constants ?? energy ?? dark ?? gainMap) === undefined) return opened;
  const { correctedFrames } = await import('./raw/corrected.js');
  return correctedFrames(
    opened,
    options,
    (file, how) => openInput(file, { ...how, codecs }, platform),
    async () => (codecs ? { ...codecs, dispose: async () => undefined } : platform.services.codecs()),
  );
}

/** Opens another dataset of an input, or one of a file beside it, with the options that say how files are read. */
const opensOther =
  (input: DataInput, options: OpenOptions, platform: OpenPlatform, siblings: readonly PlatformFile[]) =>
  async (path: string, file?: string): Promise<Dataset> => {
    const { codecs, allowMissing, allowOutside, checksums, maxFrameBytes } = options;
    const own = { codecs, allowOutside, allowMissing, checksums, maxFrameBytes, dataset: path };
    const other = file === undefined ? input : besideInput(input, file, siblings, options);
    return openInput(other, own, platform, siblings);
  };

/**
 * Opens several inputs as one stack, sorted by the numbers in their names, or in the order given if the stack has a
 * name. Files that another input reads, such as the data files of an Eiger master, are left to that input.
 */
export async function openInputs(
  given: readonly DataInput[],
  options: OpenOptions,
  platform: OpenPlatform,
  stack?: { readonly name: string; readonly notes: readonly Note[] },
): Promise<Dataset> {
  // Holes in the array are invalid inputs and must not be skipped.
  const inputs = Array.from(given);
  const siblings = inputs.filter(isFile);
  const { navShape, ...each } = options;
  const one = (input: DataInput, own: OpenOptions): Promise<Dataset> => openInput(input, own, platform, siblings);
  const files = stack ? [...inputs] : inOrder(await mainInputs(inputs, options, platform, siblings), dataInputName);
  const [first] = files;
  if (first === undefined) throw new EwaldError('Argument', 'open: the array of inputs is empty');
  const modules = moduleFiles(files, dataInputName);
  if (modules.length > 0) {
    const { constants: _, energy: __, dark: ___, gainMap: ____, ...plain } = each;
    const { openModules } = await import('./raw/modules.js');
    const { openGroups } = await import('./hdf5/groups-of-file.js');
    const stacked = await openModules(stack?.name ?? dataInputName(first), modules, {
      dataset: (input, dataset) => openInput(input, { ...plain, dataset }, platform, siblings),
      groups: async (input) => openGroups(await sourceOf(input, {}, platform.files), platform.services),
    });
    return corrected(stacked, options, platform);
  }
  if (files.length === 1) {
    const dataset = await one(first, options);
    return stack ? Object.assign(dataset, { notes: [...stack.notes, ...dataset.notes] }) : dataset;
  }
  const series = await openSeries(
    stack?.name ?? `${dataInputName(first) || 'input'} and ${files.length - 1} more`,
    files.map((file) => ({ name: dataInputName(file), open: () => one(file, each) })),
    { navShape },
    stack?.notes ?? [],
  );
  if (isSource(first)) return series;
  return Object.assign(series, { openOther: opensOther(first, options, platform, siblings) });
}

/** Formats that an input may have, highest confidence first, each with the evidence. */
export async function formatsOfInput(
  input: DataInput,
  options: Pick<OpenOptions, 'signal'>,
  { files }: OpenPlatform,
): Promise<Candidate[]> {
  const source = await sourceOf(input, options, files);
  try {
    return await detectFormats(await decompressed(source, options), options);
  } finally {
    if (source !== input) await source.close();
  }
}

/** The inputs except those that other inputs read. */
export async function mainInputs(
  inputs: readonly DataInput[],
  options: OpenOptions,
  platform: OpenPlatform,
  siblings: readonly PlatformFile[],
): Promise<readonly DataInput[]> {
  // Nothing can refer to an input without a name, and a source passed in can be read only once.
  if (inputs.length < 2 || inputs.some((input) => isSource(input) || dataInputName(input) === '')) return inputs;
  const { navShape: _, ...each } = options;
  return withoutCompanions(
    inputs.map((input) => ({ input, name: dataInputName(input) })),
    async ({ input }) =>
      siblingsRequested(await sourceWith(input, options, platform, siblings), (source) =>
        openSource(source, each, platform.services),
      ),
  );
}

const sourceWith = (
  input: DataInput,
  options: OpenOptions,
  { files }: OpenPlatform,
  siblings: readonly PlatformFile[],
): Promise<ByteSource> =>
  siblings.length > 1 && isFile(input)
    ? Promise.resolve(blobSource(input, { siblings }))
    : sourceOf(input, options, files);

export const isFile = (input: DataInput): input is PlatformFile =>
  typeof input === 'object' && input !== null && 'arrayBuffer' in input && 'slice' in input && 'name' in input;

const isSource = (input: DataInput): boolean =>
  typeof input === 'object' && input !== null && 'read' in input && 'size' in input;

export const dataInputName = (input: DataInput): string => {
  if (typeof input === 'string') return input;
  if (typeof input !== 'object' || input === null) return '';
  return 'name' in input ? String(input.name) : 'href' in input ? input.href : '';
};

/** The file that a geometry names, which is beside the input or below its folder, unless the caller allows others. */
function besideInput(
  input: DataInput,
  file: string,
  siblings: readonly PlatformFile[],
  { allowOutside }: Pick<OpenOptions, 'allowOutside'>,
): DataInput {
  const isAt = typeof input === 'object' && 'href' in input;
  if (typeof input === 'string' || isAt) {
    const from = isAt ? input.href : input;
    const isOnServer = isAddress(from);
    // As in CrystFEL, a path is relative to the working directory.
    if (allowOutside) return isOnServer ? new URL(file, from).href : file;
    const folder = from.replace(/[^/\\]*$/, '');
    const name = folder !== '' && file.startsWith(folder) ? file.slice(folder.length) : file;
    partsInside(from, name, {});
    return isOnServer ? new URL(name.split('/').map(encodeURIComponent).join('/'), from).href : `${folder}${name}`;
  }
  const name = file.replace(/^.*\//, '');
  const found = siblings.find((sibling) => sibling.name === name);
  if (found) return found;
  throw new EwaldError(
    'File',
    `${file}, which the geometry names, is not among the given files; choose it together with the frames`,
    { detail: { path: file } },
  );
}
