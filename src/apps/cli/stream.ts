/**
 * `ewald stream merge | info | map | compare`: joins streams, counts their contents, draws the chips that they scan, and
 * compares them with each other or with a truth.
 */
import type { Command } from 'commander';
import {
  compareStreamFiles,
  csvText,
  type FlagValues,
  joinStreamRows,
  mapStreamRows,
  streamRow,
  writeStreamMaps,
} from '../../entries/command.node.js';
import { joinStreams, streamInfo } from '../../entries/pipeline.node.js';
import {
  bold,
  type CliDeps,
  counted,
  dim,
  endDone,
  note,
  Progress,
  print,
  printJson,
  refuseBoth,
  table,
  warn,
  wrapText,
  yellow,
} from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';
import { csvRow, jsonRow } from './shell-rows.js';

export function register(program: Command, _: CliDeps): void {
  const stream = program.command('stream').description('join, count, draw and compare CrystFEL streams');
  const joining = stream
    .command('merge')
    .description('join several streams, such as the shards of a run, in the order of their frames')
    .argument('<streams...>', 'streams of one detector and cell')
    .action((files: string[], texts: FlagTexts) => merge(files, flagValues(joinStreamRows, texts)));
  withFlags(joining, joinStreamRows);
  const counting = stream
    .command('info')
    .description('frames, hits, crystals, cells and resolution of streams')
    .argument('<streams...>', 'streams; one that is still being written may end in .part')
    .action(info);
  withFlags(counting, { csv: csvRow('a line per stream'), json: jsonRow('one JSON line per stream') });
  const drawing = stream
    .command('map')
    .description('what was found in each well of a chip (ewald index --grid), as pictures or numbers')
    .argument('<streams...>', 'streams of one run')
    .action((files: string[], texts: FlagTexts) => map(files, flagValues(mapStreamRows, texts)));
  withFlags(drawing, mapStreamRows);
  const comparing = stream
    .command('compare')
    .description('two streams of the same frames, or a stream and the truth of a simulation')
    .argument('<stream>', 'the stream')
    .argument('<other>', 'another stream, or a truth.json of ewald simulate frames')
    .action(compare);
  withFlags(comparing, { json: jsonRow('one JSON document') });
}

async function compare(file: string, other: string, { json }: { json?: boolean }): Promise<void> {
  const progress = new Progress('compare');
  const { remarks, ...facts } = await compareStreamFiles(file, other, progress.report).finally(() => progress.end());
  endDone(remarks.length === 0);
  if (json) return printJson({ stream: file, other, ...facts, remarks });
  print(`${bold(file)} against ${other}`);
  const rows = Object.entries(facts).map(([name, value]) => [
    name.replace(/([A-Z0-9]+)/g, (word) => ` ${word.toLowerCase()}`),
    value === null ? '–' : String(Number(Number(value).toFixed(4))),
  ]);
  print(table(['', ''], rows, [1]));
  for (const remark of remarks) note(`${yellow('warning:')} ${remark}`);
}

async function map(files: readonly string[], { output = [], force = false }: FlagValues<typeof mapStreamRows>) {
  const { files: written, doubts } = await writeStreamMaps(files, { output, force });
  print(`map in ${written.join(', ')}`);
  for (const doubt of doubts) warn(doubt);
  endDone(doubts.length === 0);
}

async function merge(files: readonly string[], { output = '', force = false }: FlagValues<typeof joinStreamRows>) {
  const { frames, streams, remarks } = await joinStreams(files, { output, force });
  for (const { kind, text } of remarks) note(`${yellow(`${kind}:`)} ${text}`);
  const text = `${bold(counted(frames, 'frame'))} of ${counted(streams, 'stream')}`;
  if (output === '-') note(text);
  else print(`${text} are in ${output}`);
  endDone(!remarks.some(({ kind }) => kind === 'warning'));
}

async function info(files: readonly string[], { json, csv }: { json?: boolean; csv?: boolean }): Promise<void> {
  refuseBoth({ ...(json && { json }), ...(csv && { csv }) });
  const rows: object[] = [];
  for (const file of files) {
    const facts = await streamInfo(file);
    // A stream that is still being written usually ends within a frame.
    endDone(facts.unread === 0 && (!facts.torn || file.endsWith('.part')));
    if (csv) rows.push(streamRow(facts));
    else if (json) printJson(facts);
    if (csv || json) continue;
    const { frames, hits, indexed, crystals } = facts;
    const share = (n: number): string => (frames > 0 ? ` (${((100 * n) / frames).toFixed(1)} %)` : '');
    print(`${bold(file)}  ${dim(facts.generator)}`);
    const resolution = facts.medianResolutionA ? `, to ${facts.medianResolutionA.toFixed(2)} Å` : '';
    const text =
      `${counted(frames, 'frame')} of ${counted(facts.files, 'file')}, ${counted(hits, 'hit')}${share(hits)}, ` +
      `${indexed} indexed${share(indexed)}, ${counted(crystals, 'crystal')}, ` +
      `${counted(facts.medianPeaks, 'peak')} a frame${resolution}`;
    print(wrapText(text));
    if (facts.cell)
      print(
        table(
          ['', 'a', 'b', 'c', 'alpha', 'beta', 'gamma'],
          [
            ['median', ...facts.cell.median.map((x) => x.toFixed(3))],
            ['deviation', ...facts.cell.spread.map((x) => x.toFixed(3))],
          ],
          [1, 2, 3, 4, 5, 6],
        ),
      );
    if (facts.unread > 0)
      print(yellow(`${counted(facts.unread, 'frame')} could not be read; ewald index --resume tries them again`));
    if (facts.torn) print(yellow('it ends within a frame; ewald index --resume continues it'));
  }
  if (csv) print(csvText(rows));
}
