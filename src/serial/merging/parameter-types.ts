/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../../base/parameters.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import type { Split } from './collection/split.js';
import type { ReflectionList } from './lists/hkl.js';
import type { mergeRows } from './parameters.js';

/** Options of a merge. */
export interface MergeOptions extends OptionsOf<typeof mergeRows> {
  readonly cell?: KnownCell | undefined;
  readonly reference?: ReflectionList | undefined;
  readonly split?: Split | undefined;
}
