/** The flags of `ewald page`. */
import { type FlagValues, listenRows, type Parameters, proxyRows } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  port: listenRows.port,
  ...proxyRows,
  json: jsonRow('one line {url, pages: [url]} when it is ready'),
} as const satisfies Parameters;
export const command = {
  description: 'open the pages in your browser: serves them on this computer until Ctrl-C',
  rows,
} as const satisfies CommandWords<Parameters>;
export type PageFlags = FlagValues<typeof rows>;
