// Finds programs; in the pack this file is a copy of scripts/lib/which.mjs.
export { which } from '../../lib/which.mjs';
