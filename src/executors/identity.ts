/** Which code this is: workers of another version or build are refused, because their answers might differ. */
import { version } from '../base/version.js';

/** Content hash of the bundled code, written in by rollup.config.mjs; the sources themselves have none. */
export const build = 'unbundled';

/** Both as people read them. */
export const identity = `ewald ${version}, build ${build}`;
