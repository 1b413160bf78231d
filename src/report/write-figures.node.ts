/** `writeFigures`: the pictures of a report as SVG or PNG files in a folder. */
import { join } from 'node:path';
import { makeFolder } from '../frames/files/folders.js';
import { readText } from '../frames/files/read.js';
import { checkOutput, type Output, openOutput, type WriteOptions } from '../frames/files/write.js';
import { checkedOptions } from '../options/call-options.js';
import { argumentError } from '../options/parameters.js';
import { inspect } from '../util/options.js';
import { figureDrawer, isFigurePng } from './figure-png.node.js';
import { figureRows } from './figure-rows.js';
import { figureMark, type ReportFigure, reportFigures } from './figures.js';

/** Options of `writeFigures`. */
export interface WriteFiguresOptions {
  /** Folder for SVG files, which is made if it does not exist; default the current one, or none with `png`. */
  readonly output?: string | undefined;
  /** Folder for PNG files, which is made if it does not exist. Needs the package `@resvg/resvg-js`. Default none. */
  readonly png?: string | undefined;
  /** Replaces files that are no figures; never the report. Default false. */
  readonly force?: boolean | undefined;
}

/** A picture, and its file; with both kinds, each picture has an entry for each. */
export interface WrittenFigure extends Omit<ReportFigure, 'svg'> {
  readonly file: string;
}

const isFigure = (head: Uint8Array): boolean => new TextDecoder().decode(head).includes(figureMark);

/**
 * Writes the pictures of a report that `ewald index --html` or `ewald merge --html` wrote, all of them or none. Throws
 * `Format` for another file, `Argument` for files that exist (see `force`), `File`, and `Load` if there is nothing that
 * draws PNG files.
 */
export async function writeFigures(report: string, options: WriteFiguresOptions = {}): Promise<WrittenFigure[]> {
  const { output, png, force } = checkedOptions('writeFigures', options, figureRows);
  const figures = reportFigures(await readText(report), report);
  const kinds = [
    ...(output === undefined && png !== undefined ? [] : [{ folder: output ?? '.', ending: '.svg', draw: asText }]),
    ...(png === undefined ? [] : [{ folder: png, ending: '.png', draw: await figureDrawer() }]),
  ];
  for (const { folder, ending } of kinds)
    if (/\.(svg|png)$/i.test(folder))
      throw argumentError('writeFigures', (said) => {
        const name = ending === '.png' ? 'png' : 'output';
        return `${said(name)} is ${inspect(folder)}; expected a folder, in which each picture is a file`;
      });
  const files = kinds.flatMap(({ folder, ending, draw }) =>
    figures.map(({ name, caption, svg }) => {
      const replaces = ending === '.png' ? isFigurePng : isFigure;
      const writing: WriteOptions = { force, inputs: [report], replaces, endings: [ending] };
      return { name, caption, file: join(folder, `${name}${ending}`), writing, content: () => draw(svg) };
    }),
  );
  const undo: (() => Promise<void>)[] = [];
  const outputs: Output[] = [];
  try {
    for (const { folder } of kinds) undo.unshift(await makeFolder(folder));
    for (const { file, writing } of files) await checkOutput(file, writing);
    for (const { file, writing, content } of files) {
      const output = await openOutput(file, writing);
      outputs.push(output);
      await output.write(content());
    }
    for (const output of outputs) await output.close();
  } catch (error) {
    for (const output of outputs) await output.discard().catch(() => undefined);
    for (const remove of undo) await remove();
    throw error;
  }
  return files.map(({ name, caption, file }) => ({ name, caption, file }));
}

const asText = (svg: string): string => svg;
