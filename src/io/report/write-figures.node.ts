/** `writeFigures`: the pictures of a report as SVG files in a folder. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkedOptions, row } from '../../base/call-options.js';
import { fileError } from '../../base/file-errors.js';
import { readText } from '../files/read.js';
import { checkOutput, type WriteOptions, writeWhole } from '../files/write.js';
import { figureMark, type ReportFigure, reportFigures } from './figures.js';

/** Options of `writeFigures`. */
export interface WriteFiguresOptions {
  /** Folder for the files, which is made if it does not exist; default the current one. */
  readonly output?: string | undefined;
  /** Replaces files that are no figures; never the report. Default false. */
  readonly force?: boolean | undefined;
}

/** A picture, and its file. */
export interface WrittenFigure extends Omit<ReportFigure, 'svg'> {
  readonly file: string;
}

const isFigure = (head: Uint8Array): boolean => new TextDecoder().decode(head).includes(figureMark);

/**
 * Writes the pictures of a report that `ewald index --html` or `ewald merge --html` wrote, all of them or none. Throws
 * `Format` for another file, `Argument` for files that exist (see `force`), `File`.
 */
export async function writeFigures(report: string, options: WriteFiguresOptions = {}): Promise<WrittenFigure[]> {
  const { output = '.', force } = checkedOptions('writeFigures', options, { output: row.text, force: row.flag });
  const figures = reportFigures(await readText(report), report);
  const writing: WriteOptions = { force, inputs: [report], replaces: isFigure, endings: ['.svg'] };
  await mkdir(output, { recursive: true }).catch((cause: unknown) => {
    throw fileError(output, 'made', cause);
  });
  const fileOf = ({ name }: ReportFigure): string => join(output, `${name}.svg`);
  for (const one of figures) await checkOutput(fileOf(one), writing);
  for (const one of figures) await writeWhole(fileOf(one), one.svg, writing);
  return figures.map((one) => ({ name: one.name, caption: one.caption, file: fileOf(one) }));
}
