/** Identifies the code. Workers of another version or build are refused, because their results might differ. */
import { version } from '../util/version.js';

/** Content hash of the bundled code, inserted by rollup.config.mjs; the sources themselves have none. */
export const build = 'unbundled';

/** Version and build as text. */
export const identity = `ewald ${version}, build ${build}`;
