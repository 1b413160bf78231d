/** The support table: the features that each backend actually supports here, found by trying each of them. */

import { type BackendName, backendNames } from '../compute/backends/names.js';
import { messageOf } from '../util/errors.js';
import type { Row } from './case.js';
import { type Candidate, type CreateContext, openCandidates, Problem, runRow } from './run.js';
import { roomTables } from './tables.js';

/** One cell of the table. `refused`: the backend is available but lacks the feature; `why` gives the reason. */
export interface SupportCell {
  readonly feature: string;
  readonly backend: BackendName;
  readonly outcome: 'works' | 'refused' | 'absent' | 'fails';
  readonly why: string | null;
}

/** Tries every feature on every backend of this place; an unavailable backend is `absent` with its reason. */
export async function supportTable(
  createContext: CreateContext,
  backends: readonly BackendName[] = backendNames,
): Promise<SupportCell[]> {
  const cells: SupportCell[] = [];
  for (const backend of backends) {
    const options = { createContext, backends: [backend], budget: Number.POSITIVE_INFINITY };
    const opened = await openCandidates(options).catch(messageOf);
    for (const { name: feature, rows, sample } of roomTables) {
      const row = rows.find(({ id }) => id === sample) as Row;
      cells.push({ feature, backend, ...(await tryRow(row, opened)) });
    }
    if (typeof opened !== 'string') for (const { context } of opened) await context?.dispose();
  }
  return cells;
}

/** Runs a row on a backend that was opened, or for which there is only a reason why not. */
async function tryRow(row: Row, opened: readonly Candidate[] | string): Promise<Pick<SupportCell, 'outcome' | 'why'>> {
  if (typeof opened === 'string') return { outcome: 'absent', why: opened };
  const { outcome, why } = await runRow(new Problem(row), opened[0] as Candidate);
  if (outcome === 'absent' || outcome === 'refused') return { outcome, why };
  return { outcome: outcome === 'pass' ? 'works' : 'fails', why };
}
