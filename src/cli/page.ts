/** `ewald page`: opens the pages of the package in a browser, served on this computer. */
import type { Command } from 'commander';
import { servePages } from '../entries/shell.node.js';
import { bold, type CliDeps, dim, exitCode, parseInteger, print, printJson } from './output.js';

export function register(program: Command, { signal }: CliDeps): void {
  program
    .command('page')
    .description('open the pages in your browser: serves them on this computer until Ctrl-C')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', '0')
    .option('--json', 'one line {url, pages: [url]} when it is ready')
    .action((options: { port: string; json?: boolean }) => run(options, signal));
}

async function run(options: { port: string; json?: boolean }, signal: AbortSignal): Promise<void> {
  const { url, pages, close } = await servePages({ port: parseInteger(options.port, '--port', 0, 65535) });
  if (options.json) printJson({ url, pages: pages.map((page) => page.url) });
  else {
    for (const page of pages) print(`${bold(page.url)}  ${dim(page.about)}`);
    print(dim('Open one in a browser. Ctrl-C ends.'));
  }
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await close();
  // Ctrl-C is the normal way to end it.
  process.exitCode = exitCode.ok;
}
