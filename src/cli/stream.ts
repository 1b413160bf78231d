/** `ewald stream merge | info | compare`: streams joined, counted, and held against each other or against a truth. */
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { median } from '../base/median.js';
import { type RawChunk, type RawStream, readRawStream } from '../crystal/stream/raw.js';
import { checkOutput, openOutput } from '../files/write.js';
import { deciding } from '../pipeline/sinks/same-run.js';
import { linesOf, streamWriting } from '../pipeline/sinks/stream-file.node.js';
import { bold, type CliDeps, counted, dim, note, print, printJson, table, yellow } from './output.js';
import { compareStreams } from './stream-compare.js';

export function register(program: Command, _: CliDeps): void {
  const stream = program.command('stream').description('join, count and compare CrystFEL streams');
  stream
    .command('merge')
    .description('one stream of several, such as the shards of a run, in the order of their frames')
    .argument('<streams...>', 'streams of one detector and cell')
    .requiredOption('-o, --output <stream>', 'where it goes; - is standard output')
    .option('--force', 'replace a file that ewald did not write; merge streams of different geometries or cells')
    .action(merge);
  stream
    .command('info')
    .description('frames, hits, crystals, cells and resolution of streams')
    .argument('<streams...>', 'streams; one that is being written may end in .part')
    .option('--json', 'a JSON line a stream')
    .action(info);
  stream
    .command('compare')
    .description('two streams of the same frames, or a stream and the truth of a simulation')
    .argument('<stream>', 'the stream')
    .argument('<other>', 'another stream, or a truth.json of ewald simulate frames')
    .option('--json', 'one JSON document')
    .action(compareStreams);
}

const rawOf = (file: string): Promise<RawStream> => readRawStream(linesOf(file), file);

/** The part of a head that streams of one run share: geometry, cell and method, not who wrote it and how. */
function shared(head: string): { readonly body: string; readonly flags: string } {
  const lines = head.split('\n');
  const words = (lines[2] ?? '').split(' ');
  const files = /\.(h5|cxi|cbf|tiff?|nxs|lst|txt|img|mccd)$/i;
  const flags = deciding(words).filter((word) => !files.test(word));
  return { body: lines.slice(3).join('\n'), flags: flags.join(' ').replace(/ --shard[ =]\S+/, '') };
}

async function merge(files: readonly string[], { output: file, force = false }: { output: string; force?: boolean }) {
  const options = streamWriting(force, { inputs: files });
  await checkOutput(file, options);
  const streams = await Promise.all(files.map(rawOf));
  const [first] = streams;
  if (!first) return;
  for (const [i, { head }] of streams.entries())
    if (shared(head).body !== shared(first.head).body && !force)
      throw new EwaldError(
        'Argument',
        `${files[i]} has another geometry, cell or method than ${files[0]}; --force merges them under the head of ${files[0]}`,
      );
  const ranges = await Promise.all(files.map(rangeOf));
  const { renumber, interleaved } = orderOf(ranges, files);
  if (renumber)
    note(`${yellow('note:')} serial numbers of the streams collide; frames are numbered anew, file by file`);
  const head = first.head.split('\n');
  head[2] = (head[2] ?? '').replace(/ --shard(=| )\S+/, '');
  const output = await openOutput(file, options);
  let count = 0;
  try {
    await output.write(head.join('\n'));
    for await (const chunk of interleaved ? bySerial(streams) : oneByOne(streams)) {
      count++;
      await output.write(
        renumber ? chunk.text.replace(/^Image serial number: .*$/m, `Image serial number: ${count}`) : chunk.text,
      );
    }
    await output.close();
  } catch (error) {
    await output.discard();
    throw error;
  }
  for (const [i, stream] of streams.entries()) {
    if (stream.torn()) note(`${yellow('warning:')} ${files[i]} ends within a frame, which was left out`);
    const unread = stream.read().unread.size;
    if (unread > 0)
      note(`${yellow('warning:')} ${counted(unread, 'frame')} of ${files[i]} could not be read; --resume tries again`);
  }
  const text = `${bold(String(count))} frames of ${files.length} streams`;
  if (file === '-') note(text);
  else print(`${text} are in ${file}`);
}

interface SerialRange {
  readonly serials: Set<number>;
  readonly rising: boolean;
}

