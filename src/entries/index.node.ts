/**
 * ewald on Node: the same names as the browser build, with Node's backends and files.
 *
 * @module
 */

export { createContext } from '../whole/assembly/context.node.js';
export { devices } from '../whole/assembly/platform.node.js';
export * from '../whole/assembly/public.js';
