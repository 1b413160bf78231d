/** `ewald stream info`: counts the contents of streams. */
import { csvText, streamRow } from '../entries/command.node.js';
import { streamInfo } from '../entries/pipeline.node.js';
import { bold, counted, dim, endDone, print, printJson, refuseBoth, table, wrapText, yellow } from './output.js';
import type { InfoFlags } from './stream-rows.js';

export async function run(files: readonly string[], { json, csv }: InfoFlags): Promise<void> {
  refuseBoth({ ...(json && { json }), ...(csv && { csv }) });
  const rows: object[] = [];
  for (const file of files) {
    const facts = await streamInfo(file);
    // A stream that is still being written usually ends within a frame.
    endDone(facts.unread + facts.cut === 0 && (!facts.torn || file.endsWith('.part')));
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
    if (facts.streams > 1) print(`it holds ${facts.streams} streams, one after the other`);
    if (facts.cut > 0)
      print(
        yellow(
          `${counted(facts.cut, 'frame')} of it ${facts.cut === 1 ? 'ends' : 'end'} in the middle, with others behind`,
        ),
      );
    if (facts.torn) print(yellow('it ends within a frame; ewald index --resume continues it'));
  }
  if (csv) print(csvText(rows));
}
