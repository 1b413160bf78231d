/** Opening what a user hands over: one input, or several that are one stack; the same on all platforms. */
import { EwaldError } from '../base/errors.js';
import type { PlatformFile } from '../base/globals.js';
import type { ByteSource } from './byte-source.js';
import { filesAskedFor, withoutCompanions } from './companions.js';
import type { Dataset, Note } from './dataset.js';
import type { Services } from './format.js';
import { type OpenOptions, openSource } from './open.js';
import { inOrder, openSeries } from './series.js';
import { type DataInput, sourceOf } from './source-of.js';
import { blobSource } from './sources/blob.js';

/** What a platform brings. */
export interface OpenPlatform {
  /** Opens a path. */
  readonly files: (path: string) => Promise<ByteSource>;
  readonly services: Services;
}

/** Opens one input; `siblings` are the files that were given along with it. The dataset opens others of the same input. */
export async function openInput(
  input: DataInput,
  options: OpenOptions,
  platform: OpenPlatform,
  siblings: readonly PlatformFile[] = [],
): Promise<Dataset> {
  const dataset = await openSource(await sourceWith(input, options, platform, siblings), options, platform.services);
  // A source that was handed in is closed with its dataset, and nobody can open it again.
  if (isSource(input)) return dataset;
  const { codecs, allowOutside, checksums, maxFrameBytes, h5wasm } = options;
  const openOther = (path: string, file?: string): Promise<Dataset> =>
    openInput(
      file === undefined ? input : besideInput(input, file, siblings),
      { codecs, allowOutside, checksums, maxFrameBytes, h5wasm, dataset: path },
      platform,
      siblings,
    );
  return Object.assign(dataset, { openOther });
}

/**
 * Opens several inputs as one stack, in the order of the numbers in their names, or as given where the stack has a name.
 * Files that another one reads, such as the data files of an Eiger master, are opened by it.
 */
export async function openInputs(
  given: readonly DataInput[],
  options: OpenOptions,
  platform: OpenPlatform,
  stack?: { readonly name: string; readonly notes: readonly Note[] },
): Promise<Dataset> {
  // Holes of a list are inputs that nobody can open, not inputs to pass over.
  const inputs = Array.from(given);
  const siblings = inputs.filter(isFile);
  const { navShape, ...each } = options;
  const one = (input: DataInput, own: OpenOptions): Promise<Dataset> => openInput(input, own, platform, siblings);
  const files = stack ? [...inputs] : inOrder(await mainInputs(inputs, options, platform, siblings), nameOf);
  const [first] = files;
  if (first === undefined) throw new EwaldError('Argument', 'open: the array of inputs is empty');
  if (files.length === 1) return one(first, options);
  const series = await openSeries(
    stack?.name ?? `${nameOf(first) || 'input'} and ${files.length - 1} more`,
    files.map((file) => ({ name: nameOf(file), open: () => one(file, each) })),
    { navShape },
    stack?.notes ?? [],
  );
  const openOther = async (path: string, file?: string): Promise<Dataset> => {
    const input = file === undefined ? first : besideInput(first, file, siblings);
    const { codecs, allowOutside, checksums, maxFrameBytes } = options;
    return one(input, { codecs, allowOutside, checksums, maxFrameBytes, dataset: path });
  };
  return isSource(first) ? series : Object.assign(series, { openOther });
}

/** The inputs without those that others among them read. */
async function mainInputs(
  inputs: readonly DataInput[],
  options: OpenOptions,
  platform: OpenPlatform,
  siblings: readonly PlatformFile[],
): Promise<readonly DataInput[]> {
  // What has no name is referred to by nobody; sources that were handed in are read once.
  if (inputs.length < 2 || inputs.some((input) => isSource(input) || nameOf(input) === '')) return inputs;
  const { navShape: _, ...each } = options;
  return withoutCompanions(
    inputs.map((input) => ({ input, name: nameOf(input) })),
    async ({ input }) =>
      filesAskedFor(await sourceWith(input, options, platform, siblings), (source) =>
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

const isFile = (input: DataInput): input is PlatformFile =>
  typeof input === 'object' && input !== null && 'arrayBuffer' in input && 'slice' in input && 'name' in input;

const isSource = (input: DataInput): boolean =>
  typeof input === 'object' && input !== null && 'read' in input && 'size' in input;

const nameOf = (input: DataInput): string => {
  if (typeof input === 'string') return input;
  if (typeof input !== 'object' || input === null) return '';
  return 'name' in input ? String(input.name) : 'href' in input ? input.href : '';
};

/** The file that a geometry names, beside an input. */
function besideInput(input: DataInput, file: string, siblings: readonly PlatformFile[]): DataInput {
  // A path is taken as CrystFEL takes it, from the folder in which the program was started.
  if (typeof input === 'string') return /^https?:/.test(input) ? new URL(file, input).href : file;
  if (typeof input === 'object' && 'href' in input) return new URL(file, input.href).href;
  const name = file.replace(/^.*\//, '');
  const found = siblings.find((one) => one.name === name);
  if (found) return found;
  throw new EwaldError(
    'File',
    `${file}, which the geometry names, is not among the files that were given; choose it together with the frames`,
    { detail: { path: file } },
  );
}