async function rangeOf(file: string): Promise<SerialRange> {
  const serials = new Set<number>();
  let [rising, last] = [true, Number.NEGATIVE_INFINITY];
  for await (const { serial } of (await rawOf(file)).chunks()) {
    rising &&= serial > last;
    last = serial;
    serials.add(serial);
  }
  return { serials, rising };
}

/** Shards interleave by their serial numbers; runs that each count from 1 are put one behind the other. */
function orderOf(ranges: readonly SerialRange[], files: readonly string[]) {
  const all = new Set<number>();
  let collide = false;
  for (const { serials } of ranges)
    for (const serial of serials) {
      collide ||= all.has(serial);
      all.add(serial);
    }
  const rising = ranges.every((range) => range.rising);
  if (!rising && !collide) note(`${yellow('note:')} frames of ${files.join(', ')} are not in order; they stay so`);
  return { renumber: collide, interleaved: rising && !collide };
}

async function* oneByOne(streams: readonly RawStream[]): AsyncGenerator<RawChunk> {
  for (const stream of streams) yield* stream.chunks();
}

async function* bySerial(streams: readonly RawStream[]): AsyncGenerator<RawChunk> {
  const sources = streams.map((stream) => stream.chunks());
  const heads = await Promise.all(sources.map((source) => source.next()));
  for (;;) {
    let least = -1;
    for (const [i, { done, value }] of heads.entries()) {
      const best = heads[least];
      if (!done && (!best || best.done || value.serial < best.value.serial)) least = i;
    }
    const [head, source] = [heads[least], sources[least]];
    if (!head || head.done || !source) return;
    yield head.value;
    heads[least] = await source.next();
  }
}

async function info(files: readonly string[], { json }: { json?: boolean }): Promise<void> {
  for (const file of files) {
    const stream = await rawOf(file);
    let [frames, hits, indexed] = [0, 0, 0];
    const [peaks, resolutions]: [number[], number[]] = [[], []];
    const cells: (readonly number[])[] = [];
    const names = new Set<string>();
    for await (const chunk of stream.chunks()) {
      frames++;
      names.add(chunk.filename);
      if (chunk.hit) hits++;
      if (chunk.cells.length > 0) indexed++;
      cells.push(...chunk.cells);
      peaks.push(Number(/^num_peaks = (\d+)/m.exec(chunk.text)?.[1] ?? 0));
      for (const [, limit] of chunk.text.matchAll(/^diffraction_resolution_limit = \S+ nm\^-1 or (\S+) A/gm))
        resolutions.push(Number(limit));
    }
    const parameters = [0, 1, 2, 3, 4, 5].map((i) => cells.map((cell) => cell[i] ?? Number.NaN));
    const middle = parameters.map(median);
    const spread = parameters.map((values, i) => median(values.map((x) => Math.abs(x - (middle[i] ?? 0)))));
    const lines = stream.head.split('\n');
    const facts = {
      stream: file,
      generator: (lines[1] ?? '').replace('Generated by ', ''),
      commandLine: lines[2] ?? '',
      files: names.size,
      frames,
      hits,
      indexed,
      crystals: cells.length,
      medianPeaks: median(peaks),
      medianResolutionA: resolutions.length > 0 ? median(resolutions) : null,
      cell: cells.length > 0 ? { median: middle, spread } : null,
      unread: stream.read().unread.size,
      torn: stream.torn(),
    };
    if (json) {
      printJson(facts);
      continue;
    }
    const share = (n: number): string => (frames > 0 ? ` (${((100 * n) / frames).toFixed(1)} %)` : '');
    print(`${bold(file)}  ${dim(facts.generator)}`);
    print(
      `${frames} frames of ${names.size} files, ${hits} hits${share(hits)}, ${indexed} indexed${share(indexed)}, ` +
        `${cells.length} crystals, ${facts.medianPeaks} peaks a frame${facts.medianResolutionA ? `, to ${facts.medianResolutionA.toFixed(2)} Å` : ''}`,
    );
    if (facts.cell)
      print(
        table(
          ['', 'a', 'b', 'c', 'alpha', 'beta', 'gamma'],
          [
            ['median', ...middle.map((x) => x.toFixed(3))],
            ['deviation', ...spread.map((x) => x.toFixed(3))],
          ],
          [1, 2, 3, 4, 5, 6],
        ),
      );
    if (facts.unread > 0)
      print(yellow(`${counted(facts.unread, 'frame')} could not be read; ewald index --resume tries again`));
    if (facts.torn) print(yellow('it ends within a frame; ewald index --resume continues it'));
  }
}
