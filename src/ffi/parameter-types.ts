/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { libraryRows } from './parameters.js';

/** Which library is loaded, and how its header is read. */
export interface LibraryParameters extends OptionsOf<Omit<typeof libraryRows, 'library'>> {}
