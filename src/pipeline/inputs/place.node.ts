/** The platform functions of a run on Node. */
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { machineMemory } from '../../compute/backends/system.js';
import { readCell } from '../../crystal/cell-file.js';
import { isFolder } from '../../frames/files/folders.js';
import { identity } from '../../frames/files/inputs.js';
import { within } from '../../frames/files/inside.js';
import { linesOf } from '../../frames/files/lines.js';
import { besideOrHere, refuseSame } from '../../frames/files/names.js';
import { readCellOption, readText } from '../../frames/files/read.js';
import { removeOwn } from '../../frames/files/side-files.js';
import { checkOutput, openOutput } from '../../frames/files/write.js';
import { openPlatform } from '../../frames/open-platform.node.js';
import { formatsOf, open, openCodecs } from '../../frames/opening.node.js';
import { moduleFiles } from '../../frames/raw/module-names.js';
import { numbersScript } from '../../report/numbers-script.node.js';
import { isAddress } from '../../util/addresses.js';
import { EwaldError } from '../../util/errors.js';
import { fileStamp } from '../../util/file-identity.js';
import type { PlatformSignal } from '../../util/globals.js';
import { openShardFolder } from '../shards/folder.node.js';
import { FramesFile } from '../sinks/frames-file.node.js';
import { functionOutput } from '../sinks/function-output.js';
import { isLeftStream, streamThrough } from '../sinks/stream-file.js';
import { checkStreamFile, openStreamFile } from '../sinks/stream-file.node.js';
import type { FileInput, PlaceFiles, RunPlace } from './place.js';
import { nameOfInput, openingOf, textOfRemote } from './place-inputs.js';

/** The path of an input; undefined if it is not a file of this machine. */
function pathOf(input: FileInput): string | undefined {
  if (typeof input === 'string' && !isAddress(input)) return input;
  const address = typeof input === 'string' ? input : 'href' in input ? input.href : '';
  return address.startsWith('file:') ? fileURLToPath(address) : undefined;
}

async function textOf(input: FileInput, signal?: PlatformSignal): Promise<string> {
  const path = pathOf(input);
  return path === undefined ? textOfRemote(input, signal) : readText(path);
}

const opening = openingOf(openPlatform, { open, formatsOf, openCodecs });
const byName = new Intl.Collator('en', { numeric: true });

const fileSize = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

/** The data files of a master file, which is complete before they are. */
async function dataFilesOf(path: string): Promise<string[]> {
  const [, stem] = /([^/\\]*)master\.h5$/.exec(path) ?? [];
  if (stem === undefined) return [];
  const names = await readdir(dirname(path)).catch(() => []);
  return names.filter((name) => name.startsWith(`${stem}data_`)).map((name) => join(dirname(path), name));
}

const files: PlaceFiles = {
  isFolder,
  async framesOf(folder, known) {
    const names = (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort((a, b) => byName.compare(a, b) || (a < b ? -1 : 1));
    // The modules of a detector are one stack, which the folder names.
    if (moduleFiles(names, (name) => name).length > 0) return known?.has(folder) ? [] : [folder];
    // Files that are parts of others (such as data_000001 of a master file) are skipped.
    const masters = names
      .filter((name) => /_master\.h5$/.test(name))
      .map((name) => name.replace(/master\.h5$/, 'data_'));
    const found: string[] = [];
    for (const name of names) {
      if (masters.some((start) => name.startsWith(start))) continue;
      const file = join(folder, name);
      if (known?.has(file) || (await opening.holdsFrames(file))) found.push(file);
    }
    return found;
  },
  async sizeOf(path) {
    const bytes = await fileSize(path);
    if (bytes === 0) return bytes;
    const parts = await Promise.all((await dataFilesOf(path)).map(fileSize));
    return parts.reduce((sum, part) => sum + part, bytes);
  },
  async stampOf(path) {
    const stamps = await Promise.all([path, ...(await dataFilesOf(path))].map(fileStamp));
    return stamps[0] && stamps.join();
  },
  identityOf: identity,
  async isAfter(path, other) {
    const [time = Number.NaN, before = Number.NaN] = await Promise.all(
      [path, other].map((name) =>
        stat(name).then(
          ({ ctimeMs }) => ctimeMs,
          () => undefined,
        ),
      ),
    );
    return time >= before;
  },
  async removeStream(path) {
    await removeOwn(path, isLeftStream);
    await FramesFile.remove(path);
  },
  absolute: (path) => (isAddress(path) ? path : resolve(path)),
  beside: (list, file) => (isAddress(file) || list === '-' ? file : besideOrHere(list, file)),
  pathOf: (input) => (input === '-' ? undefined : pathOf(input)),
  // A name after it, since a prefix may end with a slash.
  folderOf: (path) => dirname(`${path}x`),
  within,
};

export const runPlace: RunPlace = {
  ...opening,
  cores: availableParallelism(),
  memory: { all: machineMemory() ?? Number.POSITIVE_INFINITY, used: () => process.memoryUsage.rss() },
  spentMs() {
    const { user, system } = process.cpuUsage();
    return { processor: (user + system) / 1000, waiting: performance.eventLoopUtilization().idle };
  },
  files,
  numbersScript,
  named: (name) => name,
  textOf,
  async *linesOf(input) {
    const path = pathOf(input);
    if (path !== undefined) yield* linesOf(path);
    else yield* (await textOf(input)).replace(/\n$/, '').split('\n');
  },
  async cellOf(input, signal) {
    const path = pathOf(input);
    return path === undefined
      ? readCell(await textOf(input, signal), nameOfInput(input, 'the cell'))
      : readCellOption(path);
  },
  refuseSame: (targets) => refuseSame(targets.filter((target) => typeof target === 'string')),
  async checkOutput(target, options) {
    if (typeof target === 'string') await checkOutput(target, options);
  },
  openOutput: async (target, options) =>
    typeof target === 'string' ? openOutput(target, options) : functionOutput(target),
  async checkStream(target, options) {
    return typeof target === 'string' ? checkStreamFile(target, options) : undefined;
  },
  openShards: openShardFolder,
  async openStream(target, options) {
    if (typeof target === 'string') return openStreamFile(target, options);
    if (options.resume) throw new EwaldError('Argument', 'resume needs a stream in a file: output: PATH');
    return streamThrough(functionOutput(target), options.head);
  },
};
