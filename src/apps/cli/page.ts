/** `ewald page`: opens the pages of the package in a browser, served on this computer. */
import type { Command } from 'commander';
import { type FlagValues, listenRows, type Parameters, servePages } from '../../entries/command.node.js';
import { bold, type CliDeps, dim, exitCode, print, printJson } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';
import { untilAborted } from './until-aborted.js';

const rows = {
  port: listenRows.port,
  json: jsonRow('one line {url, pages: [url]} when it is ready'),
} as const satisfies Parameters;

export function register(program: Command, { signal }: CliDeps): void {
  const command = program
    .command('page')
    .description('open the pages in your browser: serves them on this computer until Ctrl-C')
    .action((texts: FlagTexts) => run(flagValues(rows, texts), signal));
  withFlags(command, rows);
}

async function run(options: FlagValues<typeof rows>, signal: AbortSignal): Promise<void> {
  const { url, pages, close } = await servePages({ port: options.port ?? listenRows.port.range.fallback });
  if (options.json) printJson({ url, pages: pages.map((page) => page.url) });
  else {
    for (const page of pages) print(`${bold(page.url)}  ${dim(page.about)}`);
    print(dim('Open one in a browser. Ctrl-C ends.'));
  }
  await untilAborted(signal);
  await close();
  // Ctrl-C is the normal way to end it.
  process.exitCode = exitCode.ok;
}
