/** The page of a run's results, `ewald run --html`. */
import { checkedValue } from '../../options/call-options.js';
import { numbersScript } from '../../report/numbers-script.node.js';
import { scanRunRows } from '../parameters.js';
import type { ResultsAbout } from './about.js';
import type { NamedResult } from './named-results.js';
import { resultsPage } from './results-page.js';

/** What a page shows of a run. */
export interface ShownRun {
  readonly results: readonly NamedResult[];
  readonly about: ResultsAbout;
  /** With what the results are to be read. */
  readonly notes: readonly string[];
}

/** Makes the text of a page, and says in words what it lacks. */
export type PageMaker = (run: ShownRun) => Promise<{ readonly html: string; readonly lacks: readonly string[] }>;

/** What makes the page, ready before the first frame is read. Throws `Argument` for a size that is none. */
export async function pageMaker(
  file: string,
  { htmlMb, commandLine }: { readonly htmlMb?: number | undefined; readonly commandLine?: string | undefined },
): Promise<PageMaker> {
  const maxBytes = 1e6 * checkedValue('runToFiles: htmlMb', htmlMb, scanRunRows.htmlMb);
  const script = await numbersScript();
  return async ({ results, about, notes }) => {
    const page = await resultsPage({ results, about, notes, command: commandLine, maxBytes, script });
    return { ...page, lacks: page.lacks.map((text) => `${file}: ${text}`) };
  };
}
