/** `ewald index run.h5 -g GEOM -p CELL -o OUT.stream`: frames in, a CrystFEL stream out. */
import { resolve } from 'node:path';
import { EwaldError, isEwaldError, messageOf } from '../base/errors.js';
import { version } from '../base/version.js';
import { anglesOf, lengthsOf } from '../crystal/cell.js';
import { formatCellFile, type KnownCell } from '../crystal/cell-file.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import { parseGeometry } from '../crystal/geometry/parse.js';
import { formatGeometry } from '../crystal/geometry/write.js';
import { formatHead } from '../crystal/stream/write.js';
import { geometryFromFile } from '../detector/from-file.js';
import type { Executor } from '../executors/executor.js';
import type { Task } from '../executors/task.js';
import { readText } from '../files/read.js';
import { checkOutput, type WriteOptions } from '../files/write.js';
import { latticeName } from '../pipeline/chunk.js';
import type { StageBackends } from '../pipeline/frame.js';
import { geometryRemarks } from '../pipeline/geometry-remarks.js';
import { type FrameFailure, type FrameRecord, isFailure } from '../pipeline/record.js';
import { methodName, type SearchSettings } from '../pipeline/settings.js';
import { Ends } from '../pipeline/sinks/ends.js';
import { DetectorSink } from '../pipeline/sinks/refined-geometry.js';
import { type FrameSink, sinkWriting, solutionSink } from '../pipeline/sinks/sink.js';
import { checkStreamFile, openStreamFile, type StreamFile } from '../pipeline/sinks/stream-file.node.js';
import { FrameSource, type RunSource } from '../pipeline/sources/files.js';
import { holdsFrames, readFrameList, type Wanted } from '../pipeline/sources/frame-files.node.js';
import type { LiveOptions } from '../pipeline/sources/zeromq.node.js';
import type { SharedRun } from '../pipeline/task.js';
import { commandLine } from './command-line.js';
import { readingOf } from './data-options.js';
import { openExecutor, rankOf } from './executor-flags.js';
import { type CheckedFlags, checkFlags, type FrameFlags, type SharedFlags } from './frame-flags.js';
import { jsonOf, lineOf, nameOf } from './frame-lines.js';
import { settle } from './frame-settings.js';
import { explainedShare, FrameSummary } from './frame-summary.js';
import {
  backendOption,
  type CliDeps,
  counted,
  dim,
  exitCode,
  note,
  Progress,
  print,
  printJson,
  red,
  yellow,
} from './output.js';
import { listedBy } from './peak-flags.js';

/** Runs frames over an executor into a stream. */
export async function runFrames(
  files: readonly string[],
  flags: FrameFlags & { backend?: string },
  shared: SharedFlags,
  deps: CliDeps,
): Promise<void> {
  const checked = checkFlags(flags, shared);
  const { backend } = backendOption(flags.backend);
  const executor = await openExecutor(checked.executor, backend);
  try {
    // The other ranks of an MPI job make the same calls and work inside them.
    if ((await rankOf(checked.executor)) > 0) for await (const _ of executor.run([]));
    else await search(files, flags, checked, shared, executor, deps);
  } finally {
    await executor.dispose();
  }
}

async function wantedOf(files: readonly string[], { input, prefix }: FrameFlags): Promise<Wanted[]> {
  const named = files.map((file) => ({ file, frames: undefined }));
  if (input === undefined) return named;
  // A file of frames may stand for a list of one.
  if (await holdsFrames(input)) return [...named, { file: input, frames: undefined }];
  return [...named, ...(await readFrameList(input, prefix))];
}

