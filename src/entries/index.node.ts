/**
 * ewald on Node: the same names as the browser build, with Node's backends and files.
 *
 * @module
 */

export { createContext } from '../context/context.node.js';
export { devices } from '../context/platform.node.js';
export * from '../context/public.js';
