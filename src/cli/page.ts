/** `ewald page`: opens the pages of the package in a browser, served on this computer. */
import { listenRows, servePages } from '../entries/command.node.js';
import { bold, type CliDeps, dim, exitCode, print, printJson } from './output.js';
import type { PageFlags } from './page-rows.js';
import { untilAborted } from './until-aborted.js';

export async function run(_: readonly string[], options: PageFlags, { signal }: CliDeps): Promise<void> {
  const { json, port = listenRows.port.range.fallback, ...proxy } = options;
  const { url, pages, close } = await servePages({ port, ...proxy });
  if (json) printJson({ url, pages: pages.map((page) => page.url) });
  else {
    for (const page of pages) print(`${bold(page.url)}  ${dim(page.about)}`);
    print(dim('Open one in a browser. Ctrl-C ends.'));
  }
  await untilAborted(signal);
  await close();
  // Ctrl-C is the normal way to end it.
  process.exitCode = exitCode.ok;
}