async function search(
  files: readonly string[],
  flags: FrameFlags & { backend?: string },
  checked: CheckedFlags,
  shared: SharedFlags,
  executor: Executor,
  deps: CliDeps,
): Promise<void> {
  const { signal } = deps;
  const geometryText = flags.geometry === undefined ? undefined : await readText(flags.geometry);
  const given = geometryText === undefined ? undefined : parseGeometry(geometryText, flags.geometry);
  for (const warning of given?.warnings ?? []) note(`${yellow('warning:')} ${flags.geometry}: ${warning}`);
  const [path] = given?.panels.map((panel) => panel.data).filter((one) => one !== '/data/data') ?? [];
  const data = flags.data === undefined ? path && { path, must: false } : { path: flags.data, must: true };
  const { serialStart, shard, follow, live } = checked;
  if (live && files.length > 0)
    throw new EwaldError('Argument', `frames come from ${live.address}; ${files[0]} is a file: give one of them`);
  if (live && !shared.cells)
    throw new EwaldError(
      'Argument',
      'frames that come by ZeroMQ are not kept to tell a cell; give it with -p, or -p none',
    );
  const wanted = live ? [] : await wantedOf(files, flags);
  const { input, geometry: geometryFile, cell: cellFiles = [] } = flags;
  const inputs = [...wanted.map(({ file }) => file), input, geometryFile, ...cellFiles];
  const reads = { inputs: inputs.filter((file) => file !== undefined), series: files, everyFormat: true };
  const force = flags.force ?? false;
  const writing: WriteOptions = { force, ...reads };
  if (flags.output !== undefined) await checkStreamFile(flags.output, { force, reads });
  for (const [flag, kind] of Object.entries(sinkWriting)) {
    const file = flags[flag as keyof typeof sinkWriting];
    if (file !== undefined) await checkOutput(file, { ...writing, ...kind });
  }
  const source: RunSource = live
    ? await openLive({
        ...live,
        geometry: given,
        data: data ? data.path : undefined,
        serialStart,
        signal,
        shown: flags.html !== undefined,
        warn,
      })
    : await FrameSource.open({
        ...{ wanted, data: data || undefined, geometry: given },
        ...{ serialStart, shard, follow, signal, ...readingOf(flags) },
      });
  try {
    if (given)
      for (const text of await geometryRemarks(given, source)) note(`${yellow('warning:')} ${flags.geometry}: ${text}`);
    const asked = { ...checked.settings, ...listedBy(checked.settings, flags, given) };
    const settings = await settle(source, given, asked, flags.backend, deps);
    const { cells = [] } = settings;
    const geometry = given ?? geometryFromFile(source.first);
    const head = headOf(geometryText ?? formatGeometry(geometry), settings);
    const far = executor.kind === 'nats' ? resolve : (file: string): string => file;
    const name = source.first.name;
    const first = source.live ? name : far(name);
    const reading = readingOf(flags);
    const run: SharedRun = { geometry: given, first, data: source.data, ...reading, settings, live: source.live };
    const summary = new FrameSummary(source.total);
    const done = new Set<string>();
    let last = Number.NEGATIVE_INFINITY;
    let again: ReadonlySet<number> = new Set();
    // Before the stream is begun: what cannot be written beside it leaves no stream under way.
    const stand = new DetectorSink(geometry, flags.refinedGeometry, writing);
    const sinks: FrameSink[] = [stand];
    let stream: StreamFile | undefined;
    try {
      await stand.open();
      const typed = { commandLine: commandLine(), remarks: () => stand.remarks() };
      for await (const sink of openSinks(flags, given, cells, source, writing, typed)) sinks.push(sink);
      if (flags.output !== undefined)
        stream = await openStreamFile(flags.output, {
          force,
          resume: flags.resume ?? false,
          reads,
          head,
          earlier: ({ filename, event, serial, hit, cells }) => {
            last = Math.max(last, serial);
            if (follow !== undefined) done.add(`${filename} ${event ?? '//0'}`);
            summary.add({ hit, cells });
          },
          unread: (serials) => {
            again = serials;
          },
        });
    } catch (error) {
      for (const sink of sinks) await sink.discard();
      throw error;
    }
    for (const serial of again) last = Math.max(last, serial);
    if (last >= serialStart) {
      const more = again.size > 0 ? `; ${counted(again.size, 'frame')} that could not be read will be tried again` : '';
      note(dim(`${flags.output}: continuing after frame ${last}${more}`));
      const partial = [flags.html && '--html', flags.refinedGeometry && '--refined-geometry'].filter(Boolean);
      if (partial.length > 0)
        note(
          `${yellow('note:')} ${partial.join(' and ')} will cover only the frames of this session: of the ${last} earlier ones only the stream is kept`,
        );
    }
    const known = (serial: number, file: string, event: number): boolean =>
      follow === undefined ? serial <= last && !again.has(serial) : done.has(`${file} //${event}`);
    const { hash } = await executor.share(run);
    const tasks = async function* (): AsyncGenerator<Task> {
      const each = follow === undefined ? taskSize(source.total, executor.slots) : 1;
      for await (const task of source.tasks(each, known))
        yield {
          module: 'pipeline',
          function: 'search',
          argument: { ...task, file: task.live ? task.file : far(task.file) },
          inputs: { run: { hash } },
        };
    };
    await write(executor, tasks(), stream, {
      flags,
      shared,
      summary,
      sinks,
      signal,
      isLive: source.live !== undefined,
    });
  } finally {
    await source.close();
  }
}

