/** Options of the tools for lists; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../../options/parameters.js';
import type {
  checkListRows,
  compareListsRows,
  convertListRows,
  formatListRows,
  listSubjectRows,
} from './parameters.js';

/** What a list belongs to. */
export interface ListOptions extends OptionsOf<typeof listSubjectRows> {}
/** Options of a comparison of two lists. */
export interface CompareListsOptions extends OptionsOf<typeof compareListsRows> {}
/** Options of a conversion of a list. */
export interface ConvertListOptions extends OptionsOf<typeof convertListRows> {}
/** What a file of the next program states besides the list. */
export interface FormatListOptions extends OptionsOf<typeof formatListRows> {}
/** Options of the tests of a list. */
export interface CheckListOptions extends OptionsOf<typeof checkListRows> {}
