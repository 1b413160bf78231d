/** The support table: the features that each backend actually supports here, found by trying each of them. */

import { isEwaldError, messageOf } from '../../base/errors.js';
import { type BackendName, backendNames } from '../../core/backends/names.js';
import type { Context } from '../assembly/rooms.js';
import type { CreateContext } from './run.js';
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
    let context: Context | undefined;
    let reason: string | null = null;
    try {
      context = await createContext({ backend, strict: true, log: { level: 'silent' } });
    } catch (error) {
      reason = messageOf(error);
    }
    for (const { name: feature, tryOut } of roomTables) {
      if (!context) {
        cells.push({ feature, backend, outcome: 'absent', why: reason });
        continue;
      }
      try {
        await tryOut(context);
        cells.push({ feature, backend, outcome: 'works', why: null });
      } catch (error) {
        cells.push({
          feature,
          backend,
          outcome: isEwaldError(error, 'Unsupported') ? 'refused' : 'fails',
          why: messageOf(error),
        });
      }
    }
    await context?.dispose();
  }
  return cells;
}
