/** The page of `--view`: served next to a run, and kept after it at a terminal. */
import type { FlagValues, proxyRows } from '../entries/command.node.js';
import { type ServedView, serveView } from '../entries/view.node.js';
import { bold, note } from './output.js';
import { untilAborted } from './until-aborted.js';

/** The page of a run. */
export interface RunView extends ServedView {
  /** At a terminal, the page of a finished run remains until Ctrl-C, which then does not interrupt anything. */
  left(signal: AbortSignal): Promise<void>;
}

/** Starts the server of the viewer; its address is a remark, since results go to standard output. */
export async function servedView(
  port: number | undefined,
  stay = true,
  proxy: FlagValues<typeof proxyRows> = {},
): Promise<RunView | undefined> {
  if (port === undefined) return undefined;
  const view = await serveView([], { port, ...proxy });
  note(`view: ${bold(view.url)}`);
  return Object.assign(view, { left: (signal: AbortSignal) => left(view.url, stay, signal) });
}

async function left(url: string, stay: boolean, signal: AbortSignal): Promise<void> {
  if (!stay || signal.aborted || !process.stderr.isTTY) return;
  note(`view: the run is finished; its page remains at ${bold(url)} until Ctrl-C (--no-stay ends it with the run)`);
  const { exitCode: ofRun } = process;
  await untilAborted(signal);
  process.exitCode = ofRun;
}