const warn = (text: string): void => note(`${yellow('warning:')} ${text}`);

const openLive = async (options: LiveOptions): Promise<RunSource> =>
  (await import('../pipeline/sources/zeromq.node.js')).LiveSource.open(options);

/** Frames of a task: enough that the next one is read meanwhile, few enough that all workers end together. */
const taskSize = (total: number | undefined, slots: number): number =>
  Math.max(1, Math.min(8, Math.floor((total ?? 64) / (4 * Math.max(1, slots)))));

interface Sinks {
  readonly flags: FrameFlags & { backend?: string };
  readonly shared: SharedFlags;
  readonly summary: FrameSummary;
  readonly sinks: readonly FrameSink[];
  readonly signal: AbortSignal;
  /** Frames came but once, so that `--resume` has nothing to read. */
  readonly isLive: boolean;
}

/** Takes results as they come, in order, and writes what is asked for. */
async function write(
  executor: Executor,
  tasks: AsyncGenerator<Task>,
  stream: StreamFile | undefined,
  { flags, shared, summary, sinks, signal, isLive }: Sinks,
): Promise<void> {
  const progress = new Progress('index');
  const tellElsewhere = elsewhere(flags.backend);
  const ends = new Ends(sinks, (error) => note(`${red('ewald:')} ${messageOf(error)}`));
  const take = async (item: FrameRecord | FrameFailure): Promise<void> => {
    if (isFailure(item)) {
      summary.fail();
      for (const sink of sinks) sink.fail?.();
      note(`${red('✗')} ${nameOf(item.origin)}: ${item.message}`);
      await stream?.unread(item.origin.serial);
    } else {
      const cells = item.crystals.map(({ lengths, angles }) => [...lengths, ...angles]);
      const ambiguous = item.crystals.filter(({ rivals }) => rivals.length > 0).length;
      const which = item.crystals.map(({ inputCell }) => inputCell);
      const explained = explainedShare(item.peaks.count, item.crystals);
      summary.add({ hit: item.hit, cells, which, ambiguous, explained, ms: item.ms, backends: item.backends });
      tellElsewhere(item.backends);
      await ends.add(item);
      if (item.hit || flags.nonHitsInStream !== false) await stream?.write(item.chunk);
    }
    if (shared.json) printJson(jsonOf(item));
    else if (!stream && !isFailure(item)) print(lineOf(item));
    progress.report(summary.share(), summary.status());
  };
  try {
    // Results that wait for an earlier frame are held: few tasks, each of several frames, keep workers nearby busy.
    const few = executor.kind === 'workers' ? { window: 4 * executor.slots } : {};
    for await (const { value } of executor.run<(FrameRecord | FrameFailure)[]>(tasks, { signal, ...few }))
      for (const item of value) await take(item);
  } catch (error) {
    if (!isEwaldError(error, 'Aborted')) {
      await ends.discard();
      const left = await stream?.leave();
      if (left) note(`what is finished is in ${left}; --resume continues it`);
      throw error;
    }
  } finally {
    progress.end();
  }
  // Ctrl-C: what is finished is kept beside the files of an earlier run, which only a whole one replaces.
  const isWhole = !signal.aborted;
  const written = await ends.close(stream, isWhole);
  if (typeof written.stream === 'string' && flags.output !== '-') {
    const how = isLive ? `ewald stream merge ${written.stream} -o NAME makes a stream of it` : '--resume continues it';
    note(`what is finished is in ${written.stream}; ${how}`);
  }
  const named = isWhole && written.stream !== false && stream && flags.output !== '-' ? flags.output : undefined;
  const report = summary.text(flags.profile ?? false, named);
  const tell = shared.json || flags.output === '-' ? note : print;
  tell([report, ...written.sinks.filter((line) => line !== '').map(dim)].join('\n'));
  if (!isWhole) process.exitCode = exitCode.interrupted;
  else if (summary.failed > 0 || ends.failed) process.exitCode = exitCode.data;
}

