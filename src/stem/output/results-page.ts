/** The results of a run as one HTML file that opens without a server: src/report/numbers-page.ts. */
import {
  numbersPage,
  type ShownNumbers,
  type StoredAxis,
  type StoredPage as StoredPageOf,
} from '../../report/numbers-page.js';
import type { ResultsAbout } from './about.js';
import { type NamedResult, numpyType } from './named-results.js';
import { axesOf, type ResultAxes } from './result-axes.js';

/** What is written into the page of a run. */
export type StoredPage = StoredPageOf<ResultsAbout>;

/** What a page is made of. */
export interface ResultsPageSource {
  readonly results: readonly NamedResult[];
  readonly about: ResultsAbout;
  /** Warnings and remarks with which the results are to be read. */
  readonly notes: readonly string[];
  /** The command that made them. */
  readonly command?: string | undefined;
  /** Largest size of the file, bytes. */
  readonly maxBytes: number;
  /** The script of the page: results-page.js of the package. */
  readonly script: string;
}

/** The page, and what it lacks in words. Numbers of 8 bytes are rounded to 4 where the page would be too large. */
export async function resultsPage(source: ResultsPageSource): Promise<{ html: string; lacks: readonly string[] }> {
  const { results, about } = source;
  const named = axesOf(results, about.stepNm);
  const title = `${about.analyses.map(({ name }) => name).join(', ')} of ${about.input}`;
  return numbersPage({
    ...source,
    title,
    results: results.map((result, i) => shownOf(result, storedAxes(result, named, i))),
  });
}

function storedAxes({ shape, vectors }: NamedResult, { names, coordinates }: ResultAxes, i: number): StoredAxis[] {
  return shape.slice(0, vectors ? -1 : undefined).map((length, k) => {
    const name = names[i]?.[k] ?? `axis_${k}`;
    const known = coordinates.get(name);
    if (!known) return { name, length };
    const [first = 0, second = first] = known.values;
    return { name, length, first, step: second - first, unit: known.unit };
  });
}

/** A result as the page shows it; its numbers may be computed when they are read. */
function shownOf(result: NamedResult, axes: readonly StoredAxis[]): ShownNumbers {
  const { name, unit, desc, log, vectors, dtype, navAxes, data } = result;
  const isComplex = dtype.startsWith('c');
  return {
    ...{ name, axes, data },
    type: isComplex ? { c64: '<f4', c128: '<f8' }[dtype as 'c64'] : numpyType(result),
    ...(isComplex ? { pairs: 'complex' as const } : vectors ? { pairs: 'vectors' as const } : {}),
    ...(unit !== undefined && { unit }),
    ...(desc !== undefined && { desc }),
    ...(log && { log }),
    ...(navAxes > 0 && { scanAxes: navAxes }),
  };
}
