/** `ewald figures REPORT -o FOLDER`: writes the pictures of a report as SVG or PNG files. */
import { writeFigures } from '../entries/command.node.js';
import type { FiguresFlags } from './figures-rows.js';
import { print, printJson } from './output.js';

/** Writes the pictures. */
export async function run([report = '']: readonly string[], { json, ...options }: FiguresFlags): Promise<void> {
  const figures = await writeFigures(report, options);
  if (json) printJson(figures);
  else for (const { file } of figures) print(file);
}