/** Says, once a stage, that it computes elsewhere than on the backend that was named. */
function elsewhere(named: string | undefined): (backends: StageBackends) => void {
  const told = new Set<string>();
  const words = { peaks: 'peaks are found', index: 'lattices are looked for' };
  return (backends) => {
    for (const stage of ['peaks', 'index'] as const) {
      const backend = backends[stage];
      if (named === undefined || backend === undefined || backend === named || told.has(stage)) continue;
      told.add(stage);
      note(
        `${yellow('note:')} ${words[stage]} on ${backend}, not on ${named}, which does not take them as they are asked for (EWALD_LOG_LEVEL=info tells why)`,
      );
    }
  };
}

/** What is written beside the stream. */
async function* openSinks(
  flags: FrameFlags,
  geometry: Geometry | undefined,
  cells: readonly KnownCell[],
  source: RunSource,
  writing: WriteOptions,
  typed: { readonly commandLine: string; readonly remarks: () => readonly string[] },
): AsyncGenerator<FrameSink> {
  const { html, hdf5, sol } = flags;
  if (sol !== undefined) yield solutionSink(sol, writing, cells.map(latticeName));
  if (hdf5 !== undefined) yield (await import('../pipeline/sinks/hdf5.js')).hdf5Sink(hdf5, writing, typed.commandLine);
  if (html !== undefined) {
    const title = source.first.name.replace(/^.*\//, '');
    const shown = { geometry, cell: cells[0], data: source.data, kept: source.kept, ...readingOf(flags) };
    yield (await import('../pipeline/sinks/report.js')).reportSink({
      file: html,
      writing,
      title,
      ...shown,
      ...typed,
      warn,
    });
  }
}

/** What stands before the first chunk. */
export function headOf(geometry: string, settings: SearchSettings): string {
  const [cell, ...others] = settings.cells ?? [];
  return formatHead({
    version: '2.3',
    generator: `ewald ${version}`,
    commandLine: commandLine(),
    geometry,
    cell: cell && cellText(cell, others),
    indexingMethods: methodName(settings),
  });
}

function cellText(cell: KnownCell, others: readonly KnownCell[]): string {
  const { lattice, uniqueAxis } = latticeName(cell);
  const axis = uniqueAxis as 'a' | 'b' | 'c' | undefined;
  // A stream has room for one; readers pass over what follows a semicolon.
  const more = others.map(
    ({ cell: one, centring }) =>
      `; also looked for: ${[...lengthsOf(one), ...anglesOf(one)].map((x) => x.toFixed(3)).join(' ')} ${centring}\n`,
  );
  return `${formatCellFile(cell, lattice, axis)}${more.join('')}; Please note: this is the target unit cell.\n; The actual unit cells produced by indexing depend on many other factors.\n`;
}
