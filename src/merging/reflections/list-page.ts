/** The frame of a self-contained page on lists of reflections. */
import { checkedOptions, row } from '../../options/call-options.js';
import { style } from '../../report/style.js';
import { htmlText as escaped } from '../../util/plain-text.js';
import { version } from '../../util/version.js';

const texts = { title: row.text, about: row.text };

/** Options of a report on a list, or on two. */
export interface ListReportOptions {
  /** Heading of the page; default what it is: `Tests of a list`, `Two lists`. */
  readonly title?: string | undefined;
  /** How it was made, such as the command line; default none. */
  readonly about?: string | undefined;
}

/** The start of every page of a command, which identifies a file that may be replaced. */
export const beginOf = (command: string): string =>
  `<!doctype html>\n<!-- Written by ewald reflections ${command}. -->`;

/** About five of some values, for the texts of an axis. */
export const everyFifth = (values: readonly number[]): number[] =>
  values.filter((_, i) => i % Math.max(1, Math.ceil(values.length / 5)) === 0);

/** An axis of 1/d with texts of d. */
export const byResolution = (inverseDs: readonly number[]) => ({
  xTicks: everyFifth(inverseDs),
  xText: (q: number): string => `${(1 / q).toFixed(2)} Å`,
});

/** The text of a page. Throws `Argument` for options that a report does not have. */
export function listPage(
  what: string,
  begin: string,
  options: ListReportOptions,
  { title: usual, body }: { readonly title: string; readonly body: string },
): string {
  const { title = usual, about = '' } = checkedOptions(what, options, texts);
  return `${begin}
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${style}</style></head>
<body><main>
<h1>${escaped(title)}</h1>${about === '' ? '' : `<code>${escaped(about)}</code>`}
${body}
<footer>ewald ${escaped(version)}</footer>
</main></body></html>
`;
}
